"""Activations as the constructions use them: names, interval images, rounding allowances, hypotheses."""

import copy
import math
import pickle
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation, Remainder, Rounding, require_admissible
from sltk.networks.activations.table import TABLE, activation

SELU = (mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717"))
EXACT = {
    "identity": lambda x: x,
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu(0.2)": lambda x: x if x >= 0 else mpf(0.2) * x,
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "elu(1.0)": lambda x: x if x >= 0 else mp.expm1(x),
    "elu(0.3)": lambda x: x if x >= 0 else mpf(0.3) * mp.expm1(x),
    "selu": lambda x: SELU[0] * (x if x >= 0 else SELU[1] * mp.expm1(x)),
    "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "erf": mp.erf,
    "hardtanh(-1.0, 1.0)": lambda x: min(max(x, mpf(-1)), mpf(1)),
    "hardtanh(-0.3, 2.0)": lambda x: min(max(x, mpf(-0.3)), mpf(2)),
    "relu6": lambda x: min(max(x, mpf(0)), mpf(6)),
    "prelu(1.7)": lambda x: x if x >= 0 else mpf(1.7) * x,
    "prelu(-0.3)": lambda x: x if x >= 0 else mpf(-0.3) * x,
    "hardswish": lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6,
    "gelu_tanh": lambda x: x / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))),
}
NAMES = sorted(EXACT)
WITHOUT_ROUNDING = ("relu", "identity", "hardtanh(-1.0, 1.0)", "hardtanh(-0.3, 2.0)", "relu6")
numbers = st.floats(-700.0, 700.0) | st.floats(-9.0, 9.0) | st.floats(-1e-3, 1e-3)


def double(x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


def encloses(phi: Activation, name: str, low: float, high: float, inside: float) -> bool:
    """Whether the image of ``[low, high]`` holds the exact value at ``inside``."""
    least, most = phi.range(double(low), double(high))
    with mp.workdps(60):
        return bool(mpf(float(least)) <= EXACT[name](mpf(inside)) <= mpf(float(most)))


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(NAMES), numbers, numbers, st.floats(0.0, 1.0))
def test_range_encloses_the_exact_image(name: str, one: float, other: float, share: float) -> None:
    low, high = min(one, other), max(one, other)
    inside = min(max(low + share * (high - low), low), high)
    phi = activation(name)
    assert all(encloses(phi, name, low, high, x) for x in (low, inside, high))
    if phi.minimum is not None and low <= phi.minimum <= high:
        assert encloses(phi, name, low, high, phi.minimum)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NAMES), numbers, numbers)
def test_range_is_tight(name: str, one: float, other: float) -> None:
    low, high, phi = min(one, other), max(one, other), activation(name)
    least, most = (float(end) for end in phi.range(double(low), double(high)))
    points = [low, high] + ([phi.minimum] if phi.minimum is not None and low <= phi.minimum <= high else [])
    with mp.workdps(60):
        values = [float(EXACT[name](mpf(x))) for x in points]
    slack = 3e-14 * (1.0 + max(map(abs, values))) + (2e-13 if phi.minimum is not None else 0.0)
    assert min(values) - slack <= least <= most <= max(values) + slack
    near = [] if phi.minimum is None else [abs(phi.minimum - x) < 1e-5 for x in (low, high)]
    assert least <= min(values) or any(near)


@pytest.mark.parametrize("name", NAMES)
def test_one_unit_in_the_last_place_is_needed(name: str) -> None:
    """Negative control: without the rounding allowance some exact value lies outside, except where phi is exact."""
    phi = replace(activation(name), rounding=Rounding(0.0, 0.0))
    generator = torch.Generator().manual_seed(3)
    points = (torch.rand(300, generator=generator, dtype=torch.float64) * 12 - 6).tolist()
    missed = sum(not encloses(phi, name, x, x, x) for x in points)
    assert (missed == 0) == (name in WITHOUT_ROUNDING)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "gelu_tanh", "hardswish", "prelu(-0.3)"])
def test_a_forgotten_minimum_is_seen(name: str) -> None:
    honest = activation(name)
    assert honest.minimum is not None
    assert encloses(honest, name, -3.0, 1.0, honest.minimum)
    assert not encloses(replace(honest, minimum=None), name, -3.0, 1.0, honest.minimum)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_computed_lies_in_the_range(name: str) -> None:
    phi = activation(name)
    x = torch.linspace(-40.0, 40.0, 20_001, dtype=torch.float64)
    values = phi(x)
    low, high = x[:-1], x[1:]
    least, most = phi.range(low, high)
    for inside in (values[:-1], values[1:], phi((low + high) / 2)):
        assert bool((least <= inside).all())
        assert bool((inside <= most).all())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_keeps_dtype_shape_and_input(name: str, dtype: torch.dtype) -> None:
    x = torch.linspace(-3.0, 3.0, 12).to(dtype).reshape(3, 4)
    before = x.clone()
    y = activation(name)(x)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", NAMES)
def test_constants_and_intercepts_are_its_values(name: str) -> None:
    phi = activation(name)
    assert phi.constant(0.0) == pytest.approx(phi.intercept, abs=1e-16)
    assert phi.constant(0.7) == float(phi(double(0.7)))
    assert phi.curved == (name not in ("identity", "relu") and not name.startswith(("leaky", "prelu")))
    assert phi.kinked == (phi.slope_positive != phi.slope_negative)
    assert phi.status == "proved"
    assert phi.evidence


@pytest.mark.parametrize("name", NAMES)
def test_copies_are_equal(name: str) -> None:
    phi = activation(name)
    assert activation(phi.name) == phi == activation(f" {phi.name} ")
    assert pickle.loads(pickle.dumps(phi)).name == phi.name
    assert copy.deepcopy(phi)(double(0.3)) == phi(double(0.3))


def test_names_are_canonical() -> None:
    assert activation("leaky_relu").name == activation("leaky_relu(1e-2)").name == "leaky_relu(0.01)"
    assert activation("hardtanh").name == activation("hardtanh(-1, 1)").name == "hardtanh(-1.0, 1.0)"
    assert activation("hardtanh(-0.0, 6)").name == "hardtanh(0.0, 6.0)"
    assert activation("elu(1)") == activation("elu") == activation("elu(1.0)")
    assert all(activation(name) for name in TABLE)


@pytest.mark.parametrize(
    "name",
    ["", "swish", "relu(0.1)", "relu(", "leaky_relu(", "leaky_relu(0.1", "leaky_relu()", "leaky_relu(-0.1)", "elu(nan)",
     "elu(1e999)", "leaky_relu(__import__('os'))", "elu(True)", "elu(1, 2)", "tanh)",
     "hardtanh(-1)", "hardtanh(1, 2)", "hardtanh(0, 0)", "hardtanh(-1, 1, 1)", "hardtanh(1, -1)",
     "prelu(-1)", "prelu(-1.0000000001)", "prelu(nan)", "hardswish(1)", "gelu_tanh(1)",
     "hardtanh(-1e200, 1e200)", "hardtanh(-1e-200, 1)", "relu6(6)", "elu(" + "(" * 9999],
)  # fmt: skip
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(SltkError):
        activation(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("abs", r"m_\+ \+ m_- = 0"), ("square", r"m_\+ \+ m_- = 0"), ("sign", "jump"), ("step", "jump"),
     ("heaviside", "jump")],
)  # fmt: skip
def test_inadmissible_functions_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(SltkError, match=reason) as found:
        activation(name)
    assert "first_activation" in str(found.value)  # the cure


@pytest.mark.parametrize(
    "broken",
    [
        {"slope_negative": -1.0},
        {"slope_positive": 0.0, "slope_negative": 0.0},
        {"remainder": Remainder(1.0, 1, math.inf)},
        {"remainder": Remainder(1.0, 0, math.inf)},
        {"lipschitz": math.inf},
        {"intercept": math.nan},
    ],
)
def test_every_hypothesis_is_checked(broken: dict) -> None:
    require_admissible(activation("tanh"))
    with pytest.raises(SltkError, match="tanh"):
        require_admissible(replace(activation("tanh"), **broken))


@pytest.mark.parametrize("name", NAMES)
def test_the_table_is_admissible(name: str) -> None:
    require_admissible(activation(name))
