"""Live coefficients against paths counted by hand, in networks of several kinds and bases of several kinds."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.models.registry import model
from sltk.train.bases import basis_named
from sltk.train.loop.evaluation import density, live_density
from sltk.train.loop.live import live
from sltk.train.phases.base import run_phases
from sltk.train.phases.prune import Prune
from sltk.train.pruning.scopes import Scope
from sltk.train.tickets.replicas import Replicas
from tests.train.engine_task import dense, state_of

ROW = torch.zeros(1, 1, 4, 4)


def thinned(make, density: float, seeds=(0, 1, 2), basis: str = "canonical") -> Replicas:
    """Random masks, so thin that units die."""
    replicas = Replicas([make(seed) for seed in seeds], seeds, basis_named(basis, (1, 4, 4)))
    for name, ticket in replicas.tickets.items():
        drawn = torch.rand(ticket.mask.shape, generator=torch_stream(7, "tests", name)) < density
        ticket.mask.copy_(drawn)
        ticket.gate.copy_(drawn)
    return replicas


def by_hand(masks: list[Tensor]) -> list[Tensor]:
    """Weights of a chain of dense layers ``(out, in)`` that lie on a path, by walking from both ends."""
    hears = [torch.ones(masks[0].shape[1], dtype=torch.bool)]
    for mask in masks:
        hears.append((mask & hears[-1]).any(1))
    heard = [torch.ones(masks[-1].shape[0], dtype=torch.bool)]
    for mask in reversed(masks):
        heard.insert(0, (mask & heard[0][:, None]).any(0))
    return [mask & hears[n] & heard[n + 1][:, None] for n, mask in enumerate(masks)]


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SELU])
@pytest.mark.parametrize("share", [0.05, 0.15, 0.5])
def test_a_chain_has_the_paths_that_are_walked(activation: type[nn.Module], share: float) -> None:
    def deep(seed: int) -> nn.Sequential:
        torch.manual_seed(seed)
        layers = (part for n, m in itertools.pairwise((16, 12, 10, 8, 4)) for part in (nn.Linear(n, m), activation()))
        return nn.Sequential(nn.Flatten(), *layers)

    replicas = thinned(deep, share)
    found, kept = live(replicas, ROW), [t.mask for t in replicas.tickets.values()]
    for r in range(replicas.count):
        wanted = by_hand([mask[r] for mask in kept])
        assert all(torch.equal(own[r], one) for own, one in zip(found.values(), wanted, strict=True))
    if share < 0.5:  # control: what is kept is not what is live
        assert not all(torch.equal(found[n], t.mask) for n, t in replicas.tickets.items())


class Skip(nn.Module):
    """A block whose way around keeps its input heard."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def images(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), Skip(3), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(12, 4),
    )  # fmt: skip


def test_a_convolution_with_a_way_around_and_a_maximum() -> None:
    replicas = Replicas([images(0), images(1)], (0, 1))
    assert live_density(replicas, ROW) == density(replicas) == [1.0, 1.0]
    first, inner, last = replicas.tickets.values()
    inner.mask[0, 1] = False  # channel 1 still hears the image past the block
    assert live_density(replicas, ROW)[0] == density(replicas)[0] < 1.0
    first.mask[0, 1] = False  # now it is a constant, unless the block writes into it
    alive = live(replicas, ROW)
    names = list(alive)
    assert not alive[names[1]][0, :, 1].any()  # nobody hears the image through channel 1
    assert not alive[names[2]][0].view(4, 3, 4)[:, 1].any()
    assert alive[names[2]][0].view(4, 3, 4)[:, [0, 2]].all()
    assert alive[names[1]][1].all()  # the other replica has lost nothing
    last.mask[1].view(4, 3, 4)[:, 2] = False  # no output hears channel 2
    alive = live(replicas, ROW)
    assert not alive[names[1]][1, 2].any()
    assert alive[names[0]][1, 2].all()  # the block still takes it into channels 0 and 1
    inner.mask[1, :, 2] = False
    assert not live(replicas, ROW)[names[0]][1, 2].any()


def test_a_tap_that_meets_the_border_alone_is_dead() -> None:
    def edge(seed: int) -> nn.Sequential:
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(2, 4))

    replicas = Replicas([edge(0)], (0,))
    taps = live(replicas, torch.zeros(1, 1, 1, 1))["0.weight"][0, 0, 0]
    assert taps.tolist() == [[False] * 3, [False, True, False], [False] * 3]


def test_a_bias_opens_no_path() -> None:
    """A unit that hears only its bias is a constant, and everything that it alone feeds is dead."""
    replicas = Replicas([dense(0)], (0,))
    replicas.tickets["1.weight"].mask[0, 3] = False
    with torch.no_grad():
        replicas.rest["1.bias"].fill_(1.0)
    found = live(replicas, ROW)
    assert not found["3.weight"][0, :, 3].any()
    assert found["1.weight"][0].sum() == 11 * 16


def test_dropped_units_take_their_own_weights_with_them() -> None:
    """Half of the hidden units' outputs dropped: the weights that feed them are kept, and are not live."""
    state = state_of(dense, basis="unit")
    t = state.replicas.tickets["3.weight"]
    t.mask[:, :, 6:] = False
    assert density(state.replicas) == [(192 + 24) / 240] * 2
    assert live_density(state.replicas, ROW) == [(96 + 24) / 240] * 2


@pytest.mark.parametrize("basis", ["dct", "haar:0", "permuted-dct", "low-rank", "subspace", "svd"])
def test_coefficients_that_reach_a_live_weight_are_live(basis: str) -> None:
    """Few coefficients of a dense basis make many weights: all of them live where the other layer is whole."""
    state = state_of(dense, basis=basis)
    if basis == "subspace":
        for t in state.replicas.tickets.values():
            t.coefficients.data.normal_()
    assert live_density(state.replicas, ROW) == density(state.replicas)
    run_phases(state, [Prune(0.3, scope=Scope("layerwise" if basis == "low-rank" else "global", dense_last=True))])
    kept, alive = density(state.replicas), live_density(state.replicas, ROW)
    assert all(0 < a <= k for a, k in zip(alive, kept, strict=True))
    for t in list(state.replicas.tickets.values())[1:]:
        t.coefficients.data.zero_()
    if basis not in ("subspace",):  # its weights are those of the start, whatever the coefficients
        assert not live(state.replicas, ROW)["1.weight"].any()


@pytest.mark.parametrize("name", ["resnet-20", "lenet-5"])
def test_published_networks_are_alive_until_a_layer_is_cut(name: str) -> None:
    shape = (3, 8, 8) if name == "resnet-20" else (1, 28, 28)
    replicas = Replicas([model(name, 0, input_shape=shape)], (0,))
    row = torch.zeros(1, *shape)
    assert live_density(replicas, row) == [1.0]
    first = next(iter(replicas.tickets.values()))
    first.mask.zero_()
    assert live_density(replicas, row) == [0.0]  # nothing hears the image


def test_what_is_measured_leaves_the_run_as_it_was() -> None:
    state = state_of(images)
    before = {name: value.clone() for name, value in state.replicas.state_dict().items()}
    state.replicas.train()
    live(state.replicas, ROW)
    assert state.replicas.training
    assert state.replicas.template.training == Replicas([images(0)], (0,)).template.training
    assert all(torch.equal(value, before[name]) for name, value in state.replicas.state_dict().items())
