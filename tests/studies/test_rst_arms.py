"""RST and its rivals: one budget for all, a verdict's setting, the paper's preset, and what a cut takes."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from rich.console import Console

from sltk.core.errors import SltkError
from sltk.models.dense import dense_network
from sltk.studies.findings import NO_VERDICT
from sltk.studies.networks import least_fan_in, network_name
from sltk.studies.rst_arms import ARMS, RstJob, lengths, measure_arm
from sltk.studies.rst_claims import judge, settings
from sltk.studies.tables import arm_table, emptied
from sltk.train.loop.penalties import GrowingL2
from sltk.train.methods.rst import paper_rst
from sltk.train.phases.cut import Cut
from sltk.train.phases.train import Train
from sltk.train.runner import run
from tests.train.engine_task import dense, small_task, state_of

ROWS = 1150  # of the training part of digits
TINY = RstJob(hidden=(12,), densities=(0.3,), seeds=2, epochs=2, final_epochs=1)


def steps(job: RstJob, arm: str) -> float:
    """Of all trainings of an arm, in rows seen, by its phases."""
    method, setup = ARMS[arm](job, ROWS, 0.1)
    trains = [phase for phase in method.phases(setup, ROWS) if isinstance(phase, Train)]
    return sum(train.steps / (ROWS // train.recipe.batch) for train in trains)


@pytest.mark.parametrize("job", [RstJob(), RstJob(epochs=7, final_epochs=3), RstJob(preset="paper"),
                                 RstJob(preset="paper", shrink=0.01)])  # fmt: skip
def test_every_arm_has_the_same_budget(job: RstJob) -> None:
    total = steps(job, "rst")
    assert all(steps(job, arm) == pytest.approx(total, rel=0.005) for arm in ARMS)
    assert total > 9


def test_by_their_own_lengths_they_have_not() -> None:
    """The lengths that the docs once had: RST 48 epochs, LTH in five rounds 72."""
    own = RstJob(epochs=36, final_epochs=12, budgets="own")
    assert steps(own, "rst") == pytest.approx(48, rel=0.005)
    assert steps(own, "lth, 5 rounds") == pytest.approx(72, rel=0.005)


def test_no_verdict_across_unequal_budgets() -> None:
    for budgets, wanted in (("equal", False), ("own", True)):
        job = replace(TINY, budgets=budgets)
        found = {arm: measure_arm(job, arm) for arm in ("rst", "lth, 5 rounds", "scratch")}
        judged = judge(job, found)
        assert {one.finding == NO_VERDICT for one in judged} == {wanted}
        assert all("epochs" in one.budgets and "64-12-10" in one.setting for one in judged)


def test_the_preset_of_the_command_is_judged() -> None:
    job = RstJob(preset="paper", shrink=0.001, hidden=(12, 8), densities=(0.3,), seeds=2)
    found = {arm: measure_arm(job, arm) for arm in ("rst", "scratch", "lth, 5 rounds")}
    judged = judge(job, found)
    assert {one.finding for one in judged} == {"open"}
    assert all("paper preset" in one.setting and "first and last layer dense" in one.setting for one in judged)
    kept = (64 * 12 + round(0.3 * 12 * 8) + 8 * 10) / (64 * 12 + 12 * 8 + 8 * 10)
    assert found["rst"]["density"] == [[pytest.approx(kept)] * 2]


def test_a_verdict_names_its_setting() -> None:
    parts = {"network": "64-100-60-10", "fan_in": 64, "epochs": [[72.0] * 2] * 4}
    said = settings(RstJob(), parts)[0.02]
    for part in ("64-100-60-10", "1.28 inputs a unit", "last layer dense", "72 epochs", "cap 1"):
        assert part in said
    assert "first and last layer dense" in settings(RstJob(preset="paper"), parts)[0.1]


def test_networks_are_named_by_their_sizes_and_inputs() -> None:
    module = dense_network((64, 100, 60, 10), 0)
    assert network_name("dense", module) == "64-100-60-10"
    assert network_name("resnet-20", module) == "resnet-20"
    assert least_fan_in(module, RstJob().scope("layerwise")) == 64
    assert least_fan_in(module, RstJob(dense_first=True).scope("layerwise")) == 100


def test_rows_and_table_state_budgets_and_live_densities() -> None:
    found = {"rst": measure_arm(TINY, "rst"), "scratch": measure_arm(TINY, "scratch")}
    assert found["rst"]["steps"] == [[48, 48]]
    assert found["rst"]["multiply_adds"][0][0] > found["scratch"]["multiply_adds"][0][0]
    assert 0 < found["rst"]["live"][0][0] <= found["rst"]["density"][0][0] < 1
    console = Console(width=200, record=True, quiet=False)
    console.print(arm_table(TINY, found))
    text = console.export_text()
    assert all(word in text for word in ("epochs", "steps", "multiply", "live", "48"))


def test_stacks_of_any_size_give_the_same_rows() -> None:
    one = measure_arm(replace(TINY, stack=1), "rst")
    both = measure_arm(replace(TINY, stack=2), "rst")
    assert one["density"] == both["density"]
    assert one["test"] == both["test"]
    assert torch.allclose(torch.tensor(one["mass"]), torch.tensor(both["mass"]), rtol=1e-3)


def test_a_small_mean_of_many_masked_weights_is_a_large_cut() -> None:
    """47 masked weights, each .012 of the one that is kept: by the mean next to nothing is left, in all it is half."""
    state = state_of(dense, seeds=(0,))
    with torch.no_grad():
        for ticket in state.replicas.tickets.values():
            ticket.mask.zero_()
            ticket.mask.flatten(1)[:, ::48] = True
            ticket.coefficients.copy_(torch.where(ticket.mask, 1.0, 0.012))
    Cut().run(state)
    (row,) = state.rows
    assert row["ratio"] == pytest.approx(0.012, rel=1e-5)
    assert row["masked_per_kept"] == 47.0
    assert row["mass"] == pytest.approx(47 * 0.012, rel=1e-5)


def test_the_layer_that_stays_dense_does_not_count_as_kept() -> None:
    state = state_of(dense, seeds=(0,))
    t = state.replicas.tickets["1.weight"]
    with torch.no_grad():
        t.mask[:, :, 8:] = False
        t.coefficients.fill_(1.0)
        state.replicas.tickets["3.weight"].coefficients.fill_(100.0)
    Cut().run(state)
    assert state.rows[0]["mass"] == 1.0


def said(mass: float, before: float, after: float) -> str:
    parts: dict[str, Any] = {"mass": [[mass]], "ratio": [[mass / 49]], "masked_per_kept": [[49.0]],
                             "before cut": [[before]], "after cut": [[after]]}  # fmt: skip
    return emptied(RstJob(densities=(0.02,)), {"rst": parts})


def test_what_is_printed_of_the_cut() -> None:
    assert "NOT everywhere below 0.02" in said(0.59, 0.806, 0.579)
    assert "costs 22.7 points" in said(0.59, 0.806, 0.579)
    assert "NOT" not in said(0.001, 0.8, 0.8)


def test_the_paper_preset_of_the_python_api() -> None:
    method, setup = paper_rst(0.1, 50_000, seeds=(0, 1))
    assert (method.scope.dense_first, method.scope.dense_last, method.scope.kind) == (True, True, "layerwise")
    assert isinstance(method.penalty, GrowingL2)
    assert method.penalty.strength(50_000) == method.penalty.strength(90_000) == 1.0
    assert method.penalty.strength(49_999) < 1.0
    transform, final = (phase for phase in method.phases(setup, 50_000) if isinstance(phase, Train))
    assert (transform.steps, transform.recipe.rate_at(60_000), transform.recipe.batch) == (90_000, 1e-3, 64)
    assert final.steps == 200 * (50_000 // 128)
    assert [round(final.recipe.rate_at(epoch * 390), 6) for epoch in (0, 99, 100, 149, 150, 199)] == [
        0.1, 0.1, 0.01, 0.01, 0.001, 0.001,
    ]  # fmt: skip
    with pytest.raises(SltkError, match="shrink"):
        paper_rst(0.1, 100, shrink=2.0)


def test_the_paper_preset_runs_with_first_and_last_layer_dense() -> None:
    def three(seed: int) -> torch.nn.Module:
        torch.manual_seed(seed)
        return torch.nn.Sequential(dense(seed), torch.nn.ReLU(), torch.nn.Linear(4, 4))

    method, setup = paper_rst(0.25, 240, shrink=0.0002, seeds=(0,))
    outcome = run(method, three, small_task(), setup)
    masks = list(outcome.masks.values())
    assert bool(masks[0].all())
    assert bool(masks[-1].all())
    assert int(masks[1].sum()) == 12
    own = lengths(RstJob(preset="paper"), 40_000)  # the training part of CIFAR-10
    assert (own.transform, own.final) == (90_000, 200 * (40_000 // 128))
