"""Verdicts: none across unequal budgets, and areas over densities that were achieved."""

import math

import numpy as np
import pytest

from sltk.studies.areas import area, areas
from sltk.studies.findings import NO_VERDICT, Spent, compared, judged_claims

BETTER, WORSE = [0.9 + 0.001 * n for n in range(12)], [0.8] * 12


def spent(epochs: float, products: float = 1e9) -> Spent:
    return Spent([epochs] * 12, [products] * 12)


def test_unequal_budgets_get_no_verdict_and_do_not_weigh_on_the_others() -> None:
    """72 epochs against 48, as the docs once had them; the control has 72 against 72, and fewer multiply-adds."""
    fair = compared(BETTER, WORSE, (spent(72), spent(72, 1e6)), setting="here")
    unfair = compared(BETTER, WORSE, (spent(48), spent(72)), setting="there")
    alone = judged_claims({"claim": {"fair": fair}})[0]
    first, second = judged_claims({"claim": {"unfair": unfair, "fair": fair}})
    assert (first.finding, first.p_value) == (NO_VERDICT, 1.0)
    assert "48 epochs" in first.budgets
    assert "72 epochs" in first.budgets
    assert (second.finding, second.p_value, second.setting) == ("supported", alone.p_value, "here")
    assert alone.p_value == 2**-12


def test_one_seed_of_another_budget_is_enough_to_refuse() -> None:
    mixed = Spent([72.0] * 11 + [70.0], [1e9] * 12)
    (found,) = judged_claims({"claim": {"here": compared(BETTER, WORSE, (mixed, spent(72)), setting="")}})
    assert found.finding == NO_VERDICT


def test_whole_steps_may_differ_by_less_than_half_a_percent() -> None:
    assert compared(BETTER, WORSE, (spent(72.0), spent(72.3)), setting="").equal
    assert not compared(BETTER, WORSE, (spent(72.0), spent(72.5)), setting="").equal


def test_an_area_goes_by_what_was_achieved() -> None:
    """Asked 1, .5, .25; achieved 1.6, .8, .4: the mean of a line in log density is its value in the middle."""
    achieved, line = [1.6, 0.8, 0.4], [3.0, 2.0, 1.0]
    assert area(achieved, line) == pytest.approx(2.0)
    assert area(achieved, line, high=1.6 / math.sqrt(2.0)) == pytest.approx(1.75)
    assert area(achieved, line, low=0.8) == pytest.approx(2.5)
    assert area([0.3, 0.3], [1.0, 0.0]) is None
    assert area([1.0, 0.1, 0.1], [1.0, 0.2, 0.4]) == pytest.approx(0.65)  # two rounds at one density: their mean
    assert area([1.0, 0.1, 0.0], [1.0, 0.5, 0.1]) == pytest.approx(0.75)  # a dead network has no density to stand at


def test_two_curves_are_compared_where_both_have_been() -> None:
    """Equal functions of the density have equal areas, whatever densities each was measured at."""
    curve = lambda *at: ([*at], [float(np.log(d)) for d in at])  # noqa: E731
    pairs = areas([curve(1.6, 0.5, 0.1)], [curve(1.0, 0.3, 0.05)])
    assert pairs is not None
    ((ours, theirs),) = pairs
    assert ours == pytest.approx(theirs)
    assert ours == pytest.approx(0.5 * math.log(0.1))
    assert areas([curve(1.0, 0.5, 0.2)], [curve(1.0, 0.3, 0.02)], below=0.05) is None  # never went so low
    # Control: over all that each has been at, the one that went lower looks worse.
    assert (area(*curve(1.0, 0.3, 0.05)) or 0) < (area(*curve(1.6, 0.5, 0.1)) or 0)
