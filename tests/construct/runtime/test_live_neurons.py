"""A ticket's sparse module has its live neurons alone: on a path from an input or a constant to the output."""

import threading

import numba
import pytest
import torch
from torch import Tensor, nn

from sltk.construct import StrongTicket
from sltk.construct.runtime import wired
from sltk.construct.runtime.wired import by_batches, held_neurons, silent_neurons
from sltk.core.threads import limit
from sltk.networks.activations.table import activation
from sltk.networks.op import Step
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.max_pool import MaxPool
from sltk.networks.ops.upsample import Upsample
from sltk.runtime.sparse import SparseLayer
from sltk.verify.bits import compare_bits
from tests.construct.building import build_ticket


class Block(nn.Module):
    """A convolution, a block with a skip around another, and a readout."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.last = nn.Linear(3 * 16, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Two outputs."""
        x = torch.relu(self.first(x))
        return self.last(torch.relu(self.second(x) + x).flatten(1))


def dead_filters(net: nn.Module, *layers: nn.Module) -> nn.Module:
    """Filters 0 of ``layers`` gone, biases too; what reads them is left."""
    with torch.no_grad():
        for layer in layers:
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            layer.weight[0], layer.bias[0] = 0.0, 0.0
    return net


def chain(phi: nn.Module) -> nn.Module:
    """Two convolutions and a readout; filter 0 of the first is gone."""
    torch.manual_seed(3)
    net = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), phi, nn.Conv2d(3, 2, 3, padding=1), phi, nn.Flatten(),
                        nn.Linear(32, 2))  # fmt: skip
    return dead_filters(net, net[0])


def residual() -> nn.Module:
    """A block whose filters 0 are gone before the skip and beside it, and filter 1 beside it alone."""
    torch.manual_seed(4)
    net = Block()
    dead_filters(net, net.first, net.second)
    with torch.no_grad():
        net.second.weight[1], net.second.bias[1] = 0.0, 0.0  # pyright: ignore[reportOptionalSubscript]
    return net


def built(net: nn.Module, method: str = "plus-one") -> StrongTicket:
    return build_ticket(net, method=method, n=20, seed=1, domain=(-1.0, 1.0), input_shape=(1, 4, 4), param_eps=0.05,
                        law="uniform(2.0)", objective="error")  # fmt: skip


def inputs() -> Tensor:
    return torch.rand(64, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(5)) * 2 - 1


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
@pytest.mark.parametrize("net", [chain(nn.ReLU()), chain(nn.Tanh()), residual()], ids=["relu", "tanh", "residual"])
def test_neurons_that_are_zero_are_left_out_and_nothing_changes(net: nn.Module, method: str) -> None:
    ticket = built(net, method)
    sparse = ticket.module("sparse").eval()
    found = compare_bits(ticket, sparse)
    assert found.passed
    assert found.unread > 0
    assert found.compared + found.unread == ticket.sizes.kept
    kept = sum(m.kept for m in sparse.modules() if isinstance(m, SparseLayer))
    assert kept < sum(mask.weight.size for mask in ticket.masks)
    with torch.no_grad():
        torch.testing.assert_close(
            sparse.double()(inputs()), ticket.module("dense").eval().double()(inputs()), rtol=1e-12, atol=1e-12
        )


def test_a_neuron_that_only_a_skip_enters_is_live() -> None:
    ticket = built(residual())
    silent, last = silent_neurons(ticket.source, ticket.masks), ticket.plan.roles[1].combine
    copies = ticket.plan.roles[1].copies_out
    assert silent[last][:copies].all()  # filter 0: nothing on either way
    assert not silent[last][copies : 2 * copies].any()  # filter 1: the skip
    assert not set(range(copies)) & set(held_neurons(ticket.source, ticket.masks)[last].tolist())


def test_neurons_without_input_that_are_not_zero_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sigmoid is 1/2 at 0. Negative control: taken for silent, the module computes something else."""
    ticket = built(chain(nn.Sigmoid()))
    with torch.no_grad():
        wanted = ticket.module("dense").eval().double()(inputs())
        torch.testing.assert_close(ticket.module("sparse").double()(inputs()), wanted, rtol=1e-12, atol=1e-12)
        monkeypatch.setattr(Act, "keeps_zero", property(lambda _: True))
        broken = ticket.module("sparse").double()(inputs())
    assert float((broken - wanted).abs().max()) > 1e-3


STEPS = [*(Act(activation(name)) for name in ("relu", "tanh", "gelu", "sigmoid", "softplus", "silu")),
         AvgPool((2, 2), (2, 2)), MaxPool((2, 2), (2, 2)), Flatten(), Upsample((2, 2))]  # fmt: skip


@pytest.mark.parametrize(
    "step", STEPS, ids=lambda step: step.activation.name if isinstance(step, Act) else type(step).__name__
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_steps_say_whether_they_keep_zeros(step: Step, dtype: torch.dtype) -> None:
    assert step.keeps_zero == bool((step(torch.zeros(2, 3, 4, 4, dtype=dtype)) == 0).all())


def test_many_images_run_in_batches_where_no_gradient_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wired, "POSITIONS", 32)  # two images of 4 x 4
    seen = list[int]()

    def run(x: Tensor) -> Tensor:
        seen.append(len(x))
        return 2.0 * x

    x = torch.rand(5, 1, 4, 4)
    with torch.no_grad():
        assert torch.equal(by_batches(x, run, 2), 2.0 * x)
        assert by_batches(x[:0], run, 2).shape == (0, 1, 4, 4)
    assert seen == [2, 2, 1, 0]
    by_batches(x, run, 2)
    assert seen[-1] == 5  # gradients of one graph


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_cores_with_images_of_their_own_compute_the_bits_of_one(mode: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of a fresh module are made by whoever comes first; grad and inference modes are each thread's own."""
    monkeypatch.setattr(wired, "POSITIONS", 1)
    monkeypatch.setattr("sltk.runtime.in_place._FEWEST", 1)  # so that steps overwrite what they read
    ticket = built(chain(nn.Sigmoid()))
    x = torch.cat([inputs().float()] * 4)[:250]
    with mode(), limit(1):
        wanted = ticket.module("sparse")(x)
    for _ in range(5):
        threads = list[int]()
        module = ticket.module("sparse")
        next(module.children()).register_forward_hook(lambda *_, seen=threads: seen.append(threading.get_ident()))
        torch.set_num_threads(2)
        with mode(), limit(2):
            found = module(x)
        assert not found.requires_grad
        assert torch.equal(found, wanted)
        assert len(threads) > 2
    assert len(set(threads)) > 1 or numba.config.NUMBA_NUM_THREADS < 2
