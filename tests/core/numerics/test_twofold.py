"""Numbers of twice the precision against rationals and 80 digits, and how far from them float64 is."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from mpmath import mp, mpf
from torch import Tensor

from sltk.core.numerics.twofold import UNIT2, Twofold
from sltk.core.numerics.twofold_kernels import sums
from sltk.networks.activations import twofold

POINTS = (0.0, 1e-300, -1e-20, 0.34657, -0.3466, 36.7, -699.5, 720.0, -1000.0)


def pairs(seed: int, size: int) -> tuple[Tensor, Tensor]:
    """Numbers of all sizes, with second parts up to half a unit in the last place."""
    generator = torch.Generator().manual_seed(seed)
    high = torch.randn(size, generator=generator, dtype=torch.float64) * torch.logspace(
        -3, 1, size, dtype=torch.float64
    )
    high = torch.cat([high, torch.tensor(POINTS, dtype=torch.float64)])
    share = torch.rand(len(high), generator=generator, dtype=torch.float64) * 2 - 1
    return high, share * 2.0**-54 * high


def total(high: float, low: float) -> Fraction:
    return Fraction(high) + Fraction(low)


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (twofold.logistic, lambda x: 1 / (1 + mp.exp(-x))),
        (twofold.tanh, mp.tanh),
        (twofold.silu, lambda x: x / (1 + mp.exp(-x))),
        (twofold.positive, lambda x: max(x, mpf(0))),
    ],
)
def test_activations_are_as_near_as_they_say(
    function: Callable[..., twofold.Pair], exact: Callable[[mpf], mpf]
) -> None:
    high, low = pairs(1, 300)
    before = high.clone(), low.clone()
    found = function(high, low)
    assert torch.equal(high, before[0])
    assert torch.equal(low, before[1])
    with mp.workdps(80):
        for x, y, a, b in zip(*(part.tolist() for part in (high, low, *found)), strict=True):
            wanted = exact(mpf(x) + mpf(y))
            assert abs(mpf(a) + mpf(b) - wanted) <= twofold.ERROR * (1 + abs(x))
            assert abs(b) <= 2.0**-53 * abs(a)


def test_float64_is_not() -> None:
    """Negative control."""
    high, low = pairs(1, 300)
    found = torch.sigmoid(high + low).tolist()
    with mp.workdps(80):
        wrong = [
            abs(mpf(a) - 1 / (1 + mp.exp(-mpf(x) - mpf(y)))) > twofold.ERROR * (1 + abs(x))
            for x, y, a in zip(high.tolist(), low.tolist(), found, strict=True)
        ]
    assert sum(wrong) > 200


def weighed(seed: int, terms: int) -> tuple[Fraction, Fraction, Fraction]:
    """A sum of large weights that cancel: as computed, exactly, and what it may be off by."""
    generator = np.random.default_rng(seed)
    value = generator.normal(size=terms).astype(np.float32).astype(np.float64) * 2.0**20
    high, low = (part[:terms].numpy() for part in pairs(seed, terms))
    value[-1] = np.float32(-(value[:-1] @ high[:-1]) / high[-1])
    bias = 0.25
    out = np.empty((1, 1)), np.empty((1, 1))
    pointer, place = np.array([0, terms]), np.arange(terms)
    sums(high[:, None], low[:, None], np.array([bias]), pointer, place, 0 * place, value, *out, (0, 1))
    exact = Fraction(bias) + sum(
        (Fraction(v) * total(x, y) for v, x, y in zip(value, high, low, strict=True)), Fraction(0)
    )
    size = Fraction(bias) + sum(
        (abs(Fraction(v)) * abs(Fraction(x)) for v, x in zip(value, high, strict=True)), Fraction(0)
    )
    return (
        total(float(out[0][0, 0]), float(out[1][0, 0])),
        exact,
        size * Fraction(UNIT2 * (terms * terms + 3 * terms + 8)),
    )


@pytest.mark.parametrize("terms", [1, 2, 7, 60])
def test_sums_are_as_near_as_they_say_and_not_much_nearer(terms: int) -> None:
    worst = Fraction(0)
    for seed in range(40):
        found, exact, most = weighed(seed, terms)
        assert abs(found - exact) <= most
        worst = max(worst, abs(found - exact) / most)
    assert worst > Fraction(1, 10**5) or terms == 1  # of the order of the bound: float64 would be 1e16 times further


def test_sums_and_differences_hold_the_exact_ones() -> None:
    (a, b), (c, d) = pairs(3, 200), pairs(4, 200)
    one, other = Twofold(a, b, torch.zeros_like(a)), Twofold(c, d, torch.full_like(c, 2.0**-40))
    for found, sign in ((one.plus(other), 1), (one.minus(other), -1)):
        box = found.interval
        for row in zip(a, b, c, d, found.off, box.low, box.high, found.high, found.low, strict=True):
            x, y, z, w, off, low, high, p, q = (float(v) for v in row)
            exact = total(x, y) + sign * total(z, w)
            assert abs(total(p, q) - exact) <= Fraction(off) - Fraction(2.0**-40)
            assert Fraction(low) <= exact - Fraction(2.0**-40)
            assert exact + Fraction(2.0**-40) <= Fraction(high)
