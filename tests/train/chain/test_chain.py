"""A chain of dense layers without a graph: the bytes of autograd, where it is taken, and where it is not."""

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn

from sltk.models.dense import dense_network
from sltk.models.initial import initialise
from sltk.train.basis.dct import dct
from sltk.train.basis.haar import haar
from sltk.train.chain.dense_chain import DenseChain
from sltk.train.chain.layer import Layer
from sltk.train.chain.recognise import chain_of, dense_layers
from sltk.train.loop.evaluation import replica_loss
from sltk.train.loop.penalties import L1, GrowingL2, Penalty
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.state import State
from sltk.train.phases import train as module
from sltk.train.phases.base import run_phases
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from tests.train.engine_task import conv, dense, small_task, state_of

RECIPE = TrainingRecipe(rate=0.1, decay=1e-3, batch=40, total=12)


def wide(seed: int) -> nn.Module:
    """Wider than half a batch: inputs are turned in the second layer."""
    return dense_network((16, 70, 50, 4), seed)


def unbiased(seed: int) -> nn.Module:
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 24, bias=False), nn.ReLU(), nn.Identity(), nn.Linear(24, 4))
    initialise(net, seed)
    return net


def trained(state: State, penalty: Penalty | None, recipe: TrainingRecipe) -> State:
    return run_phases(state, [Train(5, recipe, penalty=penalty), Prune(0.5), Train(5, recipe, penalty=penalty)])


def both_ways(
    make: Callable[[], State], monkeypatch: pytest.MonkeyPatch, penalty: Penalty | None = None, recipe=RECIPE
) -> tuple[State, State]:
    """Trained by a chain, and by a graph."""
    first = trained(make(), penalty, recipe)
    with monkeypatch.context() as patched:
        patched.setattr(module, "chain_of", lambda *_, **__: None)
        second = trained(make(), penalty, recipe)
    assert first.chain is not None
    assert second.chain is None
    return first, second


def same(a: State, b: State) -> bool:
    return all(torch.equal(value, b.values()[name]) for name, value in a.values().items())


@pytest.mark.parametrize("make", [dense, wide, unbiased])
@pytest.mark.parametrize("basis", ["canonical", "dct", "dct-input", "haar", "svd"])
def test_one_network_ends_with_the_bytes_of_autograd(make, basis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert same(*both_ways(lambda: state_of(make, (0,), basis), monkeypatch))


@pytest.mark.parametrize("make", [dense, wide, unbiased])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_so_does_a_stack(make, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    assert same(*both_ways(lambda: state_of(make, (0, 1, 2), dtype=dtype), monkeypatch))


@pytest.mark.parametrize("penalty", [L1(0.01), GrowingL2(0.1, 1, 1.0)])
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_a_penalty_adds_its_gradient(penalty: Penalty, seeds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = both_ways(lambda: state_of(dense, seeds), monkeypatch, penalty)
    assert same(*with_it)
    assert not same(with_it[0], both_ways(lambda: state_of(dense, seeds), monkeypatch)[0])


def test_other_optimisers_read_the_same_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = TrainingRecipe(optimiser="adam", rate=0.01, batch=40)
    assert same(*both_ways(lambda: state_of(wide, (0,), "dct"), monkeypatch, recipe=recipe))


def test_batches_that_change_are_turned_at_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data of one epoch cannot be turned once, where they are augmented."""
    ends = []
    for way in (chain_of, lambda *_, **__: None):
        monkeypatch.setattr(module, "chain_of", way)
        state = state_of(wide, (0,), "dct")
        ends.append(run_phases(state, [Train(5, RECIPE, augment=lambda x, seeds, position: x.flip(-1))]))
    assert ends[0].chain is not None
    assert same(*ends)


@pytest.mark.parametrize(
    "broken",
    [
        ("_open", lambda self: self._gated.copy_(self._coefficients)),  # closed weights go on acting
        ("backward", lambda self, into: (self.write_gradients(), into.zero_())),  # the layers before stand still
    ],
)
def test_a_chain_that_leaves_something_out_ends_elsewhere(broken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    monkeypatch.setattr(Layer, *broken)
    assert not same(*both_ways(lambda: state_of(dense, (0,)), monkeypatch))


def test_loss_and_gradients_are_those_of_the_network() -> None:
    """To rounding of float64, against ``replica_loss`` of a plain network of three layers."""
    torch.manual_seed(0)
    sizes, rows = (7, 6, 5, 3), 11
    x, y = torch.randn(1, rows, sizes[0], dtype=torch.float64), torch.randint(0, sizes[-1], (1, rows))
    weights = [torch.randn(1, m, n, dtype=torch.float64, requires_grad=True) for n, m in itertools.pairwise(sizes)]
    biases = [torch.randn(1, m, dtype=torch.float64, requires_grad=True) for m in sizes[1:]]
    gates = [(torch.rand(w.shape) < 0.7) for w in weights]
    out = x[0]
    for place, (w, b, gate) in enumerate(zip(weights, biases, gates, strict=True)):
        out = (out if place == 0 else out.clamp_min(0.0)) @ torch.where(gate, w, 0.0)[0].T + b[0]
    wanted = replica_loss(out[None], y)
    slopes = torch.autograd.grad(wanted, [*weights, *biases])
    layers = [Layer(w, -g.long(), b, rows) for w, g, b in zip(weights, gates, biases, strict=True)]
    assert torch.allclose(DenseChain(layers, rows)(x, y), wanted, rtol=1e-14)
    for parameter, slope in zip([*weights, *biases], slopes, strict=True):
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, slope, rtol=0.0, atol=1e-14)


def test_what_is_a_chain() -> None:
    a, b, flat, relu = nn.Linear(4, 3), nn.Linear(3, 2), nn.Flatten(), nn.ReLU()
    assert dense_layers(nn.Sequential(flat, a, relu, nn.Identity(), b), 4) == ["1", "4"]
    assert dense_layers(nn.Sequential(a), 2) == ["0"]
    for other in (
        nn.Sequential(a, relu, b),  # of images: dense along their last axis
        nn.Sequential(flat, a, b),
        nn.Sequential(flat, a, relu),
        nn.Sequential(flat, a, nn.Tanh(), b),
        nn.Sequential(flat, relu, a),
        nn.Sequential(nn.Flatten(2), a),
        nn.Sequential(flat, nn.Sequential(a, relu, b)),
        nn.Sequential(flat),
        nn.Sequential(),
        a,
        conv(0),
    ):
        assert dense_layers(other, 4) == []


def test_a_network_that_somebody_watches_is_called() -> None:
    calls = []
    net = dense(0)
    net[2].register_forward_hook(lambda *_: calls.append(1))
    state = run_phases(state_of(lambda seed: net, (0,)), [Train(3, RECIPE)])
    assert state.chain is None
    assert len(calls) >= 3
    net = dense(0)
    net[2].forward = lambda x: x  # type: ignore[method-assign]  # a layer whose method somebody replaced
    assert dense_layers(net, 4) == []


def test_what_a_chain_does_not_know_goes_through_a_graph() -> None:
    x = small_task().train.x
    assert chain_of(state_of(dense, (0, 1), "dct").replicas, x, 40) is None  # a stack in another basis
    assert chain_of(state_of(dense, (0,), "low-rank").replicas, x, 40) is None
    assert chain_of(state_of(dense, (0,)).replicas, x.double(), 40) is None
    frozen = state_of(dense, (0,)).replicas
    frozen.tickets["3.weight"].coefficients.requires_grad_(False)
    assert chain_of(frozen, x, 40) is None
    low = run_phases(state_of(dense, (0,)), [Train(2, TrainingRecipe(rate=0.1, batch=40, precision="bfloat16"))])
    assert low.chain is None
    with torch.autocast("cpu", torch.bfloat16):
        assert run_phases(state_of(dense, (0,)), [Train(2, RECIPE)]).chain is None


def test_gates_that_move_at_each_step_go_through_a_graph() -> None:
    def close_all(own) -> None:
        for ticket in own.values():
            ticket.gate.zero_()

    state = run_phases(state_of(dense, (0,)), [Train(1, RECIPE, refresh=close_all)])
    grad = state.replicas.tickets["1.weight"].coefficients.grad
    assert grad is not None
    assert not grad.any()


@pytest.mark.parametrize(
    ("basis", "shape"),
    [
        (dct((6, 5)), (6, 5)),
        (dct((20, 16)), (20, 16)),
        (dct((6, 12), image=(3, 2, 2)), (6, 12)),
        (haar((6, 5), 0), (6, 5)),
    ],
)
def test_the_adjoint_of_a_basis_is_its_transpose(basis, shape: tuple[int, ...]) -> None:
    """``<B c, g> = <c, B' g>`` to rounding of float64: along each set of axes, of joined ones too."""
    basis = basis.double()
    generator = torch.Generator().manual_seed(0)
    c, g = torch.randn(2, *shape, dtype=torch.float64, generator=generator)
    for axes in (basis.axes, basis.axes[:1], basis.axes[1:]):
        forward, back = basis.act(c, axes), basis.act(g, axes, adjoint=True)
        assert torch.allclose((forward * g).sum(), (c * back).sum(), rtol=1e-12)
        assert not torch.allclose(forward, basis.act(c, axes, adjoint=True))  # the control: it is not its own adjoint
    there, back = basis.on_inputs(c), basis.on_inputs(g, adjoint=True)
    assert torch.allclose((there * g).sum(), (c * back).sum(), rtol=1e-12)
