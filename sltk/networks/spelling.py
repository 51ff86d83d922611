"""How torch spells a kind of layer: the modules, functions and methods that are read as it.

A reader of a function takes a ``Call`` and then the function's own arguments, by torch's names, without the value
that is worked on; its signature says which arguments are read. A reader of a module takes a ``Call`` and the module.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.geometry import Pair

Read = TypeVar("Read")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Call:
    """One call in a traced module: its name, for messages, and the shape it works on, without the batch axis."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Size:
    """The length of one axis of a tensor as an argument; ``axis`` counts the batch axis, ``text`` is its name."""

    axis: Any
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Spellings(Generic[Read]):
    """Readers by the class of module, by the function, and by the name of the method.

    Attributes:
        modules: ``(call, module) -> what it is read as``.
        functions: ``(call, *arguments, **keywords) -> what it is read as``.
        methods: the same, for methods of tensors.
    """

    modules: Mapping[Any, Callable[[Call, Any], Read]] = field(default_factory=dict)
    functions: Mapping[Any, Callable[..., Read]] = field(default_factory=dict)
    methods: Mapping[str, Callable[..., Read]] = field(default_factory=dict)

    def then(self, finish: Callable[[Call, Read], Other]) -> "Spellings[Other]":
        """The same spellings, with ``finish`` applied to what each is read as."""

        def finished(reader: Callable[..., Read]) -> Callable[..., Other]:
            @wraps(reader)  # keeps the signature, which says what arguments are read
            def read(call: Call, *arguments: Any, **keywords: Any) -> Other:
                return finish(call, reader(call, *arguments, **keywords))

            return read

        return Spellings(*({key: finished(reader) for key, reader in part.items()} for part in self._parts()))

    def _parts(self) -> tuple[Mapping[Any, Callable[..., Read]], ...]:
        return self.modules, self.functions, self.methods


def merged(spellings: Iterable[Spellings[Read]]) -> Spellings[Read]:
    """All spellings in one.

    Raises:
        SltkError: two of them read the same module, function or method.
    """
    parts: tuple[dict[Any, Any], ...] = ({}, {}, {})
    for one in spellings:
        for mine, more in zip(parts, one._parts(), strict=True):
            if twice := mine.keys() & more.keys():
                raise SltkError(f"{twice.pop()!r} is read in two ways; take it out of one of them.")
            mine.update(more)
    return Spellings(*parts)


def applied(
    reader: Callable[..., Read], call: Call, called: str, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Read:
    """What ``reader`` makes of a call of the function or method ``called``.

    Raises:
        SltkError: arguments that are not read.
    """
    signature = inspect.signature(reader)
    try:
        signature.bind(call, *arguments, **keywords)
    except TypeError as error:
        known = list(signature.parameters)[1:]
        raise SltkError(
            f"layer {call.name!r} calls {called!r} with other arguments than {known}; use only these."
        ) from error
    return reader(call, *arguments, **keywords)


def both(value: Any) -> Pair:
    """A size that torch has once or per axis, per axis."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def require_image(call: Call) -> None:
    """Check that the call works on images.

    Raises:
        SltkError: another number of axes.
    """
    require_axes(call, 2)


def require_axes(call: Call, axes: int) -> None:
    """Check that the call works on inputs with so many axes behind the channels: 2 for images, 1 for lines.

    Raises:
        SltkError: another number of axes.
    """
    if len(call.shape) != 1 + axes:
        needed = "(channels, height, width)" if axes == 2 else "(channels, length)"
        raise SltkError(f"layer {call.name!r} needs inputs of shape {needed}, but gets {call.shape}.")


def divided(call: Call, size: Any, axes: int) -> tuple[int, ...]:
    """The kernel, and stride, of the plain pool that takes the sides of the input to ``size``, per axis.

    Raises:
        SltkError: a side that is no multiple; windows would differ in size then.
    """
    require_axes(call, axes)
    sides = call.shape[1:]
    wanted = [side if w is None else w for side, w in zip(sides, each(size, axes), strict=True)]
    if any(w < 1 or side % w for side, w in zip(sides, wanted, strict=True)):
        raise SltkError(f"adaptive pool {call.name!r} takes {sides} to {tuple(wanted)}, no divisor; use a plain pool.")
    return tuple(side // w for side, w in zip(sides, wanted, strict=True))


def each(value: Any, axes: int) -> tuple[Any, ...]:
    """What torch has once, or per axis, per axis."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) * axes


def copied(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Float64 copies of a layer's parameters; a missing bias is 0."""
    double = weight.detach().to("cpu", torch.float64)
    shift = torch.zeros(len(weight)) if bias is None else bias.detach()
    return double + 0.0, shift.to("cpu", torch.float64) + 0.0  # + 0 copies, and takes the sign off a masked -0
