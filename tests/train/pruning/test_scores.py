"""Scores of coefficients against their definitions."""

import pytest
import torch
from torch import Tensor, nn

from sltk.models.registry import model
from sltk.train.loop.evaluation import replica_loss
from sltk.train.loop.samples import Samples, Task
from sltk.train.loop.state import State
from sltk.train.phases.base import run_phases
from sltk.train.phases.prune import Prune
from sltk.train.pruning.choose import keep_count
from sltk.train.pruning.scores import magnitude, random, snip, synflow
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket
from tests.train.engine_task import dense, state_of


def test_snip_is_the_derivative_of_the_loss_by_a_gate() -> None:
    state = state_of(dense, seeds=(0,), dtype=torch.float64)
    tickets = state.replicas.tickets
    found = snip(state, tickets, batch=240)["3.weight"]
    t, x, y = tickets["3.weight"], state.task.train.x[None], state.task.train.y[None]
    with torch.no_grad():
        kept = float(t.coefficients[0, 1, 2])
        losses = []
        for factor in (1 + 1e-5, 1 - 1e-5):
            t.coefficients[0, 1, 2] = kept * factor
            losses.append(float(replica_loss(state.replicas(x), y)))
        t.coefficients[0, 1, 2] = kept
    assert float(found[0, 1, 2]) == pytest.approx(abs(losses[0] - losses[1]) / 2e-5, rel=1e-5)


def test_synflow_conserves_flow_and_looks_at_no_data() -> None:
    state = state_of(dense, dtype=torch.float64)
    for p in state.replicas.rest.values():
        p.data.zero_()
    scores = synflow(state, state.replicas.tickets)
    totals = [s.flatten(1).sum(1) for s in scores.values()]
    assert torch.allclose(totals[0], totals[1])  # without biases each layer carries the whole flow
    state.task.train.x.normal_()
    assert all(torch.equal(s, scores[n]) for n, s in synflow(state, state.replicas.tickets).items())


def test_magnitude_is_scaled_by_column_norms_where_needed() -> None:
    state = state_of(dense, basis="low-rank")
    t = state.replicas.tickets["1.weight"]
    a, b = t.coefficients.detach().split([12, 16], -1)
    found = magnitude(state, {"w": t})["w"]
    assert torch.allclose(found.square().sum(-1).sqrt(), 2**0.5 * a.norm(dim=-1) * b.norm(dim=-1), rtol=1e-4)


def test_random_masks_are_nested_paired_by_seed_and_of_their_own_for_each_seed() -> None:
    state = run_phases(state_of(dense, seeds=(1, 1, 2)), [Prune(0.5, random)])
    wide = {n: t.mask.clone() for n, t in state.replicas.tickets.items()}
    direct = run_phases(state_of(dense, seeds=(1, 1, 2)), [Prune(0.2, random)])
    for name, t in direct.replicas.tickets.items():
        assert torch.equal(t.mask[0], t.mask[1])
        assert not torch.equal(t.mask[0], t.mask[2])
        assert not (t.mask & ~wide[name]).any()


def deep_norms(seed: int) -> nn.Module:
    """Eighty convolutions with norms: on an input of ones its flow is far beyond float32."""
    torch.manual_seed(seed)
    blocks = (part for _ in range(80) for part in (nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()))
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), *blocks, nn.Flatten(), nn.Linear(128, 4))


def test_synflow_of_a_deep_network_is_finite_and_prunes() -> None:
    """Control: the same sum in float32 is not finite."""
    state = state_of(deep_norms, seeds=(0,))
    scores = synflow(state, state.replicas.tickets)
    assert all(bool(s.isfinite().all()) and bool((s > 0).any()) for s in scores.values())
    assert not all(bool(s.float().isfinite().all()) for s in scores.values())
    run_phases(state, [Prune(0.1, synflow)])
    assert all(bool(t.mask.any()) for t in state.replicas.tickets.values())


@pytest.mark.parametrize("score", [snip, synflow])
def test_scores_leave_the_run_as_it_was(score) -> None:
    state = state_of(deep_norms, seeds=(0,))
    before = {name: value.clone() for name, value in state.replicas.state_dict().items()}
    was = state.replicas.training
    score(state, state.replicas.tickets)
    assert state.replicas.training == was
    assert all(torch.equal(value, before[name]) for name, value in state.replicas.state_dict().items())
    assert all(p.grad is None for p in state.replicas.parameters())


@pytest.mark.parametrize("name", ["resnet-20", "resnet-56"])
def test_synflow_of_published_networks_is_finite_and_prunes(name: str) -> None:
    """Control: the flow of ResNet-56 is beyond float32, in which its scores are infinite and not numbers."""
    part = Samples(torch.zeros(4, 3, 8, 8), torch.arange(4))
    network = model(name, 0, input_shape=(3, 8, 8), classes=4)
    state = State(Replicas([network], (0,)), Task(part, part, part))
    kept: list[dict[str, Tensor]] = []

    def seen(state: State, tickets: dict[str, Ticket]) -> dict[str, Tensor]:
        kept.append(synflow(state, tickets))
        return kept[-1]

    run_phases(state, [Prune(0.2, seen)])
    scores = list(kept[0].values())
    assert all(bool(s.isfinite().all()) and bool((s > 0).any()) for s in scores)
    assert all(bool(s.float().isfinite().all()) for s in scores) == (name == "resnet-20")
    tickets = state.replicas.tickets.values()
    assert all(bool(t.mask.any()) for t in tickets)
    assert sum(t.kept for t in tickets) == keep_count(0.2, sum(t.mask.numel() for t in tickets))
