"""The table of activations: functions that satisfy the hypothesis of the constructions, with their constants.

Each file of ``sltk/networks/activations/known`` holds one, or a family: constants, evidence, and how torch spells it.
"""

import ast
import math
from functools import cache
from types import MappingProxyType
from typing import Any

from sltk.core.errors import SltkError
from sltk.core.registry import modules_of
from sltk.networks.activations import known
from sltk.networks.activations.activation import Activation, Remainder, require_admissible
from sltk.networks.activations.entry import Entry
from sltk.networks.activations.inadmissible import INADMISSIBLE
from sltk.networks.spelling import Spellings, merged

__all__ = ["TABLE", "Activation", "Remainder", "activation", "entries", "require_admissible", "spellings"]


@cache
def entries() -> MappingProxyType[str, Entry]:
    """All entries by name, in alphabetic order of their files.

    Raises:
        SltkError: a file without entries, or a name that stands in two.
    """
    found: dict[str, Entry] = {}
    for name, module in modules_of(known.__name__, known.__path__).items():
        own = getattr(module, "ENTRIES", ())
        if not own or not all(isinstance(entry, Entry) for entry in own):
            raise SltkError(f"sltk/networks/activations/known/{name}.py needs ENTRIES, a tuple of Entry.")
        for entry in own:
            if entry.name in found:
                raise SltkError(f"sltk/networks/activations/known has {entry.name!r} twice; rename one.")
            found[entry.name] = entry
    return MappingProxyType(found)


TABLE = tuple(entries())


def activation(name: str) -> Activation:
    """The activation that ``name`` spells, such as ``tanh`` or ``leaky_relu(0.2)``.

    Raises:
        SltkError: a name that is not in the table, numbers that a family does not take, or a function that fails the
            hypothesis (``abs``, ``square``, ``sign``, ``step``).
    """
    family, bracket, rest = name.strip().partition("(")
    if family in INADMISSIBLE and not bracket:
        require_admissible(INADMISSIBLE[family])
    entry = entries().get(family)
    if entry is not None and (entry.defaults or not bracket):
        return entry.make(*(_numbers(entry, name, rest) if bracket else entry.defaults))
    raise SltkError(
        f"activation knows {', '.join(TABLE)}, but got {name!r}; for a function of your own use "
        "sltk.networks.activations.characterise.characterise(function, name)."
    )


def spellings() -> Spellings[str]:
    """How torch spells the activations of the table; each is read as the activation's full name."""
    return merged(entry.spellings for entry in entries().values())


def _numbers(entry: Entry, name: str, rest: str) -> tuple[float, ...]:
    """The numbers in brackets, of which ``rest`` is what follows the opening one."""
    try:
        value = ast.literal_eval(rest.removesuffix(")")) if rest.endswith(")") else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        value = None
    values: tuple[Any, ...] = value if isinstance(value, tuple) and len(entry.defaults) > 1 else (value,)
    if len(values) != len(entry.defaults) or not all(map(_finite, values)) or not entry.allows(*values):
        raise SltkError(f"activation needs {entry.takes} in brackets, but got {name!r}.")
    return tuple(float(value) for value in values)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf
