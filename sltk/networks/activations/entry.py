"""One entry of the table of activations: how to make it from its name, and how torch spells it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from sltk.networks.activations.activation import ULP, Activation, Remainder, Rounding
from sltk.networks.spelling import Call, Spellings

EXACT, ONE_PRODUCT, RELATIVE = Rounding(0.0, 0.0), Rounding(ULP, 0.0), Rounding(absolute=0.0)
LINEAR = Remainder(0.0, 2, math.inf)  # phi is its two half lines


@dataclass(frozen=True)
class Entry:
    """An activation, or a family of them that differ by numbers in brackets.

    Attributes:
        name: of the activation, or the part of its name before the bracket.
        make: the activation of the numbers.
        defaults: the numbers where the name has no bracket; empty for a single activation, which takes none.
        takes: which numbers are allowed, in words.
        allows: whether numbers, each finite, are allowed.
        spellings: what torch computes it by, each read as the activation's full name.
    """

    name: str
    make: Callable[..., Activation]
    defaults: tuple[float, ...] = ()
    takes: str = "no number"
    allows: Callable[..., bool] = lambda *numbers: True
    spellings: Spellings[str] = field(default_factory=Spellings[str])


def single(
    phi: Activation,
    modules: Sequence[type[nn.Module]] = (),
    functions: Sequence[Any] | Mapping[Any, Callable[..., str]] = (),
    methods: Sequence[str] = (),
) -> Entry:
    """The entry of one activation.

    Args:
        phi: the activation; it is looked up by its name.
        modules: classes that compute it.
        functions: functions that compute it, with no argument but ``inplace``; or a reader for each.
        methods: names of tensor methods that compute it, without arguments.
    """

    def of_module(call: Call, module: nn.Module) -> str:
        return phi.name

    def in_place(call: Call, /, inplace: bool = False) -> str:
        return phi.name

    def bare(call: Call, /) -> str:
        return phi.name

    readers = functions if isinstance(functions, Mapping) else dict.fromkeys(functions, in_place)
    spellings = Spellings(dict.fromkeys(modules, of_module), readers, dict.fromkeys(methods, bare))
    return Entry(phi.name, lambda: phi, spellings=spellings)


def up(value: float) -> float:
    """A float64 above the exact number that ``value`` approximates to two units in the last place."""
    return value * (1.0 + 4.0 * ULP)
