"""Models by name: outputs, counts, and initial weights that the seed alone fixes."""

import pytest
import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.models.initial import redrawn
from sltk.models.registry import MODELS, model

COUNTS = {  # weights, biases and norms, added up by hand
    "lenet-300-100": 266_610,
    "lenet-5": 61_706,
    "conv-2": 4_301_642,
    "conv-4": 2_425_930,
    "conv-6": 2_262_602,
    "resnet-20": 269_722,
    "resnet-56": 853_018,
}
SMALL = ["lenet-300-100", "lenet-5", "conv-6", "vgg-11", "resnet-20"]


@pytest.mark.parametrize("name", MODELS)
def test_outputs_and_counts(name: str) -> None:
    net = model(name, 1).eval()
    shape = MODELS[name][1]
    with torch.no_grad():
        out = net(torch.randn(2, *shape, generator=torch.Generator().manual_seed(0)))
    assert out.shape == (2, 10)
    assert bool(out.isfinite().all())
    if name in COUNTS:
        assert sum(p.numel() for p in net.parameters()) == COUNTS[name]


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_fixes_every_number_and_the_global_generator_none(name: str) -> None:
    torch.manual_seed(1)
    first = model(name, 5).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second, other = model(name, 5).state_dict(), model(name, 6).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[key], second[key]) for key in first)
    drawn = [key for key in first if key.endswith("weight") and first[key].ndim > 1]
    assert drawn
    assert all(not torch.equal(first[key], other[key]) for key in drawn)


def test_the_deviation_is_that_of_the_law() -> None:
    lenet = model("lenet-300-100", 0).get_parameter("1.weight")
    assert float(lenet.detach().std()) == pytest.approx((2 / 1084) ** 0.5, rel=0.01)  # 235,200 draws: 7 deviations
    conv = model("resnet-20", 0).get_parameter("11.conv2.weight")
    assert float(conv.detach().std()) == pytest.approx((2 / 576) ** 0.5, rel=0.03)


def test_other_images_and_classes() -> None:
    assert model("conv-2", 0, input_shape=(1, 8, 8), classes=3)(torch.zeros(1, 1, 8, 8)).shape == (1, 3)
    with pytest.raises(SltkError, match="conv-6"):
        model("conv-6", input_shape=(1, 4, 4))


def test_own_modules_are_drawn_by_seed_and_left_alone() -> None:
    own = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    before = {key: value.clone() for key, value in own.state_dict().items()}
    made = model(own, 3).state_dict()
    assert all(torch.equal(before[key], value) for key, value in own.state_dict().items())
    again = model(own, 3).state_dict()
    assert all(torch.equal(made[key], again[key]) for key in made)
    assert not torch.equal(made["0.weight"], before["0.weight"])
    assert model(lambda seed: nn.Linear(seed, 1), 4).in_features == 4


def test_laws_that_are_not_known_are_refused() -> None:
    with pytest.raises(SltkError, match="LayerNorm"):
        redrawn(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), 0)
    with pytest.raises(SltkError, match=r"resnet-20.*but got 'resnet-21'"):
        model("resnet-21")
