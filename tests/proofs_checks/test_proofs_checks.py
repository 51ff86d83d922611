"""The checks of the proofs: each passes with every mutation caught, and the machinery can tell when not.

The drawn steps use fixed seeds. There are seven of them, each an exact binomial or Dvoretzky-Kiefer-Wolfowitz test with
a false alarm of at most 1e-9, 7e-9 in all. Their mutations are rejected with a probability above .999 (exact power).
"""

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks import TRUSTED
from proofs_checks.__main__ import main
from proofs_checks._check import ProofCheck, ProofStep, Refuted, execute, require
from proofs_checks._interval import ball, prove_bound, prove_positive, taylor
from proofs_checks._registry import keys, load
from proofs_checks._sample import agrees, follows
from proofs_checks._widths import closed_form, closed_form_ball
from sltk.claims import registry
from sltk.core.errors import SltkError


@pytest.mark.parametrize("key", sorted(keys()))
def test_every_check_holds_and_every_mutation_of_it_fails(key: str):
    outcome = execute(load(key))
    assert outcome.failures == []
    assert outcome.missed == []
    assert outcome.steps >= 1
    assert outcome.mutations >= outcome.steps


def test_every_claim_is_checked_or_trusted_for_a_reason():
    assert set(registry()) == {*keys(), *TRUSTED}
    assert all(reason.strip() for reason in TRUSTED.values())


def step(run, **changes) -> ProofStep:
    return ProofStep("x", run, {"wrong": changes or {"value": 2}})


def is_one(value: int = 1) -> bool:
    return value == 1


def test_a_step_needs_a_mutation_that_changes_something():
    with pytest.raises(SltkError, match="has no mutation"):
        ProofStep("x", is_one, {})
    with pytest.raises(SltkError, match="changes nothing"):
        ProofStep("x", is_one, {"same": {}})
    with pytest.raises(SltkError, match="names of their own"):
        ProofCheck("a-key", (step(is_one), step(is_one)), "what")
    with pytest.raises(SltkError, match="does not say what it covers"):
        ProofCheck("a-key", (step(is_one),), " ")


def test_a_failing_step_and_a_missed_mutation_are_found():
    good = execute(ProofCheck("good", (step(is_one),), "what"))
    assert good.passed
    assert (good.steps, good.mutations) == (1, 1)
    wrong = execute(ProofCheck("wrong", (step(lambda value=2: is_one(value), value=3),), "what"))
    assert wrong.failures == ["x: does not hold"]
    blunt = execute(ProofCheck("blunt", (step(lambda value=1: value < 3),), "what"))
    assert blunt.missed == ["x [wrong] still holds"]
    assert not blunt.passed


def test_a_mutation_that_breaks_the_step_is_no_refutation():
    broken = execute(ProofCheck("broken", (step(lambda value=1: 1 // (2 - value) == 1),), "what"))
    assert "broke instead of being refuted: ZeroDivisionError" in broken.missed[0]
    silent = execute(ProofCheck("silent", (step(lambda value=1: None if value == 2 else True),), "what"))  # pyright: ignore
    assert "TypeError" in silent.missed[0]


def refuses(value: int = 1) -> bool:
    require(value == 1, f"{value} is not 1")
    return True


def test_a_refutation_carries_its_reason():
    assert execute(ProofCheck("refuses", (step(refuses),), "what")).passed
    found = execute(ProofCheck("refuses", (step(lambda value=5: refuses(value)),), "what"))
    assert found.failures == ["x: 5 is not 1"]


def test_extent_follows_from_what_is_trusted():
    assert ProofCheck("a-key", (step(is_one),), "what").extent == "proved"
    assert ProofCheck("a-key", (step(is_one),), "what", ("a theorem",)).extent == "partly"


def test_bisection_proves_true_bounds_and_no_others():
    assert prove_positive(lambda x: x * x - x + ball("26/100"), 0, 1) > 1
    with pytest.raises(Refuted, match=r"not positive at 0\.5"):
        prove_positive(lambda x: x * x - x + ball("24/100"), 0, 1)
    with pytest.raises(Refuted, match="undecided"):
        prove_positive(lambda x: (3 * x - 1) * (3 * x - 1), 0, 1)
    prove_bound(lambda x: x.exp(), -1, 1, "2.7183")
    with pytest.raises(Refuted):
        prove_bound(lambda x: x.exp(), -1, 1, "2.7182")


def test_taylor_coefficients_hold_their_values_and_refuse_poles():
    third = taylor(lambda s: s.exp(), 3)
    value = third(ball(0).union(ball("1/8")))
    assert value.contains(1 / ball(6))
    assert value.contains(ball("1/8").exp() / 6)
    assert not value.contains(ball("1/4").exp() / 6)
    assert not taylor(lambda s: 1 / s, 1)(ball(-1).union(ball(1))).is_finite()


def test_samplers_refuse_what_is_off():
    assert agrees(500, 1000, 0.5)
    with pytest.raises(Refuted, match="p-value"):
        agrees(620, 1000, 0.5)
    uniform = np.random.default_rng(1).random(20_000)
    assert follows(uniform, lambda x: x)
    with pytest.raises(Refuted, match="empirical cdf"):
        follows(uniform, lambda x: x**1.2)


def test_widths_in_balls_are_the_widths_in_rationals():
    for e, delta in ((Fraction(1, 10), Fraction(1, 20)), (Fraction(1, 1000), Fraction(1, 7))):
        exact = closed_form(Fraction(1), Fraction(1, 2), e, delta)
        assert closed_form_ball(ball(1), ball("1/2"), e, delta) == exact
    with pytest.raises(Refuted, match="not decided"):
        closed_form_ball(ball(1), ball("1/2"), Fraction(1), Fraction(2) * Fraction(3, 4) ** 5)


def test_the_table_prints_and_an_unknown_key_does_not(capsys: pytest.CaptureFixture[str]):
    assert main(["counting-floor", "universal-tickets"]) == 0
    printed = capsys.readouterr().out
    assert "proved" in printed
    assert "trusted" in printed
    assert "1 checks: 3 of 3 steps hold, 3 of 3 mutations caught" in printed
    assert main(["no-such-claim"]) == 2
    assert "no-such-claim" in capsys.readouterr().err


def test_a_failure_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from proofs_checks import counting_floor

    wrong = ProofCheck("counting-floor", (step(lambda value=2: is_one(value), value=3),), "what")
    monkeypatch.setattr(counting_floor, "CHECK", wrong)
    assert main(["counting-floor"]) == 1
    assert "FAILED   counting-floor: x: does not hold" in capsys.readouterr().out
    monkeypatch.setattr(counting_floor, "CHECK", None)
    assert main(["counting-floor"]) == 1
    assert "needs a CHECK" in capsys.readouterr().out
