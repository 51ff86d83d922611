"""Exact paired tests: against enumeration by hand, and against a naive count of all signs."""

import itertools
import math

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.core.statistics.paired import TESTED, Paired, fewest_pairs, findings, holm, paired, sign_flip


def naive(d: list[float]) -> float:
    sums = [sum(s * x for s, x in zip(signs, d, strict=True)) for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(s >= sum(d) - 1e-12 for s in sums) / len(sums)


@pytest.mark.parametrize("seed", range(5))
def test_sign_flip_counts_all_signs(seed: int) -> None:
    d = np.random.default_rng(seed).normal(0.3, 1.0, 8).tolist()
    assert sign_flip(d) == naive(d)


def test_sign_flip_by_hand() -> None:
    assert sign_flip([1.0, 2.0]) == 0.25
    assert sign_flip([1.0, -1.0]) == 0.75
    assert sign_flip([0.0, 0.0]) == 1.0
    assert sign_flip([1.0] * 16) == 2.0**-16


def test_sign_flip_is_exact_under_the_null() -> None:
    """Over all signs of fixed sizes, P(p <= a) <= a for every a, and the smallest p is reached."""
    sizes = [0.3, 1.1, 0.7, 2.0, 0.1]
    ps = [sign_flip([s * x for s, x in zip(g, sizes, strict=True)]) for g in itertools.product((1, -1), repeat=5)]
    for a in ps:
        assert np.mean(np.asarray(ps) <= a) <= a
    assert min(ps) == 1 / 32


def level(plus: float, minus: float, share: float, pairs: int, a: float) -> float:
    """Exact ``P(sign_flip <= a)`` for independent differences ``plus`` with probability ``share``, else ``minus``."""
    found = 0.0
    for k in range(pairs + 1):
        if sign_flip([plus] * k + [minus] * (pairs - k)) <= a:
            found += math.comb(pairs, k) * share**k * (1.0 - share) ** (pairs - k)
    return found


def test_the_level_holds_for_symmetry_and_not_for_a_mean() -> None:
    """Twelve differences, at .025: symmetric about 0 or less, and skewed with mean 0. Enumerated, not sampled."""
    assert level(1.0, -1.0, 0.5, 12, 0.025) <= 0.025
    assert pytest.approx(0.0) == 0.9 * 1.0 + 0.1 * -9.0
    assert level(1.0, -9.0, 0.9, 12, 0.025) == pytest.approx(0.9**12)  # .282: all twelve are +1
    assert level(1.0, -9.0, 0.9, 12, 0.025) > 0.28
    assert level(9.0, -1.0, 0.1, 12, 0.025) < 0.025  # skewed to the other side it is too careful
    for centre in (0.0, -0.2):  # symmetric about a number at or below 0
        assert level(1.0 + centre, -1.0 + centre, 0.5, 12, 0.025) <= 0.025


def test_what_is_said_of_a_finding_is_what_was_tested() -> None:
    """A finding on twelve differences of mean 0 is true of their symmetry, and the words claim no more."""
    skewed = {"skewed": paired([1.0] * 12, [0.0] * 12)}  # the draw that comes with probability .28
    assert findings(skewed, 0.05)["skewed"][0] == "supported"
    assert "symmetry" in TESTED
    assert "mean only where" in TESTED
    for text in (sign_flip.__doc__, Paired.__doc__, findings.__doc__):
        assert text is not None
        assert "symmetr" in text


def test_paired_margin_is_non_inferiority() -> None:
    a, b = [0.90] * 10, [0.903] * 10
    assert paired(a, b).p_greater == 1.0
    assert paired(a, b, margin=-0.005).p_greater == 2.0**-10
    assert paired(a, b, margin=-0.002).p_greater == 1.0  # negative control: a stricter margin is missed


def test_holm_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})


def test_findings_name_the_side() -> None:
    up, down, none = [0.01] * 10, [-0.01] * 10, [0.01, -0.01] * 5
    zero = [0.0] * 10
    found = findings({"u": paired(up, zero), "d": paired(down, zero), "n": paired(none, zero)}, 0.05)
    assert {name: one[0] for name, one in found.items()} == {"u": "supported", "d": "contradicted", "n": "open"}


@pytest.mark.parametrize("d", [[], [0.1] * 23, [float("nan")]])
def test_sign_flip_refuses(d: list[float]) -> None:
    with pytest.raises(SltkError, match="sign_flip"):
        sign_flip(d)


@pytest.mark.parametrize(("family", "pairs"), [(1, 6), (3, 7), (11, 9)])
def test_fewest_pairs_can_decide_and_one_fewer_cannot(family: int, pairs: int) -> None:
    assert fewest_pairs(family, 0.05) == pairs
    for count, finding in ((pairs, "supported"), (pairs - 1, "open")):
        clear = {str(k): paired([1.0 + i for i in range(count)], [0.0] * count) for k in range(family)}
        assert {found for found, _ in findings(clear, 0.05).values()} == {finding}
