"""The source: a function of (architecture, law, seed), drawn alone in any block, exact in float32."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct.architecture import architecture_of, from_json, to_json
from sltk.construct.declaration import Declaration
from sltk.construct.recipe import Recipe
from sltk.core.errors import SltkError
from sltk.networks.reading.read import read
from tests.construct.building import build_ticket


def conv_target(seed: int):
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.5)
    return read(module, (1, 4, 4))


def declaration(network, **changes) -> Declaration:
    recipe = Recipe("plus-one", 10, 0.05, law="uniform(1.0)", first_activation="sigmoid")
    declared = {name: changes.pop(name) for name in ("reach", "nonnegative") if name in changes}
    usual = Declaration(architecture_of(network), recipe, reach=1.0, nonnegative=False)
    return dataclasses.replace(usual, recipe=dataclasses.replace(recipe, **changes), **declared)


def source(network, seed: int = 3, **changes):
    return declaration(network, **changes).source(seed)


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
def test_two_targets_get_the_same_source(method: str) -> None:
    """Two targets of one architecture: the layers are equal, and so is every weight, bit for bit."""
    first, second = (
        build_ticket(conv_target(s), method=method, n=10, seed=3, domain=(-1.0, 1.0), param_eps=0.05) for s in (0, 1)
    )
    assert first.source.layers == second.source.layers
    for index, layer in enumerate(first.source.layers):
        assert np.array_equal(first.source.weight(index), second.source.weight(index))
        every = np.arange(layer.outputs)
        assert np.array_equal(first.source.biases(index, every), second.source.biases(index, every))
    assert any(not np.array_equal(a.weight, b.weight) for a, b in zip(first.masks, second.masks, strict=True))


@pytest.mark.parametrize("law", ["uniform(1.3)", "product(uniform(1.1), uniform(0.7))"])
def test_a_block_drawn_by_torch_is_the_same_bits(law: str) -> None:
    drawn = source(conv_target(0), law=law)
    for index, layer in enumerate(drawn.layers):
        for start in range(0, layer.weight_count, 97):
            stop = min(start + 41, layer.weight_count)
            found = drawn.block_on(index, start, stop, torch.device("cpu"))
            assert found.numpy().tobytes() == drawn.block(index, start, stop).tobytes()
    assert drawn.block_on(0, 3, 3, torch.device("cpu")).shape == (0,)
    with pytest.raises(SltkError, match="block needs"):
        drawn.block_on(0, 3, 10**12, torch.device("cpu"))


def test_a_law_that_takes_more_than_arithmetic_is_not_drawn_by_torch() -> None:
    with pytest.raises(SltkError, match="drawn on the CPU"):
        source(conv_target(0), law="normal(1.0)").block_on(0, 0, 3, torch.device("cpu"))


def test_a_block_alone_is_the_block_of_the_whole() -> None:
    drawn = source(conv_target(0))
    for index, layer in enumerate(drawn.layers):
        whole = drawn.weight(index).reshape(-1)
        for start in range(0, layer.weight_count, 97):
            stop = min(start + 41, layer.weight_count)
            assert np.array_equal(drawn.block(index, start, stop), whole[start:stop])
            assert np.array_equal(drawn.weights(index, np.arange(start, stop)[::-1]), whole[start:stop][::-1])


def test_weights_are_exact_in_float32() -> None:
    drawn = source(conv_target(0))
    for index in range(len(drawn.layers)):
        whole = drawn.weight(index)
        assert np.array_equal(whole, whole.astype(np.float32).astype(float))


def test_seed_and_layer_matter() -> None:
    """Negative control of the three tests above: another seed, another layer, another source."""
    one, two = source(conv_target(0), seed=3), source(conv_target(0), seed=4)
    assert not np.array_equal(one.weight(0), two.weight(0))
    assert not np.array_equal(one.block(0, 0, 8), one.block(1, 0, 8))


def test_indices_beyond_32_bits_can_be_drawn() -> None:
    """A two-layer source on 25,088 inputs has over 10**10 weights; any of them can be drawn."""
    network = read(nn.Sequential(nn.Linear(25_088, 10)), (25_088,))
    drawn = source(network, method="two-layer", n=26, first_activation="relu")
    layer = drawn.layers[0]
    assert layer.weight_count > 2**32
    last = layer.weight_count - 1
    assert drawn.block(0, last - 3, last + 1)[-1] == drawn.weights(0, np.array([last]))[0]
    assert drawn.weights(0, np.array([last]))[0] != drawn.weights(0, np.array([last - 2**32]))[0]
    with pytest.raises(SltkError, match="limit"):
        drawn.weight(0)


def test_architecture_survives_json() -> None:
    architecture = architecture_of(conv_target(0))
    assert from_json(to_json(architecture), {}) == architecture


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"method": "three-layer"}, "method"),
        ({"n": 0}, "n must"),
        ({"n": 41}, "n must"),
        ({"n": True}, "n must"),
        ({"param_eps": 0.0}, "param_eps"),
        ({"param_eps": float("nan")}, "param_eps"),
        ({"weight_bound": -1.0}, "weight_bound"),
    ],
)
def test_bad_recipes_are_refused(changes, word) -> None:
    with pytest.raises(SltkError, match=word):
        source(conv_target(0), **changes)
