"""Claims across bases on made-up curves: who is held against whom, over which densities, in which setting."""

from typing import Any

import numpy as np
import pytest

from sltk.studies.findings import NO_VERDICT
from sltk.studies.imp_bases import ImpJob
from sltk.studies.imp_claims import judge

SEEDS = 12
JOB = ImpJob(bases=("canonical", "dct", "low-rank"), seeds=SEEDS)
BESIDE = "canonical, dense classifier"


def arm(slope: float, kept: Any = None, live: Any = None, epochs: float = 12.0) -> dict[str, Any]:
    """Accuracy linear in log density, a little different from seed to seed."""
    at = np.asarray(JOB.densities if kept is None else kept)
    rounds = np.arange(1, at.size + 1)
    tests = [(0.9 + slope * np.log(at) - 1e-4 * seed).tolist() for seed in range(SEEDS)]
    return {
        "test": tests, "density": [at.tolist()] * SEEDS, "live": [(at if live is None else live).tolist()] * SEEDS,
        "epochs": [(epochs * rounds).tolist()] * SEEDS, "steps": [(17 * epochs * rounds).tolist()] * SEEDS,
        "multiply_adds": [(1e6 * rounds).tolist()] * SEEDS, "network": "64-100-60-10",
    }  # fmt: skip


def found(**arms: dict[str, Any]) -> dict[str, Any]:
    own = {"canonical": arm(0.03), "dct": arm(0.02), "low-rank": arm(0.03), BESIDE: arm(0.02)}
    return {basis: {"ticket": parts} for basis, parts in (own | arms).items()}


def judged(outputs: dict[str, Any], claim: str) -> dict[str, Any]:
    return {one.basis: one for one in judge(JOB, outputs) if one.claim == claim}


def test_groups_are_held_against_the_canonical_run_with_a_dense_classifier() -> None:
    """Low rank equals the canonical run that prunes its classifier, and is worse than the one that does not."""
    one = judged(found(), "3 beats canonical over densities")
    assert {basis: each.finding for basis, each in one.items()} == {"dct": "supported", "low-rank": "contradicted"}
    assert "classifier dense" in one["low-rank"].setting
    assert "classifier pruned" in one["dct"].setting
    without = {basis: parts for basis, parts in found().items() if basis != BESIDE}
    assert set(judged(without, "3 beats canonical over densities")) == {"dct"}


def test_equal_functions_of_the_density_are_equal_whatever_was_asked() -> None:
    """Round 0 of low rank has density 1.6: by densities asked it would look better than the same curve."""
    kept = 1.6 * np.asarray(JOB.densities)
    outputs = found(**{"low-rank": arm(0.02, kept)})
    one = judged(outputs, "3 beats canonical over densities")["low-rank"]
    assert one.comparison.mean == pytest.approx(0.0, abs=1e-12)
    assert one.finding == "open"
    ours, theirs = (np.asarray(outputs[basis]["ticket"]["test"]) for basis in ("low-rank", BESIDE))
    assert (ours - theirs).min() > 0.005  # control: round by round


def test_by_live_density_dead_weights_are_no_help() -> None:
    """A third of what is kept is live: the same accuracy at a third of the density."""
    third = np.asarray(JOB.densities) / 3.0
    outputs = found(**{"low-rank": arm(0.02, live=third)})
    assert judged(outputs, "3 beats canonical over densities")["low-rank"].finding == "open"
    live = judged(outputs, "3 beats canonical over live ones")["low-rank"]
    assert live.finding == "supported"
    assert live.comparison.mean == pytest.approx(0.02 * np.log(3.0))


def test_what_never_was_extreme_is_not_compared_there() -> None:
    kept = np.maximum(JOB.densities, 0.06)
    assert set(judged(found(**{"low-rank": arm(0.02, kept)}), "3 beats canonical when extreme")) == {"dct"}


def test_another_budget_gets_no_verdict() -> None:
    one = judged(found(dct=arm(0.02, epochs=24.0)), "3 beats canonical over densities")
    assert one["dct"].finding == NO_VERDICT
    assert one["low-rank"].finding == "contradicted"
