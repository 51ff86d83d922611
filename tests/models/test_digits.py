"""Small targets trained on the spot: accurate, within [-1, 1], sparse where asked, and fixed by their seed."""

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.data.datasets import Dataset, load
from sltk.models.activations import ACTIVATIONS
from sltk.models.digits import accuracy, digits_conv, train
from sltk.networks.reading.read import read


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("digits")


@pytest.mark.parametrize("density", [1.0, 0.4])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_digits_are_learnt(activation: str, density: float, data: Dataset) -> None:
    module = digits_conv(activation, seed=0)
    assert accuracy(module, data.test_x, data.test_y) < 0.5  # before: negative control
    found = train(module, data, seed=0, density=density)
    assert found.accuracy >= 0.93
    assert found.accuracy == accuracy(module, data.test_x, data.test_y)
    assert found.density == pytest.approx(density, abs=0.01)
    assert found.largest == max(float(p.detach().abs().max()) for p in module.parameters()) <= 1.0
    assert found.losses[-1] < 0.2 * found.losses[0]
    network = read(module, data.input_shape)
    nonzero = sum(int(s.affine.weight.count_nonzero()) for s in network.stages)
    assert nonzero == pytest.approx(density * 1212, abs=3)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_is_offered(activation: str, data: Dataset) -> None:
    network = read(digits_conv(activation, seed=3), data.input_shape)
    assert network.output_shape == (10,)
    assert network.size() == 1232
    assert all(s.activation is not None for s in network.stages[:2])


def test_the_seed_fixes_everything(data: Dataset) -> None:
    torch.manual_seed(1)
    first, again, other = (digits_conv("tanh", seed) for seed in (5, 5, 6))
    state = torch.get_rng_state()
    for module, seed in ((first, 5), (again, 5), (other, 6)):
        train(module, data, seed=seed, epochs=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))
    assert torch.initial_seed() == 1  # making them drew nothing either


def test_weights_are_clipped_at_every_step(data: Dataset) -> None:
    module = digits_conv("relu", seed=0)
    assert train(module, data, seed=0, epochs=3, rate=0.1, clip=0.25).largest == 0.25
    loose = digits_conv("relu", seed=0)
    assert train(loose, data, seed=0, epochs=3, rate=0.1, clip=9.0).largest > 0.25  # negative control


def test_training_leaves_the_mode_as_it_was(data: Dataset) -> None:
    for mode in (True, False):
        module = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64, 10)).train(mode)
        train(module, data, seed=0, epochs=1)
        assert module.training == mode


@pytest.mark.parametrize(
    "wrong", [{"epochs": -1}, {"rate": 0.0}, {"batch": 0}, {"density": 0.0}, {"density": 1.1}, {"clip": float("nan")}]
)
def test_arguments_out_of_range(wrong: dict, data: Dataset) -> None:
    with pytest.raises(SltkError, match=next(iter(wrong))):
        train(digits_conv("relu", 0), data, seed=0, **wrong)


def test_other_activations_are_refused() -> None:
    with pytest.raises(SltkError, match="swish"):
        digits_conv("swish", 0)
