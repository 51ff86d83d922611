"""Products of a chain: torch's, or compiled ones in their place where these give the same bits sooner.

Which it is, is tried once for each shape and number of threads. How many terms torch adds before it begins another
partial sum is read off its product: of a row of ones, the first of which is ``HUGE`` and another ``-HUGE``, whatever is
added between these two is lost, and so ``depth`` minus the sum counts it. What that says is held against torch's own
product of random numbers, bit for bit; where a bit differs, torch's is taken. So the choice changes no result.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.chain.product_kernels import LANES, product, turn

Times = Callable[..., Tensor]  # as ``torch.mm(left, right, out=out)`` and ``torch.addmm(bias, left, right, out=out)``

HUGE = 2.0**100  # beside which a few thousand are nothing, in float32
TURNS = 5  # of a trial of time


@dataclass(frozen=True)
class Kind:
    """What products of one sort share: ``out = left right``, ``(m, depth)`` by ``(depth, n)``.

    Args:
        count: products at once; 0 for one without an axis for them.
        sizes: ``m``, ``n`` and ``depth``.
        left_turned: whether the left factor is the transposed view of a contiguous tensor.
        right_turned: likewise; not both.
        biased: whether a row is added to each row of the product.
    """

    count: int
    sizes: tuple[int, int, int]
    left_turned: bool
    right_turned: bool
    biased: bool

    def operands(self) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Left and right factor to be filled, and a bias, if there is one."""
        m, n, depth = self.sizes
        lead = (self.count,) if self.count else ()
        left = torch.empty(*lead, depth, m).mT if self.left_turned else torch.empty(*lead, m, depth)
        right = torch.empty(*lead, n, depth).mT if self.right_turned else torch.empty(*lead, depth, n)
        return left, right, [torch.zeros(*lead, *(1,) * len(lead), n)] * self.biased

    def out(self) -> Tensor:
        """What the product is written to."""
        m, n, _ = self.sizes
        return torch.empty(*((self.count,) if self.count else ()), m, n)


class Compiled:
    """The product of a ``Kind``, in partial sums of ``block`` terms; called as torch's, it writes over ``out``.

    Args:
        kind: see there; each of its sizes is at least ``LANES``.
        block: see ``sltk.train.chain.product_kernels.product``.
    """

    def __init__(self, kind: Kind, block: int) -> None:
        self._kind, self._block = kind, block
        left, right, _ = kind.operands()
        self._left, self._right = (left.shape, left.stride()), (right.shape, right.stride())
        self._out = kind.out().shape
        if kind.right_turned:
            self._kept = torch.empty(left.mT.shape), torch.empty(kind.out().mT.shape)
            self._places = tuple(x.data_ptr() for x in self._kept)

    def __call__(self, *given: Tensor, out: Tensor) -> Tensor:
        """``out``; ``given`` are bias, if there is one, and both factors."""
        left, right = _laid(given[-2], *self._left), _laid(given[-1], *self._right)
        if out.shape != self._out or not out.is_contiguous():
            raise SltkError(f"out must be contiguous and {tuple(self._out)}, but is {tuple(out.shape)}; make it anew.")
        kind, block, count, (m, n, depth) = self._kind, self._block, self._kind.count or 1, self._kind.sizes
        bias = given[0].contiguous() if kind.biased else None
        begin, ours, theirs, to = (
            0 if bias is None else bias.data_ptr(),
            left.data_ptr(),
            right.data_ptr(),
            out.data_ptr(),
        )
        if kind.right_turned:  # turned, it is a product whose right factor lies row by row
            turned, out_turned = self._places
            turn(turned, ours, count, m, depth)
            product(out_turned, theirs, turned, begin, False, count, n, m, depth, depth, 1, block)
            turn(to, out_turned, count, n, m)
        else:
            down, along = (1, m) if kind.left_turned else (depth, 1)
            product(to, ours, theirs, begin, True, count, m, n, depth, down, along, block)
        return out

    def by_rows(self) -> "Compiled":
        """The same, bit for bit, for right factors that are contiguous: none has to be turned."""
        return Compiled(replace(self._kind, right_turned=False), self._block)


def times(torchs: Times, left: Tensor, right: Tensor, *, biased: bool = False) -> Times:
    """``torchs``, or what gives its bits sooner for factors that lie as these do.

    Args:
        torchs: a product of torch, called as ``torch.mm`` with ``out``, or ``torch.addmm`` where ``biased``.
        left: ``(m, depth)`` or ``(count, m, depth)``; it and ``right`` are contiguous or transposed views of such.
        right: ``(depth, n)`` or ``(count, depth, n)``.
        biased: see ``torchs``.
    """
    (m, depth), n = left.shape[-2:], right.shape[-1]
    turned = (not left.is_contiguous(), not right.is_contiguous())
    known = left.dtype is right.dtype is torch.float32 and min(m, n, depth) >= LANES and not all(turned)
    if not known:
        return torchs
    count = len(left) if left.ndim > 2 else 0
    return _tried(torchs, Kind(count, (m, n, depth), *turned, biased), torch.get_num_threads())


def laid(found: Times, right: Tensor) -> tuple[Times, Tensor]:
    """What ``times`` found, and a right factor that never changes, as that reads it best."""
    if isinstance(found, Compiled) and not right.is_contiguous():
        return found.by_rows(), right.contiguous()
    return found, right


@lru_cache(maxsize=256)
def _tried(torchs: Times, kind: Kind, threads: int) -> Times:
    """``threads`` is there to be part of what the choice is kept under: torch's product is spread over them."""
    compiled = Compiled(kind, block_of(torchs, kind))
    return compiled if same_bits(torchs, compiled, kind) and _sooner(torchs, compiled, kind) else torchs


def block_of(torchs: Times, kind: Kind) -> int:
    """Terms of the first partial sum of ``torchs``, if it is one after the other; a second sum of one is not seen."""
    m, n, depth = kind.sizes
    left, right, bias = kind.operands()
    right.fill_(1.0)
    out = kind.out()
    for first in range(1, depth, m):
        places = torch.arange(first, min(first + m, depth))
        left.fill_(1.0)
        left[..., 0] = HUGE
        left[..., places - first, places] = -HUGE
        lost = depth - torchs(*bias, left, right, out=out).reshape(-1, m, n)[0, : len(places), 0]
        beyond = (lost != places + 1).nonzero()
        if len(beyond):
            return int(places[beyond[0]])
    return depth


def same_bits(torchs: Times, compiled: Times, kind: Kind) -> bool:
    """Whether both give the same bits for normal numbers, of which those of the left factor below 0 are made 0."""
    given = _random(kind)
    found = [one(*given, out=kind.out()).view(torch.int32) for one in (torchs, compiled)]
    return torch.equal(*found)


def _sooner(torchs: Times, compiled: Times, kind: Kind) -> bool:
    given, out = _random(kind), kind.out()
    seconds = [[_seconds(lambda one=one: one(*given, out=out)) for one in (torchs, compiled)] for _ in range(TURNS)]
    least = [min(taken) for taken in zip(*seconds, strict=True)]
    return least[1] < least[0]


def _seconds(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _random(kind: Kind) -> list[Tensor]:
    left, right, bias = kind.operands()
    generator = torch.Generator().manual_seed(0)
    for one in (left, right, *bias):
        one.normal_(generator=generator)
    left.relu_()
    return [*bias, left, right]


def _laid(x: Tensor, shape: torch.Size, strides: tuple[int, ...]) -> Tensor:
    """``x`` itself where it lies as said, or a copy that does."""
    if x.shape != shape:
        raise SltkError(f"a factor must be {tuple(shape)}, but is {tuple(x.shape)}; make a product for its shape.")
    return x if x.stride() == strides else torch.empty_strided(shape, strides).copy_(x)
