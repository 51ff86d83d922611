"""How far torch's float32 functions are from phi: within the units that the table states, on five million numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT32, FLOAT64, Format
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.activations.activation import Activation, Rounding
from sltk.networks.activations.characterise import characterise
from sltk.networks.activations.table import TABLE, activation

NAMES = (*TABLE, "leaky_relu(0.2)", "elu(0.3)", "hardtanh(-0.3, 2.0)", "prelu(1.7)", "prelu(-0.3)")
EVERY = 1021  # bit patterns; a prime, so that all mantissas and exponents are met


def grid() -> Tensor:
    """Numbers of all sizes and both signs within the format's limit, and a fine grid near 0."""
    size = np.arange(0, np.float32(FLOAT32.limit).view(np.uint32), EVERY, dtype=np.uint32).view(np.float32)
    return torch.cat([tensor_of(size.copy()), tensor_of(-size), torch.linspace(-20, 20, 1_000_001)])


GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GPU)])


def excess(phi: Activation, x: Tensor, run: Format = FLOAT32, device: str = "cpu") -> float:
    """Largest distance of what is computed from phi, over what is allowed; phi in float64 is a billion times closer."""
    exact = phi(x.double())
    allowed = phi.allowance(x.double().abs(), exact.abs(), run) + phi.allowance(x.double().abs(), exact.abs(), FLOAT64)
    found = phi(x.to(device)).double().cpu()
    return float(((found - exact).abs() / allowed.clamp(min=2.0**-1000)).nan_to_num(nan=torch.inf).max())


@DEVICES
@pytest.mark.parametrize("name", NAMES)
def test_float32_is_as_near_as_the_table_says(name: str, device: str) -> None:
    phi = activation(name)
    assert max(excess(phi, part, device=device) for part in grid().split(2**20)) <= 1.0


@GPU
@pytest.mark.parametrize("name", NAMES)
def test_float64_of_a_gpu_is_as_near_to_that_of_the_cpu_as_the_table_says(name: str) -> None:
    phi = activation(name)
    assert max(excess(phi, part.double(), FLOAT64, "cuda") for part in grid().split(2**20)) <= 1.0


@pytest.mark.parametrize("name", ["tanh", "gelu", "silu", "elu(0.3)", "softplus", "mish"])
def test_short_and_strided_tensors_take_other_kernels(name: str) -> None:
    """Behind the last whole vector torch computes number by number, by other functions."""
    phi, x = activation(name), torch.linspace(-20, 20, 6007)
    assert max(excess(phi, x[i : i + 7]) for i in range(0, 6000, 7)) <= 1.0
    assert excess(phi, torch.stack([x, x], 1)[:, 0]) <= 1.0


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gelu", "leaky_relu(0.2)"])
def test_the_allowance_of_float64_is_seen_not_to_do(name: str) -> None:
    """Negative control."""
    assert excess(activation(name), torch.linspace(-20, 20, 10_001), FLOAT64) > 1e6


@pytest.mark.parametrize("name", ["gelu", "leaky_relu(0.2)"])
def test_a_fourth_of_the_units_is_seen_not_to_do(name: str) -> None:
    """Negative control: what is allowed is of the size of what is lost."""
    phi = activation(name)
    stated = phi.rounding_in(FLOAT32)
    less = replace(phi, float32=Rounding(stated.relative / 4, stated.absolute / 4))
    assert excess(less, torch.linspace(-20, 20, 1_000_001)) > 1.0


def test_a_function_of_ones_own_has_to_say_it() -> None:
    own = characterise(lambda x: torch.tanh(2 * x), "tanh2")
    assert own.rounding_in(FLOAT64) == own.rounding
    with pytest.raises(SltkError, match=r"tanh2.*state it"):
        own.allowance(torch.ones(1), torch.ones(1), FLOAT32)
    said = replace(own, float32=Rounding(8 * 2.0**-23, 8 * 2.0**-23))
    assert excess(said, torch.linspace(-20, 20, 100_001)) <= 1.0
