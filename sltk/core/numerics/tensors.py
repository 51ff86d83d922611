"""The few calls of torch that its annotations leave untyped, typed here once."""

from collections.abc import Iterator
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def tensor_of(values: NDArray[Any]) -> Tensor:
    """``values`` as a tensor that shares their memory."""
    return torch.from_numpy(values)  # pyright: ignore[reportUnknownMemberType]


def batches(rows: Tensor, size: int) -> Iterator[Tensor]:
    """``rows`` in order, ``size`` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
