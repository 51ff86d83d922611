"""Training methods, one a file: what is particular to each, and its phases.

``registry()`` finds them; a new file with a subclass of ``TrainingMethod``, in this folder or in one inside it, is all
that a new method needs. Every one runs by ``sltk.train.runner.run(method, model, data, setup)``; ``imp``, ``rst`` and
``edge_popup`` are short doors.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from types import MappingProxyType, ModuleType

from sltk.core.errors import SltkError
from sltk.core.registry import modules_of
from sltk.train.methods.base import TrainingMethod

__all__ = ["TrainingMethod", "registry"]


@cache
def registry() -> MappingProxyType[str, type[TrainingMethod]]:
    """All methods by name, in alphabetic order.

    Raises:
        SltkError: a file without exactly one method, or whose method has another name than the file says.
    """
    found: dict[str, type[TrainingMethod]] = {}
    for file, module in _files(__name__, __path__):
        if file == "base":
            continue
        name = file.replace("_", "-")
        own = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, TrainingMethod)]
        own = [kind for kind in own if kind.__module__ == module.__name__]
        if [kind.name for kind in own] != [name]:
            raise SltkError(f"sltk/train/methods/{file}.py needs one TrainingMethod, with the name {name!r}.")
        found[name] = own[0]
    return MappingProxyType(found)


def _files(package: str, folders: Iterable[str]) -> Iterator[tuple[str, ModuleType]]:
    """Modules of ``package`` and of the folders in it."""
    for file, module in modules_of(package, folders).items():
        if hasattr(module, "__path__"):
            yield from _files(module.__name__, module.__path__)
        else:
            yield file, module
