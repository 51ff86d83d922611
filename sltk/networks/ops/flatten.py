"""Flattening of images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.op import Op, Selection
from sltk.networks.spelling import Call, Size, Spellings


@dataclass(frozen=True)
class Flatten(Selection):
    """``(batch, c, h, w) -> (batch, c h w)``, channel-major as in torch."""

    tag = "flatten"

    def __call__(self, x: Tensor) -> Tensor:
        """Flatten all but the batch axis."""
        return x.flatten(1)

    def idle(self, shape: tuple[int, ...]) -> bool:
        """On what is flat."""
        return len(shape) == 1

    def require(self, call: Call) -> None:
        """Any shape."""

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        """Flattening of all but the batch axis, and reshapes that amount to it."""
        modules = {nn.Flatten: lambda call, module: _flatten(call, module.start_dim, module.end_dim)}
        methods = {"flatten": _flatten, "view": _reshape, "reshape": _reshape}
        return Spellings(modules, {torch.flatten: _flatten, torch.reshape: _reshape}, methods)


def _flatten(call: Call, /, start_dim: int = 0, end_dim: int = -1) -> tuple[Op, ...]:
    axes = 1 + len(call.shape)
    if start_dim % axes != 1 or end_dim % axes != axes - 1:
        raise SltkError(
            f"layer {call.name!r} flattens axes {start_dim} to {end_dim} of {axes}; flatten all but the batch: 1 to -1."
        )
    return (Flatten(),)


def _reshape(call: Call, /, *sizes: Any, shape: Any = None, size: Any = None) -> tuple[Op, ...]:
    given = sizes or (shape if shape is not None else size,)
    wanted: Sequence[Any] = given[0] if len(given) == 1 and isinstance(given[0], list | tuple) else given
    if len(wanted) == 2:
        rows, columns = wanted
        features = math.prod(call.shape)
        by_batch = isinstance(rows, Size) and rows.axis == 0 and columns in (-1, features)
        if by_batch or (rows == -1 and columns == features):
            return _flatten(call, 1, -1)
    said = ", ".join(map(str, wanted))
    raise SltkError(f"layer {call.name!r} reshapes to ({said}); only flattening is read: use torch.flatten(x, 1).")


KIND = Flatten
