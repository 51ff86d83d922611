"""Names and modules that are imported when they are first used, so that what does not need them does not wait.

Torch takes a second to import, scipy half of one, numba a quarter; listing claims or printing help needs none of them.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def exported(homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package (PEP 562) whose public names live in the modules ``homes``.

    Args:
        homes: names by module. No name may be that of a module of the package itself, which would take its place.
    """
    where = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"there is no {name!r} here; the public names are {', '.join(sorted(where))}.")
        return getattr(importlib.import_module(where[name]), name)

    return load


class _Later:
    """A module, imported when it is first asked for anything."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


def later(module: str) -> Any:
    """The module of that name, imported when one of its names is first used.

    For modules without types, or whose names no signature needs: checkers see ``Any``.
    """
    return _Later(module)


def calling(module: str, name: str) -> Callable[..., Any]:
    """The function ``name`` of ``module``, imported when it is first called."""

    def call(*args: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **named)

    call.__name__ = call.__qualname__ = name
    return call
