"""The independent program: it confirms the certified sizes, and it refuses what is not so (mutations)."""

from fractions import Fraction

from proofs_checks import width_certificate as checker

EPS, SLACK = Fraction(0.01), Fraction(1, 256)


def test_one_sample_less_is_not_confirmed():
    assert checker.failure_bound(32, EPS, SLACK, Fraction(1), checker.uniform_gain) > Fraction(1, 20)


def test_a_dropped_factor_is_seen():
    """Half of the gain (the density of one sign only) does not give 33."""

    def half(length, covered):
        return checker.uniform_gain(length, covered) / 2

    assert checker.failure_bound(33, EPS, SLACK, Fraction(1), half, cells=300) > Fraction(1, 2)


def test_smaller_handover_lines_are_refused():
    from sltk.subset_sum.laws import Uniform
    from sltk.subset_sum.widths.handover import handover

    pair = handover(Uniform(1.0), 4, 0.0035, 0.5035, 1.4)
    numbers = [Fraction(v) for v in (0.0035, 0.5035, 1.4, pair.inner, pair.outer)]
    assert checker.handover_gap(4, *numbers) >= 0
    numbers[3] *= Fraction(98, 100)
    numbers[4] *= Fraction(98, 100)
    assert checker.handover_gap(4, *numbers) < 0


def test_a_wrong_width_moves_an_entry():
    """The exact integral tells bins of width 1/2 from bins of width 0.501."""
    t = checker.Mu(Fraction(1, 2), Fraction(5, 4), Fraction(1), Fraction(1, 2))
    values = []
    for width in (Fraction(1, 2), Fraction(501, 1000)):
        parts = [checker.density_of_sum(m, width, g * width) for m, g in ((1, 0), (1, -1), (2, 0))]
        values.append(checker.exact_entry(*parts, Fraction(1, 64), t))
    assert abs(float(values[0] - values[1])) > 1e-9


def test_bins_that_are_no_stratification_are_refused():
    """Both passed the package once; the last weighs too much."""
    half = Fraction(1, 2)
    assert checker.bins_hold("uniform(1.0)", half, (-2, -1, 0, 1))
    assert not checker.bins_hold("uniform(1.0)", half, (0, -1, -2, 1))
    assert not checker.bins_hold("uniform(1.0)", half, (-1, -1, 0, 0))
    assert not checker.bins_hold("uniform(1.0)", half, (-2, 0, 1))
    assert checker.bins_hold("normal(1.0)", Fraction(3, 4), (-2, -1, 0, 1))
