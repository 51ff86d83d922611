"""The stack layer by layer: what ``vmap`` over the plain network computes, where it is used, and where it is not."""

import pytest
import torch
from torch import nn

from sltk.train.loop.evaluation import replica_loss
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.phases.base import run_phases
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.stacked.network import first_dense, kinds, works_row_by_row
from sltk.train.tickets import replicas as module
from sltk.train.tickets.replicas import Replicas
from tests.train.engine_task import conv, dense, small_task, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-3, batch=40)
BASES = ["canonical", "dct", "dct-input", "haar", "svd", "low-rank", "subspace"]


def outputs_and_slopes(replicas: Replicas, *, direct: bool) -> list[torch.Tensor]:
    replicas._network = None if direct else [None]
    task = small_task()
    x, y = task.train.x[:80].unflatten(0, (2, 40)).to(next(replicas.parameters())), task.train.y[:80].view(2, 40)
    x, y = x[: replicas.count], y[: replicas.count]
    out = replicas.train()(x)
    assert (replicas._direct(x) is not None) == direct
    return [out, *torch.autograd.grad(replica_loss(out, y), list(replicas.parameters()))]


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_layer_by_layer_is_vmap(basis: str, seeds: tuple[int, ...]) -> None:
    replicas = run_phases(state_of(dense, seeds, basis, dtype=torch.float64), [Prune(0.6)]).replicas
    both = [outputs_and_slopes(replicas, direct=direct) for direct in (True, False)]
    for mine, theirs in zip(*both, strict=True):
        assert torch.allclose(mine, theirs, rtol=0.0, atol=1e-13 * float(theirs.detach().abs().max() + 1))


@pytest.mark.parametrize("make", [dense, conv])
def test_one_canonical_replica_is_the_plain_network_bit_for_bit(make) -> None:
    replicas = state_of(make, (0,)).replicas
    for mine, theirs in zip(*(outputs_and_slopes(replicas, direct=d) for d in (True, False)), strict=True):
        assert torch.equal(mine, theirs)


def test_a_network_first_asked_in_eval_mode_uses_its_statistics() -> None:
    replicas = run_phases(state_of(conv, (0,)), [Train(3, RECIPE)]).replicas
    x = small_task().test.x
    wanted = replicas.module(0).eval()(x)
    replicas._network = None  # as if this call were the first
    assert torch.equal(replicas.eval()(x, shared=True)[0], wanted)
    assert not torch.equal(replicas.train()(x, shared=True)[0], wanted)


def test_several_convolutions_go_through_vmap() -> None:
    state = run_phases(state_of(conv, (0, 1)), [Train(1, RECIPE)])
    assert state.replicas._network == [None]


class Centred(nn.Module):
    """Subtracts the mean of the batch: no function of one row."""

    def __init__(self, when: bool) -> None:
        super().__init__()
        self.fc, self.when = nn.Linear(16, 4), when

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.fc(x.flatten(1))
        return y - y.mean(0) if self.training == self.when else y


class Reads(nn.Module):
    """Reads the weight of a layer itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) @ self.fc.weight.mT + self.fc.bias


class Fixed(nn.Module):
    """Counts on forty rows."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x.view(40, 16))


@pytest.mark.parametrize("make", [lambda: Centred(True), lambda: Centred(False), Reads, Fixed])
def test_code_that_is_no_function_of_a_row_goes_through_vmap(make, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = make()
    x = small_task().train.x[:80].unflatten(0, (2, 40))
    assert not works_row_by_row(network, x[0])
    replicas = Replicas([network, make()], (0, 1))
    apart = torch.stack([replicas.module(index).train()(x[index]) for index in range(2)])
    assert torch.allclose(replicas.train()(x), apart, atol=1e-6)
    if isinstance(network, Centred) and network.when:  # negative control: relied on unseen, it is another function
        replicas._network = None
        monkeypatch.setattr(module, "works_row_by_row", lambda *_: True)
        assert not torch.allclose(replicas(x), apart, atol=1e-2)


def test_one_replica_that_reads_its_weight_is_served() -> None:
    torch.manual_seed(0)
    network = Reads()
    x = small_task().train.x[:40]
    assert torch.equal(Replicas([network], (0,))(x[None])[0], network(x))


def test_the_first_layer_that_reads_the_data() -> None:
    assert first_dense(dense(0)) == "1.weight"
    assert first_dense(nn.Sequential(nn.Identity(), nn.Linear(3, 2))) == "1.weight"
    for other in (conv(0), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)), nn.Linear(3, 2), Reads()):
        assert first_dense(other) == ""
    assert {nn.Linear, nn.Conv2d, nn.BatchNorm1d} <= set(kinds())


@pytest.mark.parametrize("basis", ["dct", "dct-input", "haar", "permuted-dct", "svd", "canonical", "subspace"])
def test_data_turned_once_train_the_same_network(basis: str) -> None:
    ways = []
    for turned in (None, (None,)):
        state = state_of(dense, (0, 1), basis, dtype=torch.float64)
        state.turned = turned  # the second: inputs as they are
        ways.append(run_phases(state, [Train(6, RECIPE), Prune(0.5), Train(6, RECIPE)]))
    assert (ways[0].turned_data() is None) == (basis in ("svd", "canonical", "subspace"))
    for name, value in ways[0].values().items():
        assert torch.allclose(value, ways[1].values()[name], rtol=0.0, atol=1e-12), name


def test_inputs_taken_for_turned_ones_give_another_network() -> None:
    """Negative control."""
    state = state_of(dense, (0,), "dct", dtype=torch.float64)
    state.turned = (state.task.train.x,)
    wrong = run_phases(state, [Train(6, RECIPE)])
    right = run_phases(state_of(dense, (0,), "dct", dtype=torch.float64), [Train(6, RECIPE)])
    assert not torch.allclose(wrong.values()["c:1.weight"], right.values()["c:1.weight"], atol=1e-3)


def test_svd_of_one_replica_turns_its_data() -> None:
    assert state_of(dense, (0,), "svd").turned_data() is not None
