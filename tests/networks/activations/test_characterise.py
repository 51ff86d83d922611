"""Measuring the constants of an activation: the table's rows come out, what breaks the hypothesis is refused."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.activations.characterise import SAFETY, characterise, evidence_of
from sltk.networks.activations.table import activation

TABLE = (
    "relu", "leaky_relu(0.2)", "tanh", "sigmoid", "softplus", "gelu", "silu", "elu(1.0)", "elu(0.4)", "selu", "mish",
    "softsign", "erf",
)  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_recovers_the_table(name: str) -> None:
    known = activation(name)
    found = characterise(known.function, "own")
    assert found.slope_positive == pytest.approx(known.slope_positive, abs=1e-10)
    assert found.slope_negative == pytest.approx(known.slope_negative, abs=1e-10)
    assert found.intercept == known.intercept
    assert found.kinked == known.kinked
    assert found.curved == known.curved
    assert found.remainder.order == known.remainder.order
    assert found.remainder.coefficient == pytest.approx(SAFETY * known.remainder.coefficient, rel=1e-3)
    assert found.lipschitz == pytest.approx(SAFETY * known.lipschitz, rel=1e-3)
    assert found.minimum == (None if known.minimum is None else pytest.approx(known.minimum, abs=1e-7))
    assert found.remainder.radius == (8.0 if known.curved else math.inf)
    assert found.status == "measured"


@pytest.mark.parametrize("name", TABLE)
def test_measured_constants_bound_what_they_should(name: str) -> None:
    """With the safety factor the remainder holds between the points that were looked at; without it some are missed."""
    phi = characterise(activation(name).function, "own")
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(20_000, generator=generator, dtype=torch.float64) * 16 - 8
    line = torch.where(x >= 0, phi.slope_positive * x, phi.slope_negative * x) + phi.intercept
    gap = (phi(x) - line).abs() - 1e-14
    bound = x.abs() ** phi.remainder.order
    assert bool((gap <= phi.remainder.coefficient * bound).all())
    if phi.curved:
        assert bool((gap > 0.95 / SAFETY * phi.remainder.coefficient * bound).any())  # negative control
    slopes = (phi(x[1:]) - phi(x[:-1])).abs() / (x[1:] - x[:-1]).abs()
    assert float(slopes.max()) <= phi.lipschitz


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "tanh"])
def test_measured_ranges_enclose(name: str) -> None:
    phi = characterise(activation(name).function, "own")
    low, high = torch.meshgrid(*[torch.linspace(-4, 4, 33, dtype=torch.float64)] * 2, indexing="ij")
    low, high = torch.minimum(low, high), torch.maximum(low, high)
    least, most = phi.range(low, high)
    for share in torch.linspace(0, 1, 41, dtype=torch.float64):
        values = phi(low + share * (high - low))
        assert bool(((least <= values) & (values <= most)).all())


@pytest.mark.parametrize(
    ("function", "slopes", "coefficient", "order"),
    [
        (torch.atan, (1.0, 1.0), 1 / 3, 3),
        (F.hardtanh, (1.0, 1.0), 0.25, 2),
        (F.relu6, (1.0, 0.0), 2 / 64, 2),
        (lambda x: x + 0.25 * torch.sin(x), (1.25, 1.25), 1 / 24, 3),
        (lambda x: -3.0 * x, (-3.0, -3.0), 0.0, 2),
        (lambda x: torch.sign(x) * torch.log1p(x.abs()), (1.0, 1.0), 0.5, 2),
        (nn.PReLU().double(), (1.0, 0.25), 0.0, 2),
    ],
)
def test_functions_beyond_the_table(
    function: Callable[[Tensor], Tensor], slopes: tuple[float, float], coefficient: float, order: int
) -> None:
    found = characterise(function, "own")
    assert (found.slope_positive, found.slope_negative) == pytest.approx(slopes, abs=1e-10)
    assert found.remainder.coefficient == pytest.approx(SAFETY * coefficient, rel=1e-3)
    assert found.remainder.order == order


def test_an_interior_minimum_is_located() -> None:
    assert characterise(F.hardswish, "own").minimum == pytest.approx(-1.5, abs=1e-7)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (torch.abs, r"m_\+ \+ m_- = 0"),
        (torch.square, r"m_\+ \+ m_- = 0"),
        (F.softshrink, r"m_\+ \+ m_- = 0"),
        (torch.sign, "jumps at 0"),
        (lambda x: (x >= 0).to(x), "jumps at 0"),
        (lambda x: (x > 0).to(x), "jumps at 0"),
        (lambda x: x + 0.01 * (x > 0), "jumps at 0"),
        (lambda x: x + 0.5 * (x > 1), "near x = 1"),
        (torch.sqrt, "is nan at x"),
        (torch.sinh, "inf at x"),
        (lambda x: torch.where(x == 0, torch.nan, x), "is nan at x = 0"),
        (lambda x: x + x**2, "not Lipschitz"),
        (lambda x: torch.sign(x) * x.abs().sqrt(), "no one-sided slope"),
        (lambda x: x + x.abs().clamp(max=4) ** 1.5, "below 2|order 2"),
        (lambda x: torch.sin(x) * 2, "turns"),
        (lambda x: -F.gelu(x), "turns"),
        (lambda x: torch.softmax(x, -1), "not elementwise"),
        (lambda x: x - x.mean(), "not elementwise"),
        (lambda x: x + torch.rand_like(x), "draws at random"),
        (lambda x: torch.tanh(x.float()), "float32"),
        (lambda x: x.sum(), "same shape"),
        (lambda x: None, "NoneType"),
        (lambda x: x @ x.unknown, "fails"),
    ],
)
def test_what_breaks_the_hypothesis_is_refused(function: Callable[[Tensor], Tensor], reason: str) -> None:
    with pytest.raises(SltkError, match=reason) as found:
        characterise(function, "own")
    assert "'own'" in str(found.value)
    assert "\n" not in str(found.value)


def test_evidence_is_shown() -> None:
    found = evidence_of(F.silu, "own")
    text = str(found)
    for c in found.constants:
        assert c.quantity in text
        assert c.how in found.activation.evidence
    named = {c.quantity for c in found.constants}
    assert named >= {"intercept d", "slope m_+", "remainder K", "Lipschitz T", "minimum at"}


def test_the_errors_given_are_honest() -> None:
    for name in TABLE:
        known = activation(name)
        found = {c.quantity: c for c in evidence_of(known.function, "own").constants}
        assert abs(found["slope m_+"].value - known.slope_positive) <= found["slope m_+"].error + 1e-15
        assert abs(found["slope m_-"].value - known.slope_negative) <= found["slope m_-"].error + 1e-15
        assert found["slope m_+"].error < 1e-9
