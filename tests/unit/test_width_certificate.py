"""The value iteration: its numbers, its integer kernel against exact rationals, and its gain against integration."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum._width_kernel import PROBABILITY, SHARE, worst_laws
from sltk.subset_sum.laws import LogUniform, Masked, Normal, Product, Uniform
from sltk.subset_sum.width_certificate import Iteration, certified_failure, certified_size
from sltk.subset_sum.width_gain import expected_gain, first_integral, second_integral

LAWS = [Uniform(1.0), Uniform(0.5), Normal(1.0), Normal(2.0), Product(Uniform(), Uniform(2.0)), Masked(Uniform(), 0.5)]


def test_certified_size_of_the_uniform_law():
    found = certified_size(0.01, 0.05, Uniform(1.0), 1.0)
    assert found.size == 33
    assert found.failure <= Fraction(0.05) < certified_failure(32, 0.01, Uniform(1.0), 1.0).failure


@pytest.mark.parametrize(("law", "size"), [(Normal(1.0), 54), (Product(Uniform(), Uniform()), 52)])
def test_certified_size_of_other_laws(law, size):
    assert certified_size(0.01, 0.05, law, law.constants().L).size == size


def _exact_envelope(edges, table, j, m):
    """Largest height at m of a chord between two vertices, in rationals: the envelope by brute force."""
    top = min(2 * edges[j], SHARE)
    vertices = [(edges[j], table[j])]
    for i in range(j, len(table)):
        if i > j and edges[i] >= top:
            break
        vertices.append((min(edges[i + 1], top), table[i]))
    best = Fraction(0)
    for x0, y0 in vertices:
        for x1, y1 in vertices:
            if x0 <= m <= x1:
                best = max(best, Fraction(max(y0, y1)) if x0 == x1 else y0 + Fraction((y1 - y0) * (m - x0), x1 - x0))
    return best if m <= vertices[-1][0] else Fraction(vertices[-1][1])


def test_kernel_is_the_envelope_rounded_up():
    generator = stream(1, "width-kernel")
    inner = np.unique(generator.integers(SHARE // 50, SHARE - 1, size=14))
    edges = np.concatenate([[SHARE // 60], inner, [SHARE]])
    table = np.sort(generator.integers(0, PROBABILITY, size=edges.size - 1))[::-1].copy()
    room = SHARE - edges[:-1]
    mean = edges[:-1] + (room * generator.random(room.size) * 0.5).astype(np.int64)
    result = worst_laws(edges, table, mean)
    least = PROBABILITY
    for j in range(table.size):
        exact = _exact_envelope(edges.tolist(), table.tolist(), j, int(mean[j]))
        least = min(least, -(-exact.numerator // exact.denominator))
        assert result[j] == least


def test_left_ends_of_cells_would_be_no_bound():
    """Negative control: the trap of the discretisation. The envelope through left ends is beaten by a true law."""
    edges = np.array([SHARE // 4, 3 * SHARE // 8, SHARE // 2, SHARE])
    table = np.array([PROBABILITY, PROBABILITY, 0])
    mean = np.array([7 * SHARE // 16, 3 * SHARE // 8, SHARE // 2])
    # v' just below 1/2 fails surely; from 1/4, a v' of mean 7/16 may always stay below 1/2.
    assert worst_laws(edges, table, mean)[0] == PROBABILITY
    left_ends = np.interp(7 / 16, [1 / 4, 3 / 8, 1 / 2], [1.0, 1.0, 0.0])
    assert left_ends < 1.0


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec())
def test_integrals_of_the_density(law):
    scale = law.constants().L
    for t in (0.0, 0.3 * scale, scale, 1.7 * scale):
        once = integrate.quad(lambda u: float(law.density(u)), 0.0, t, epsabs=1e-10)[0] if t else 0.0
        assert first_integral(law)(np.asarray(t)) == pytest.approx(once, abs=1e-8)
        twice = integrate.quad(lambda u, t=t: (t - u) * float(law.density(u)), 0.0, t, epsabs=1e-10)[0] if t else 0.0
        assert second_integral(law)(np.asarray(t)) == pytest.approx(twice, abs=1e-8)


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
    h, p = length / cells, second_integral(law)
    kernel = (p(gap + h) + p(np.abs(gap - h)) - 2.0 * p(gap)) / h**2
    np.fill_diagonal(kernel, 2.0 * p(np.asarray(h)) / h**2)
    for _ in range(200):
        covered = np.zeros(cells, bool)
        for _ in range(generator.integers(1, 4)):
            start, size = generator.integers(0, cells, size=2)
            covered[start : start + size] = True
        gain = h * h * kernel[np.ix_(covered, ~covered)].sum()
        assert gain >= expected_gain(law, length, np.asarray(covered.sum() * h)) - 1e-9 * length


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
