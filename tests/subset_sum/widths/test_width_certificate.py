"""The value iteration: its numbers, its integer kernel against exact rationals, and its gain against integration."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy import integrate

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum.laws import LogUniform, Masked, Normal, Product, Uniform
from sltk.subset_sum.widths.width_certificate import Iteration, certified_failure, certified_size
from sltk.subset_sum.widths.width_gain import certain_gain, expected_gain
from sltk.subset_sum.widths.width_grid import make_grid
from sltk.subset_sum.widths.width_kernel import PROBABILITY, SPAN, worst_laws

LAWS = [Uniform(1.0), Uniform(0.5), Normal(1.0), Normal(2.0), Product(Uniform(), Uniform(2.0)), Masked(Uniform(), 0.5)]


def test_certified_size_of_the_uniform_law():
    found = certified_size(0.01, 0.05, Uniform(1.0), 1.0)
    assert found.size == 33
    assert found.failure <= Fraction(0.05) < certified_failure(32, 0.01, Uniform(1.0), 1.0).failure


@pytest.mark.parametrize(("law", "size"), [(Normal(1.0), 52), (Product(Uniform(), Uniform()), 48)])
def test_certified_size_of_other_laws(law, size):
    assert certified_size(0.01, 0.05, law, law.constants().L).size == size


def _exact_envelope(ends, values, m):
    """Largest height at m of a chord between two vertices, in rationals: the envelope by brute force."""
    vertices = [(0, values[0]), *zip(ends, values, strict=True)]
    best = Fraction(0)
    for x0, y0 in vertices:
        for x1, y1 in vertices:
            if x0 <= m <= x1:
                best = max(best, Fraction(max(y0, y1)) if x0 == x1 else y0 + Fraction((y1 - y0) * (m - x0), x1 - x0))
    return best if m <= vertices[-1][0] else Fraction(vertices[-1][1])


def test_kernel_is_the_envelope_rounded_up():
    generator = stream(1, "width-kernel")
    cells = 14
    counts = np.minimum(generator.integers(1, 9, size=cells), cells - np.arange(cells))
    lists = [np.sort(generator.choice(SPAN, size=count, replace=False) + 1).astype(np.int32) for count in counts]
    starts = np.concatenate([[0], np.cumsum(counts)])
    table = np.sort(generator.integers(0, PROBABILITY, size=cells))[::-1].copy()
    mean = generator.integers(0, SPAN, size=cells)
    result = worst_laws(starts, np.concatenate(lists), table, mean)
    least = PROBABILITY
    for j, ends in enumerate(lists):
        exact = _exact_envelope(ends.tolist(), table[j : j + ends.size].tolist(), int(mean[j]))
        least = min(least, -(-exact.numerator // exact.denominator))
        assert result[j] == least


def test_left_ends_of_cells_would_be_no_bound():
    """Negative control: the trap of the discretisation. The envelope through left ends is beaten by a true law."""
    # Shares 1/4, 3/8, 1/2 from the first; a v' just below 1/2 fails surely, and one of mean 7/16 may always stay there.
    starts, ends = np.array([0, 2, 3, 4]), np.array([SPAN // 2, SPAN, SPAN, SPAN], np.int32)
    table = np.array([PROBABILITY, PROBABILITY, 0])
    mean = np.array([3 * SPAN // 4, 0, 0])
    assert worst_laws(starts, ends, table, mean)[0] == PROBABILITY
    left_ends = np.interp(7 / 16, [1 / 4, 3 / 8, 1 / 2], [1.0, 1.0, 0.0])
    assert left_ends < 1.0


@pytest.mark.parametrize("share", [Fraction(1, 250), Fraction(0.01), Fraction(1, 10**9), Fraction(3, 10**13)])
def test_grid_is_rounded_outward(share):
    """In exact rationals: the ends are not short of the true ones, and the last edge is past 1 - 2 s/l."""
    grid = make_grid(share, 400)
    low = grid.share < 0.5
    edge = [Fraction(e) if small else 1 - Fraction(g) for e, g, small in zip(grid.share, grid.gap, low, strict=True)]
    assert edge == sorted(edge)
    assert edge[-2] > 1 - 2 * share
    assert edge[0] <= share * Fraction(9, 5)
    assert edge[-1] == 1
    for j in range(0, grid.cells, 7):
        ends, unit = grid.ends[grid.starts[j] : grid.starts[j + 1]], Fraction(grid.unit[j])
        top = min(2 * edge[j], Fraction(1))
        for i, end in enumerate(ends.tolist()):
            assert edge[j] + end * unit >= min(edge[j + i + 1], top)
            assert i == len(ends) - 1 or end < ends[-1]
        assert edge[j] + int(ends[-1]) * unit >= top
        assert ends[-1] <= SPAN + 1


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec())
def test_certain_gain_is_below_the_exact_one(law):
    """Against 60 digits: above 90% of ``max(G(V), G(g))`` and never above it, down to shares of 1e-13."""
    length = 1.1 * law.constants().L
    share = np.array([1e-13, 1e-9, 1e-4, 0.1, 0.3, 0.5, 0.9])
    covered = np.concatenate([share * length, (1.0 - share) * length])
    missing = np.concatenate([(1.0 - share) * length, share * length])
    for found, v, g in zip(certain_gain(law, length, covered, missing), covered, missing, strict=True):
        exact = max(exact_gain(law, length, v), exact_gain(law, length, g))
        assert 0.9 * exact <= found <= exact


def exact_gain(law, length, v):
    """``G(v)`` in 60 digits, from the density's own formula."""
    with mpmath.workdps(60):
        whole, t = mpmath.mpf(length), mpmath.mpf(float(v))
        return 2 * (_second(law, t / 2) + _second(law, whole) - _second(law, whole - t / 2) - _second(law, t))


def _second(law, t):
    if isinstance(law, Masked):
        return mpmath.mpf(law.p) * _second(law.law, t)
    if isinstance(law, Normal):
        u = t / law.std
        return law.std * (
            u * mpmath.erf(u / mpmath.sqrt(2)) / 2 + mpmath.expm1(-u * u / 2) / mpmath.sqrt(2 * mpmath.pi)
        )
    if isinstance(law, Product):
        h = mpmath.mpf(law.left.half_width) * law.right.half_width
        u = min(t / h, mpmath.mpf(1))
        inside = u * u * (3 - 2 * mpmath.log(u)) / 8 if u else mpmath.mpf(0)
        return h * (inside + (t / h - u) / 2)
    k = law.constants()
    u = min(t, mpmath.mpf(k.L))
    return k.p0 * u * (u / 2 + (t - u))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec())
def test_integrals_of_the_density(law):
    scale = law.constants().L
    for t in (0.0, 0.3 * scale, scale, 1.7 * scale):
        once = integrate.quad(lambda u: float(law.density(u)), 0.0, t, epsabs=1e-10)[0] if t else 0.0
        assert law.first_integral(np.asarray(t)) == pytest.approx(once, abs=1e-8)
        twice = integrate.quad(lambda u, t=t: (t - u) * float(law.density(u)), 0.0, t, epsabs=1e-10)[0] if t else 0.0
        assert law.second_integral(np.asarray(t)) == pytest.approx(twice, abs=1e-8)


def test_gain_of_the_uniform_law_is_the_closed_form():
    v = np.linspace(0.0, 1.0, 11)
    np.testing.assert_allclose(expected_gain(Uniform(1.0), 1.0, v), 0.5 * v * (1.0 - v), atol=1e-15)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec())
def test_no_covered_set_gains_less(law):
    """The lemma on unions of intervals: their gain, by the midpoint rule on 300 cells, is never below G(V)."""
    generator = stream(2, "width-gain", law.spec())
    length, cells = 1.3 * law.constants().L, 300
    z = (np.arange(cells) + 0.5) * length / cells
    gap = np.abs(z[:, None] - z)
    # Cell averages of the density, from its second integral: exact where the midpoint rule is not (a peak at 0).
    h, p = length / cells, law.second_integral
    kernel = (p(gap + h) + p(np.abs(gap - h)) - 2.0 * p(gap)) / h**2
    np.fill_diagonal(kernel, 2.0 * p(np.asarray(h)) / h**2)
    for _ in range(200):
        covered = np.zeros(cells, bool)
        for _ in range(generator.integers(1, 4)):
            start, size = generator.integers(0, cells, size=2)
            covered[start : start + size] = True
        gain = h * h * kernel[np.ix_(covered, ~covered)].sum()
        v = covered.sum() * h
        assert gain >= expected_gain(law, length, np.asarray(v)) - 1e-9 * length
        assert gain >= expected_gain(law, length, np.asarray(length - v)) - 1e-9 * length


def test_more_samples_never_raise_the_bound():
    bounds = [certified_failure(n, 0.05, Uniform(1.0), 1.0).failure for n in range(40)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] == 1
    assert bounds[-1] < Fraction(1, 1000)


def test_refusals():
    with pytest.raises(SltkError, match=r"eps=0\.6"):
        certified_failure(5, 0.6, Uniform(1.0), 1.0)
    with pytest.raises(SltkError, match="n=-1"):
        certified_failure(-1, 0.1, Uniform(1.0), 1.0)
    with pytest.raises(SltkError, match="density 0"):
        certified_size(0.01, 0.05, LogUniform(0.1), 1.0)
    with pytest.raises(SltkError, match="leaves a ball"):
        Iteration(Uniform(1.0), 1.0, 0.25).cell(0.26)
