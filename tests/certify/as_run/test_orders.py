"""A module in float32 whose sums are taken in other orders: what holds of all of them, and what of one run alone.

In an order that is chosen by the roundings themselves the same weights give another answer, so that no bound of every
order is as close as one run. What is said of every order has to hold of this one too.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sltk.certify.as_run.evaluation import Evaluation, Lost, OfCommon
from sltk.certify.local.forward import Run
from sltk.construct.ticket import StrongTicket
from sltk.core.numerics.arrays import Values
from sltk.core.numerics.formats import FLOAT32, Format
from sltk.core.numerics.intervals import Interval
from sltk.runtime.sparse import SparseLinear
from tests.construct.building import build_ticket

Order = Callable[[Values, float], Values]


@cache
def ticket() -> StrongTicket:
    torch.manual_seed(1)
    phi = nn.Sigmoid()
    net = nn.Sequential(nn.Linear(3, 4), phi, nn.Linear(4, 4), phi, nn.Linear(4, 3))
    return build_ticket(net, domain=(-1.0, 1.0), input_shape=(3,), seed=2, method="plus-one", n=20, param_eps=0.01)


def inputs(rows: int) -> Tensor:
    return torch.rand(rows, 3, generator=torch.Generator().manual_seed(8)) * 2 - 1


def kept(terms: Values, _: float) -> Values:
    return terms


def backward(terms: Values, _: float) -> Values:
    return terms[::-1]


def falling(terms: Values, _: float) -> Values:
    return np.sort(terms)[::-1]


def rising(terms: Values, _: float) -> Values:
    return np.sort(terms)


def shuffled(terms: Values, _: float) -> Values:
    return np.random.default_rng(5).permutation(terms)


def greedy(terms: Values, side: float) -> Values:
    """Next comes the term whose addition rounds furthest to ``side``; of equals the one that leads furthest off."""
    left, found, total = list(terms), list[np.float32](), np.float32(0)
    while left:
        sums = np.array([total + term for term in left], np.float32)
        lost = side * (sums.astype(float) - (float(total) + np.array(left, float))) + 1e-10 * np.abs(sums)
        best = int(lost.argmax())
        total = sums[best]
        found.append(left.pop(best))
    return np.array(found, np.float32)


def summed(layer: SparseLinear, x: Tensor, order: Order, sides: Tensor) -> Tensor:
    """The layer at one input, every product rounded, and every sum one by one in an order of its own."""
    out = []
    for weight, bias, side in zip(layer.weight, layer.bias, sides.tolist(), strict=True):
        there = weight != 0
        total = np.float32(0)
        for term in order((weight[there] * x[there]).numpy(), side):
            total = np.float32(total + term)
        out.append(float(total + np.float32(bias)))
    return torch.tensor(out, dtype=torch.float32)


@cache
def layers(dtype: torch.dtype) -> list[SparseLinear]:
    module = ticket().module("sparse").to(dtype)
    return [part for part in module.modules() if isinstance(part, SparseLinear)]


def error(x: Tensor, order: Order) -> float:
    """Of the module at one input, with the second layer's sums in ``order``, led to where the error is largest."""
    target, phi = ticket().target, torch.sigmoid
    assert target is not None
    wanted = target(x[None].double())[0]
    _, _, third, last = layers(torch.float64)
    rough, second = layers(torch.float32)[:2]
    inner = phi(rough(x))
    before = layers(torch.float64)[1](inner.double()).requires_grad_()
    off = last(phi(third(phi(before)))) - wanted
    (slope,) = torch.autograd.grad(off.abs().max(), before)
    with torch.no_grad():
        moved = summed(second, inner, order, slope.sign())
        _, _, third, last = layers(torch.float32)
        return float((last(phi(third(phi(moved)))).double() - wanted).abs().max())


def errors(order: Order, rows: Tensor) -> Tensor:
    return torch.tensor([error(x, order) for x in rows], dtype=torch.float64)


@pytest.mark.parametrize("order", [kept, backward, falling, rising, shuffled, greedy])
def test_every_order_stays_within_the_bound(order: Order) -> None:
    x = inputs(6)
    assert bool((errors(order, x) <= ticket().certify(x, 0.0, torch.float32).errors).all())


def test_one_run_says_nothing_of_other_orders() -> None:
    """Negative control: what holds of the module's own order does not hold of the order that roundings choose."""
    x = inputs(6)
    seen = ticket().observe(x).errors
    usual = (errors(kept, x) - seen).abs().max()
    assert bool((errors(greedy, x) - seen > 5.0 * usual).all())


class Lossless(Evaluation):
    """A stage that is said to lose nothing when it is computed."""

    def __init__(self, honest: Evaluation) -> None:
        self.honest = honest

    def on(self, device: torch.device) -> "Lossless":
        return Lossless(self.honest.on(device))

    def lost(self, x: Interval, run: Format) -> Lost:
        found = self.honest.lost(x, run)
        return Lost(torch.zeros_like(found.error), found.reach)

    def spread(self, errors: Tensor, x: Interval) -> Tensor:
        return self.honest.spread(errors, x)


def test_the_rounding_of_the_first_stage_cannot_be_left_out() -> None:
    one, x = ticket(), inputs(6)
    evaluations = [Lossless(e) if isinstance(e, OfCommon) else e for e in one.evaluations]
    found = replace(one.local, exactly=None).certify(x, 0.0, Run(FLOAT32, evaluations))
    assert bool((errors(greedy, x) > found.errors).any())
