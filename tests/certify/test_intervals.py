"""Interval bounds of a target: exact rational checks on tiny nets, sampling and ascent on larger ones."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor

from sltk.certify.intervals import Box, ranges
from sltk.core.errors import SltkError
from sltk.core.numerics import rounding
from sltk.core.numerics.intervals import Interval
from sltk.networks import affine
from sltk.networks.activations.table import activation
from sltk.networks.network import Network, Stage, run
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool

RELU = Act(activation("relu"))


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def linear(seed: int, fan_in: int, out: int) -> Linear:
    return Linear(f"linear-{seed}", normal(seed, out, fan_in), normal(seed + 1, out))


def conv_network(seed: int) -> Network:
    first = Conv("conv", normal(seed, 3, 2, 3, 3), normal(seed + 1, 3), (1, 2), (1, 1), (1, 1))
    stages = (
        Stage(first, (AvgPool((2, 2), (2, 2), (1, 1)), Act(activation("gelu")), MaxPool((2, 2), (1, 1)), Flatten())),
        Stage(linear(seed + 2, 18, 6), (Act(activation("sigmoid")),)),
        Stage(linear(seed + 4, 6, 2)),
    )
    return Network((2, 6, 8), stages)


def exact_affine(weight: Tensor, bias: Tensor, low: list[Fraction], high: list[Fraction]) -> list[list[Fraction]]:
    ends: list[list[Fraction]] = [[], []]
    for row, offset in zip(weight.tolist(), bias.tolist(), strict=True):
        pairs = [sorted((Fraction(w) * a, Fraction(w) * b)) for w, a, b in zip(row, low, high, strict=True)]
        ends[0].append(Fraction(offset) + sum(pair[0] for pair in pairs))
        ends[1].append(Fraction(offset) + sum(pair[1] for pair in pairs))
    return ends


def rational(x: Tensor) -> list[Fraction]:
    return [Fraction(value) for value in x.tolist()]


@pytest.mark.parametrize("seed", range(20))
def test_encloses_exact_rational_ranges_closely(seed: int) -> None:
    first, second = linear(seed, 3, 4), linear(seed + 50, 4, 2)
    network = Network((3,), (Stage(first, (RELU,)), Stage(second)))
    box = Box(-normal(seed + 90, 3).abs(), normal(seed + 91, 3).abs())
    domain = box.on((3,))
    low, high = exact_affine(first.weight, first.bias, rational(domain.low), rational(domain.high))
    low, high = [[max(x, Fraction(0)) for x in end] for end in (low, high)]
    low, high = exact_affine(second.weight, second.bias, low, high)
    found = ranges(network, box)[-1].leaving
    mine = rational(found.low), rational(found.high)
    for exact_low, exact_high, mine_low, mine_high in zip(low, high, *mine, strict=True):
        assert mine_low <= exact_low
        assert exact_high <= mine_high
        # Activations may widen by 8 units in the last place, and the second map adds up 4 of them.
        assert float(exact_low - mine_low) + float(mine_high - exact_high) < 1e-12


def point_misses(seed: int) -> bool:
    """Whether a box of one point gets an interval without the exact value."""
    row = linear(seed, 9, 1)
    x = normal(seed + 7, 9)
    found = row.image(Interval(x[None], x[None]))
    (exact,), _ = exact_affine(row.weight, row.bias, rational(x), rational(x))
    return not Fraction(float(found.low)) <= exact <= Fraction(float(found.high))


def test_allowance_covers_rounding_of_a_point() -> None:
    assert not any(point_misses(seed) for seed in range(200))


def test_without_the_allowance_the_exact_value_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    monkeypatch.setattr(affine, "gamma", lambda terms: 0.0)
    assert any(point_misses(seed) for seed in range(200))


def reached(network: Network, box: Box, seed: int) -> Tensor:
    """Outputs at uniform points, corners, and after ascent of every output in both directions."""
    domain = box.on(network.input_shape)
    share = torch.rand((60, *network.input_shape), generator=generator(seed), dtype=torch.float64)
    share[:30] = share[:30].round()
    x = domain.low + share * (domain.high - domain.low)
    outputs = [network(x)]
    for sign in (1.0, -1.0):
        for index in range(outputs[0].shape[1]):
            point = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(sign * network(point)[:, index].sum(), point)
            outputs.append(network(torch.where(slope > 0, domain.high, domain.low)))
    return torch.cat(outputs)


@pytest.mark.parametrize("seed", range(8))
def test_points_corners_and_ascent_stay_inside(seed: int) -> None:
    network, box = conv_network(seed), Box(-0.4, 0.7)
    assert ranges(network, box)[-1].leaving.contains(reached(network, box, seed))


def test_one_layer_ranges_are_attained() -> None:
    network, box = Network((5,), (Stage(linear(3, 5, 4)),)), Box(-1.0, 2.0)
    found, values = ranges(network, box)[0].leaving, reached(network, box, 3)
    torch.testing.assert_close(values.amax(0), found.high, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(values.amin(0), found.low, rtol=1e-14, atol=1e-14)


def test_ignoring_the_sign_of_weights_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: low to low and high to high, whatever the sign of the weight."""

    def wrong(affine: Linear, x: Interval) -> Interval:
        return Interval(affine(x.low), affine(x.high))

    monkeypatch.setattr(Linear, "image", wrong)
    network, box = Network((5,), (Stage(linear(3, 5, 4)),)), Box(-1.0, 2.0)
    assert not ranges(network, box)[0].leaving.contains(reached(network, box, 3))


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("ceil", [True, False])
def test_average_pooling_uses_the_divisor_of_the_target(include: bool, ceil: bool) -> None:
    pool = AvgPool((3, 2), (2, 2), (1, 1), ceil, include)
    x = Interval(normal(1, 1, 2, 6, 7) - 1, normal(1, 1, 2, 6, 7) + 1)
    found = pool.image(x)
    assert found.contains(pool(x.low))
    assert found.contains(pool(x.high))
    torch.testing.assert_close(found.high, pool(x.high), rtol=1e-13, atol=1e-13)


def test_border_pixels_have_ranges_of_their_own() -> None:
    ones = Conv("conv", torch.ones(1, 1, 3, 3).double(), torch.zeros(1).double(), padding=(1, 1))
    found = ranges(Network((1, 4, 4), (Stage(ones),)), Box(1.0, 1.0))[0].affine
    torch.testing.assert_close(found.high[0, 0], torch.tensor([4.0, 6, 6, 4]).double(), rtol=1e-13, atol=0)
    assert float(found.low[0, 1, 1]) == pytest.approx(9)


def test_exact_zeros_stay_exact() -> None:
    nothing = Linear("linear", torch.zeros(2, 3).double(), torch.zeros(2).double())
    found = ranges(Network((3,), (Stage(nothing),)), Box(-1.0, 1.0))[0].affine
    assert torch.equal(found.low, torch.zeros(2).double())
    assert torch.equal(found.high, torch.zeros(2).double())


def test_steps_before_the_first_map_are_followed() -> None:
    network = Network((1, 4, 4), (Stage(linear(5, 4, 2)),), (AvgPool((2, 2), (2, 2)), Flatten()))
    data = torch.rand(20, 1, 4, 4, generator=generator(5), dtype=torch.float64)
    known = ranges(network, Box(0.0, 1.0))[0]
    assert known.entering.contains(run(network.before, data))
    assert known.affine.contains(network(data))


def test_products_that_underflow_are_covered() -> None:
    tiny = Linear("linear", torch.full((1, 2), 1e-200, dtype=torch.float64), torch.zeros(1).double())
    x = torch.full((2,), 1e-200, dtype=torch.float64)
    found = tiny.image(Interval(x[None], x[None]))
    assert Fraction(float(found.high)) >= 2 * Fraction(1e-200) ** 2


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.0, 0.0, "low <= high"),
        (float("nan"), 0.0, "finite"),
        (0.0, float("inf"), "finite"),
        (torch.zeros(2), torch.ones(3), "matching shapes"),
    ],
)
def test_box_refuses(low: float, high: float, words: str) -> None:
    with pytest.raises(SltkError, match=words):
        Box(low, high)


def test_box_keeps_numbers_exactly() -> None:
    assert float(Box(-0.1, 0.3).on((1,)).low) == -0.1
    assert float(Box(torch.tensor(-0.1), 0.3).on((1,)).low) == float(torch.tensor(-0.1))


def test_box_spreads_and_grows() -> None:
    assert Box(0, 1).on((2, 3)).high.shape == (2, 3)
    with pytest.raises(SltkError, match="do not spread"):
        Box(torch.zeros(2), torch.ones(2)).on((3,))
    grown = Box(0.0, 1.0).including(torch.tensor([[0.5, -0.5], [1.5, 0.5]]))
    assert torch.equal(torch.as_tensor(grown.low), torch.tensor([0.0, -0.5]).double())
    assert torch.equal(torch.as_tensor(grown.high), torch.tensor([1.5, 1.0]).double())


def test_overflow_is_refused() -> None:
    huge = Linear("first", torch.full((1, 2), 1e200, dtype=torch.float64), torch.zeros(1).double())
    with pytest.raises(SltkError, match="first"):
        ranges(Network((2,), (Stage(huge),)), Box(0.0, 1e200))


def sum_of_products(seed: int) -> tuple[Fraction, Tensor, int]:
    left, right = normal(seed, 12).abs(), normal(seed + 1, 12).abs()
    return sum((a * b for a, b in zip(rational(left), rational(right), strict=True)), Fraction(0)), left @ right, 12


def test_swell_is_above_the_exact_sum() -> None:
    samples = [sum_of_products(seed) for seed in range(200)]
    assert all(Fraction(float(rounding.swell(value, terms))) >= exact for exact, value, terms in samples)
    assert all(float(rounding.swell(value, terms)) <= float(exact) * (1 + 1e-14) for exact, value, terms in samples)


def test_a_plain_float_sum_can_be_below_the_exact_one() -> None:
    """Negative control of the inflation."""
    assert any(Fraction(float(value)) < exact for exact, value, _ in map(sum_of_products, range(200)))
