"""Elementwise work on images that lie innermost in memory, written over what it reads; and memory that is used again.

New memory for every step would have to be cleared and given by the system page by page, which costs as much as a sparse
layer's sums, and what has just been computed would leave the caches before it is read.
"""

import math
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from sltk.core.numerics.compiled import kernel
from sltk.core.threads import over_cores
from sltk.runtime.shift_kernels import Floats, Ints

_PART = 2**15 - 2**10  # numbers that torch maps on one thread, in a second-level cache
_FEWEST = 2**18  # below, new memory costs nothing
_CHANNELS = 8


_thread = threading.local()


@contextmanager
def recycled() -> Generator[None, None, None]:
    """Within it, ``empty`` of this thread takes the memory of tensors of ``empty`` that are gone."""
    if getattr(_thread, "free", None) is not None:
        yield
        return
    _thread.free = list[Floats]()
    try:
        yield
    finally:
        _thread.free = None


def empty(*shape: int, dtype: torch.dtype) -> Tensor:
    """A tensor of any numbers; a large one in large pages of memory, which numpy asks for and torch does not."""
    free: list[Floats] | None = getattr(_thread, "free", None)
    size, own = math.prod(shape), np.float32 if dtype == torch.float32 else np.float64
    if free is None or size < _FEWEST:
        return torch.from_numpy(np.empty(shape, own))
    fits = [k for k, memory in enumerate(free) if memory.dtype == own and size <= memory.size <= 2 * size]
    memory = free.pop(min(fits, key=lambda k: free[k].size)) if fits else np.empty(size, own)
    taken = memory[:size]
    weakref.finalize(taken, free.append, memory).atexit = False  # torch holds it for as long as any tensor needs it
    return torch.from_numpy(taken).view(shape)


def overwrite(function: Callable[[Tensor], Tensor], y: Tensor) -> bool:
    """Write ``function(y)`` over ``y`` part by part, and say so; nothing is done where ``y`` is small or has gaps.

    Args:
        function: elementwise: each number depends on one alone.
        y: ``(batch, c, h, w)``, images innermost in memory; or ``(n, images)``.
    """
    if y.dim() not in (2, 4) or y.numel() < _FEWEST or y.device.type != "cpu":
        return False
    innermost = y.detach().permute(1, 2, 3, 0) if y.dim() == 4 else y.detach()
    if not innermost.is_contiguous():
        return False
    flat = innermost.view(-1)

    def write(_: None, low: int, high: int) -> None:
        with torch.inference_mode(flat.is_inference()):  # which is a mode of each thread
            part = flat[low:high]
            part.copy_(function(part))

    over_cores(write, flat.numel(), _PART, lambda: None)
    return True


def add(y: Tensor, into: Tensor, other: Tensor, origin: Tensor) -> bool:
    """Add channels ``origin`` of ``other`` to channels ``into`` of ``y``, and say so; else as in ``overwrite``.

    Args:
        y, other: ``(batch, c, h, w)`` and ``(batch, c', h, w)``, images innermost in memory.
        into: ``(n,)``, each once; origin: ``(n,)``.
    """
    if y.dim() != 4 or y.numel() < _FEWEST or y.device.type != "cpu" or y.dtype != other.dtype:
        return False
    target, source = y.permute(1, 2, 3, 0), other.permute(1, 2, 3, 0)
    if not target.is_contiguous() or not source.is_contiguous():
        return False
    arrays = target.view(len(target), -1).numpy(), into.numpy(), source.view(len(source), -1).numpy(), origin.numpy()
    over_cores(lambda _, low, high: add_rows(*arrays, (low, high)), len(into), _CHANNELS, lambda: None)
    return True


@kernel
def add_rows(target: Floats, into: Ints, source: Floats, origin: Ints, block: tuple[int, int]) -> None:
    """``target[into[i]] += source[origin[i]]`` for ``i`` of a block; rows of the same length."""
    for i in range(block[0], block[1]):
        to, read = target[into[i]], source[origin[i]]
        for j in range(len(to)):
            to[j] += read[j]
