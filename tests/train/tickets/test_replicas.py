"""Replicas: stacked equals one by one, with batches, statistics and random numbers of each replica's own."""

import copy

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.train.bases import bases
from sltk.train.loop.evaluation import density, evaluate
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import batch_rows
from sltk.train.loop.state import State
from sltk.train.outcome import Outcome
from sltk.train.phases.base import run_phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.rewind import Anchor, Rewind
from sltk.train.phases.train import Train
from sltk.train.stacks import stack_size
from sltk.train.tickets.attach import detach, tickets
from sltk.train.tickets.replicas import Replicas
from tests.train.engine_task import conv, dense, small_task, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-3, batch=40, total=12)
PHASES = [Anchor(), Train(12, RECIPE), Prune(0.4), Rewind(), Train(12, RECIPE), Cut(), Measure("end")]


@pytest.mark.parametrize("make", [dense, conv])
@pytest.mark.parametrize("basis", ["canonical", "dct", "svd"])
def test_stacked_equals_one_by_one(make, basis: str) -> None:
    together = run_phases(state_of(make, (0, 1, 2), basis, dtype=torch.float64), PHASES)
    for index, seed in enumerate((0, 1, 2)):
        alone = run_phases(state_of(make, (seed,), basis, dtype=torch.float64), PHASES)
        for name, value in alone.values().items():
            assert torch.allclose(together.values()[name][index].double(), value[0].double(), atol=1e-9), name
        for name, ticket in alone.replicas.tickets.items():
            assert torch.equal(together.replicas.tickets[name].mask[index], ticket.mask[0])
        other = together.values()[next(iter(alone.values()))][(index + 1) % 3]
        assert not torch.allclose(other, next(iter(alone.values().values()))[0], atol=1e-3)  # negative control


def test_batch_norm_statistics_are_each_replicas_own() -> None:
    state = run_phases(state_of(conv, (0, 1)), [Train(6, RECIPE)])
    mean = state.replicas.statistics["1.running_mean"]
    assert mean.abs().sum() > 0
    assert not torch.allclose(mean[0], mean[1])
    assert state.replicas.statistics["1.num_batches_tracked"].tolist() == [6, 6]


@pytest.mark.parametrize("basis", [name for name in bases() if name != "dct-taps"])
def test_a_replica_leaves_as_a_module_that_computes_the_same(basis: str) -> None:
    state = run_phases(state_of(dense, (0, 1), basis), [Train(4, RECIPE), Prune(0.5)])
    x = state.task.test.x
    out = state.replicas.eval()(x, shared=True)
    for index in range(2):
        module = state.replicas.module(index).eval()
        assert torch.allclose(module(x), out[index], atol=1e-5)
        assert torch.allclose(detach(module)(x), out[index], atol=1e-5)
        assert set(tickets(copy.deepcopy(module))) == {"1.weight", "3.weight"}


def test_own_and_shared_batches() -> None:
    state = state_of(dense, (0, 1))
    x = state.task.test.x
    own = state.replicas(torch.stack([x, x]))
    assert torch.allclose(own, state.replicas(x, shared=True), atol=1e-6)


def test_mistake_seed_plus_epoch_as_data_order() -> None:
    """Seed 1 in epoch 0 must not see the order of seed 0 in epoch 1; replicas of one seed see one order."""
    first = batch_rows((0, 1, 0), 0, 240, 240)
    second = batch_rows((0, 1), 1, 240, 240)
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[1], second[0])
    assert not torch.equal(first[0], first[1])
    assert sorted(first[0].tolist()) == list(range(240))


def test_mistake_a_seed_that_seeds_one_generator_while_another_draws() -> None:
    def one(garbage: int) -> torch.Tensor:
        torch.manual_seed(garbage)
        torch.rand(garbage)
        make = lambda seed: nn.Sequential(*dense(seed)[:2], nn.Dropout(0.5), *dense(seed)[2:])  # noqa: E731
        state = run_phases(state_of(make, (3, 4)), [Train(8, RECIPE)])
        return torch.cat([v.detach().flatten() for v in state.values().values()])

    assert torch.equal(one(1), one(7))
    state, before = state_of(dense), torch.get_rng_state()
    run_phases(state, [Train(2, RECIPE)])
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_differs_between_replicas() -> None:
    make = lambda seed: nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 4))  # noqa: E731
    module = make(0)
    replicas = Replicas([module, module], (0, 0))
    out = replicas(small_task().train.x[:40], shared=True)
    assert not torch.equal(out[0], out[1])
    assert torch.equal(*replicas.eval()(small_task().train.x[:40], shared=True))


def test_evaluation_counts_whole_rows_and_changes_nothing() -> None:
    state = state_of(conv)
    before = {name: value.clone() for name, value in state.values().items()}
    seen, loss = evaluate(state.replicas, state.task.test)
    module = state.replicas.module(1).eval()
    right = (module(state.task.test.x).argmax(1) == state.task.test.y).double().mean()
    assert float(seen[1]) == float(right)
    assert loss.shape == (2,)
    assert all(torch.equal(before[name], value) for name, value in state.values().items())
    assert density(state.replicas) == [1.0, 1.0]


def test_stack_size_and_refusals() -> None:
    assert stack_size(dense(0)) > 1
    assert stack_size(nn.Linear(784, 300)) == 1
    assert stack_size(nn.Linear(784, 300), "cuda") > 1
    with pytest.raises(SltkError, match="one seed a module"):
        Replicas([dense(0)], (0, 1))


class Reader(nn.Module):
    """An LSTM below a linear layer: attach finds the second alone."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(x[:, 0])[0][:, -1])


def test_density_is_that_of_the_whole_model() -> None:
    """Weights without a ticket count as they are: an eighth of the small layer kept is most of the model."""
    replicas = Replicas([Reader(), Reader()], (0, 1))
    mask = replicas.tickets["out.weight"].mask
    mask.zero_()
    mask[:, 0, :4] = True
    lstm = 4 * 8 * (4 + 8)
    assert list(replicas.left_out) == ["lstm.weight_ih_l0", "lstm.weight_hh_l0"]
    assert density(replicas) == [(lstm + 4) / (lstm + 32)] * 2
    with torch.no_grad():
        replicas.left_out["lstm.weight_ih_l0"][0].zero_()
    assert density(replicas)[0] == (lstm - 128 + 4) / (lstm + 32)


def test_an_outcome_names_the_weights_that_no_ticket_is_behind() -> None:
    state = State(Replicas([Reader()], (0,)), small_task())
    run_phases(state, [Measure("end")])
    assert "no ticket is behind lstm.weight_ih_l0, lstm.weight_hh_l0" in repr(Outcome(state))
    assert "no ticket" not in repr(Outcome(run_phases(state_of(), [Measure("end")])))
