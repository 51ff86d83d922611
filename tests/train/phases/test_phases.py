"""Phases: what each writes and what it leaves alone, bit for bit."""

import itertools
from dataclasses import replace

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.train.loop.evaluation import density, replica_loss
from sltk.train.loop.penalties import GrowingL2
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import batch_rows
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.phases.base import run_phases
from sltk.train.phases.cut import Cut, masked_over_kept
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Open, Prune
from sltk.train.phases.rewind import Anchor, Rewind
from sltk.train.phases.train import Train
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.scores import random
from sltk.train.setup import Setup
from tests.train.engine_task import conv, dense, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-2, batch=40)
ORTHONORMAL = ("dct", "dct-input", "haar", "permuted-dct", "hadamard", "svd")


def weights(state) -> dict[str, torch.Tensor]:
    return {name: t().detach().clone() for name, t in state.replicas.tickets.items()}


@pytest.mark.parametrize("basis", ORTHONORMAL)
def test_round_zero_agrees_across_orthonormal_bases_under_sgd(basis: str) -> None:
    plain = run_phases(state_of(dense, dtype=torch.float64), [Train(20, RECIPE)])
    other = run_phases(state_of(dense, basis=basis, dtype=torch.float64), [Train(20, RECIPE)])
    for name, weight in weights(plain).items():
        assert torch.allclose(weights(other)[name], weight, atol=1e-10)


def test_round_zero_under_adam_does_not_agree() -> None:
    """Negative control: Adam acts number by number, so a rotation changes it."""
    adam = TrainingRecipe("adam", rate=0.01, batch=40)
    plain = run_phases(state_of(dense, dtype=torch.float64), [Train(20, adam)])
    other = run_phases(state_of(dense, basis="haar", dtype=torch.float64), [Train(20, adam)])
    assert not torch.allclose(weights(other)["1.weight"], weights(plain)["1.weight"], atol=1e-3)


@pytest.mark.parametrize("basis", ["dct", "haar"])
def test_training_c_under_a_mask_is_projected_sgd_of_theta(basis: str) -> None:
    state = state_of(dense, seeds=(0,), basis=basis, dtype=torch.float64)
    run_phases(state, [Prune(0.3)])
    tickets = state.replicas.tickets
    theta = {n: t().detach().clone() for n, t in tickets.items()}
    rest = {n: p.detach().clone() for n, p in state.replicas.rest.items()}
    velocity = {n: torch.zeros_like(v) for n, v in (theta | rest).items()}
    for position in range(6):
        rows = batch_rows((0,), position, 40, 240)
        for v in (theta | rest).values():
            v.requires_grad_(True)
        out = state.replicas.train().template
        named = {n: v[0] for n, v in (theta | rest).items()}
        y = torch.func.functional_call(out, named, (state.task.train.x[rows[0]],))
        grads = torch.autograd.grad(replica_loss(y[None], state.task.train.y[rows]), list((theta | rest).values()))
        with torch.no_grad():
            for (n, v), g in zip((theta | rest).items(), grads, strict=True):
                velocity[n] = 0.9 * velocity[n] + g + 1e-2 * v
                step = velocity[n]
                if n in tickets:  # project on the span of the kept coefficients
                    t = tickets[n]
                    step = t.basis.synthesise(torch.where(t.gate, t.basis.analyse(step), 0.0))
                v -= 0.1 * step
    run_phases(state, [Prune(0.3), Train(6, RECIPE)])
    for name, weight in weights(state).items():
        assert torch.allclose(weight, theta[name], atol=1e-10)


@pytest.mark.parametrize("basis", ["canonical", "dct"])
def test_mistake_pruned_weights_revived_by_momentum_or_weight_decay(basis: str) -> None:
    state = run_phases(state_of(conv, basis=basis), [Train(5, RECIPE), Prune(0.2)])
    state.cursor = 0
    seen = []

    def watch(tickets) -> None:
        seen.append(all((t.gated()[~t.mask] == 0).all() for t in tickets.values()))
        if basis == "canonical":
            seen.append(all((t()[~t.mask] == 0).all() for t in tickets.values()))

    run_phases(state, [Train(10, RECIPE, fresh=False, refresh=watch)])  # the momentum of before goes on
    assert seen
    assert all(seen)
    moved = [t.coefficients[~t.mask] for t in state.replicas.tickets.values()]
    assert all(m.abs().sum() > 0 for m in moved)  # negative control: c itself does move there


def test_mistake_rewinding_that_aliases_the_stored_tensor() -> None:
    state = state_of(conv)
    before = {n: v.detach().clone() for n, v in state.values().items()}
    run_phases(state, [Anchor("k"), Train(6, RECIPE), Rewind("k"), Train(6, RECIPE)])
    stored, position = state.anchors["k"]
    assert position == 0
    assert all(torch.equal(stored[n], before[n]) for n in before)
    Rewind("k").run(state)
    assert all(torch.equal(v, before[n]) for n, v in state.values().items())
    aliased = {n: v.detach() for n, v in state.values().items()}  # negative control: no copy
    Train(2, RECIPE).run(state)
    assert not all(torch.equal(aliased[n], before[n]) for n in before)


def test_rewinding_the_rate_alone_keeps_the_weights_and_the_batches_come_again() -> None:
    state = run_phases(state_of(dense), [Anchor("k"), Train(6, RECIPE)])
    trained = {n: v.detach().clone() for n, v in state.values().items()}
    Rewind("k", weights=False).run(state)
    assert state.position == 0
    assert all(torch.equal(v, trained[n]) for n, v in state.values().items())


@pytest.mark.parametrize("basis", ["canonical", "dct", "hadamard"])
def test_masks_are_monotone_and_counts_exact_through_imp(basis: str) -> None:
    state, masks = state_of(dense, basis=basis), []
    for phase in Imp(0.1, densities=(0.5, 0.25, 0.1)).phases(Setup(steps=5, recipe=RECIPE), 240):
        phase.run(state)
        if isinstance(phase, Prune):
            masks.append(torch.cat([t.mask.flatten(1) for t in state.replicas.tickets.values()], 1))
    assert [m.sum(1).tolist() for m in masks] == [[120] * 2, [60] * 2, [24] * 2]
    for early, late in itertools.pairwise(masks):
        assert not (late & ~early).any()


def test_a_larger_density_later_revives_nothing() -> None:
    state = run_phases(state_of(dense), [Prune(0.2)])
    before = {name: t.mask.clone() for name, t in state.replicas.tickets.items()}
    run_phases(state, [Prune(0.2), Prune(0.5)])
    assert all(torch.equal(t.mask, before[name]) for name, t in state.replicas.tickets.items())
    run_phases(state, [Prune(0.2), Prune(0.5), Open(), Prune(0.5)])  # negative control: after Open more are kept
    assert density(state.replicas) == [0.5, 0.5]


def test_followers_take_structure_and_counts_from_their_ticket() -> None:
    arms = ("ticket", "reinitialised", "random")
    state = state_of(dense, seeds=(5, 5, 5), arms=arms)
    follow = {"reinitialised": "same", "random": "random"}
    run_phases(state, [Train(5, RECIPE), Prune(0.5, followers=follow), Prune(0.2, followers=follow)])
    for ticket in state.replicas.tickets.values():
        assert torch.equal(ticket.mask[0], ticket.mask[1])
        assert not torch.equal(ticket.mask[0], ticket.mask[2])
        assert int(ticket.mask[0].sum()) == int(ticket.mask[2].sum())


def test_rst_with_lambda_zero_is_dense_then_cut() -> None:
    setup = Setup(steps=15, recipe=RECIPE)
    slow, final = TrainingRecipe(rate=0.025, decay=1e-2, batch=40), setup.timed(240, epochs=2)
    assert final == (replace(RECIPE, total=12), 12)
    lone = Rst(0.3, final_epochs=2, penalty=GrowingL2(0.0, 1, 0.0))
    rst = run_phases(state_of(dense), lone.phases(setup, 240))
    trained = [Train(15, slow), Prune(0.3, random, Scope("layerwise")), Train(12, final[0])]
    by_hand = run_phases(state_of(dense), trained)
    pushed = replace(lone, penalty=GrowingL2(0.2, 1, 1.0))
    grown = run_phases(state_of(dense), pushed.phases(setup, 240))
    for name, value in by_hand.values().items():
        assert torch.equal(rst.values()[name], value)
    assert not torch.equal(grown.values()["c:1.weight"], rst.values()["c:1.weight"])  # negative control


def test_the_penalty_empties_what_the_cut_takes() -> None:
    slow = TrainingRecipe(rate=0.05, batch=40)
    pushed = Train(150, slow, penalty=GrowingL2(0.01, 1, 1.0))
    state = run_phases(state_of(dense), [Prune(0.3, random, soft=True), pushed])
    assert max(own["ratio"] for own in masked_over_kept(state.replicas.tickets)) < 0.02
    plain = run_phases(state_of(dense), [Prune(0.3, random, soft=True), Train(150, slow)])
    assert min(own["ratio"] for own in masked_over_kept(plain.replicas.tickets)) > 0.3  # negative control


def test_cut_recomputes_batch_norm_statistics() -> None:
    state = run_phases(state_of(conv), [Train(10, RECIPE), Prune(0.1, soft=True)])
    before = state.replicas.statistics["1.running_mean"].clone()
    Cut().run(state)
    after = state.replicas.statistics["1.running_mean"]
    assert not torch.allclose(before, after)
    again = after.clone()
    Cut().run(state)
    assert torch.allclose(again, after)  # a function of weights and data alone


def test_open_measure_and_missing_anchor() -> None:
    state = run_phases(state_of(dense), [Prune(0.5), Open(), Measure("x")])
    assert density(state.replicas) == [1.0, 1.0]
    spent = {"epochs", "steps", "multiply_adds"}
    assert {"label", "seed", "arm", "density", "live", "validation", "test", "loss"} | spent == set(state.rows[0])
    with pytest.raises(SltkError, match="no anchor"):
        Rewind("y").run(state)


def test_divergence_is_said_and_not_reported_as_a_result() -> None:
    with pytest.raises(SltkError, match="diverged"):
        run_phases(state_of(dense), [Train(60, TrainingRecipe(rate=1e6, batch=40))])
