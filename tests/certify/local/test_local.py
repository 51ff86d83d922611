"""Local certificates against inputs in the balls, exact arithmetic at points, and the mistakes they must not make."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.copies import Copies
from sltk.certify.intervals import Box
from sltk.certify.local import forward, margins, pair_map
from sltk.certify.local.attack import unchanged
from sltk.certify.local.balls import balls, ranges_of
from sltk.certify.local.certificates import LocalCertificates
from sltk.certify.local.forward import differences
from sltk.certify.local.margins import linear_leads
from sltk.certify.propagate import conclude, start, step
from sltk.certify.realised import Realised
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.lines import activation_lines
from sltk.networks.network import Network
from sltk.networks.op import Step
from sltk.networks.ops.act import Act
from sltk.networks.relaxed import Lines, Relaxed
from sltk.runtime.sparse import SparseLayer
from tests.construct.building import build_ticket
from tests.construct.test_small_nets import CASES, built, inputs

METHODS = ("plus-one", "two-layer")
ROUNDING = 1e-9  # of evaluations in float64, relative to outputs of size 1 to 10


def dense(phi: nn.Module, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(3, 5), phi, nn.Linear(5, 5), phi, nn.Linear(5, 3))
    with torch.no_grad():
        for tensor in net.parameters():
            tensor *= 1.6  # outputs of torch's own draw hardly vary
    return net


def ticket(method: str, phi: nn.Module, n: int = 18) -> StrongTicket:
    return build_ticket(dense(phi), domain=(-1.0, 1.0), input_shape=(3,), seed=2, method=method, n=n, param_eps=0.02)


def around(x: Tensor, radius: float, domain: Box, count: int = 15) -> Tensor:
    """Points of each ball: corners and others, ``(count, n, ...)``."""
    ball, generator = balls(x, radius, domain), torch.Generator().manual_seed(6)
    share = torch.rand(count, *x.shape, generator=generator, dtype=torch.float64)
    share = torch.cat([share.round(), share, torch.full_like(share[:1], 0.5)])
    return torch.minimum(torch.maximum(ball.low + share * (ball.high - ball.low), ball.low), ball.high)


def answer(outputs: Tensor) -> Tensor:
    return outputs.argmax(-1) if outputs.shape[-1] > 1 else (outputs[..., 0] > 0).long()


def broken(one: StrongTicket, x: Tensor, radius: float, found: LocalCertificates, dtype: torch.dtype) -> list[str]:
    """What is said of the balls that inputs in them refute."""
    assert one.target is not None
    module = one.module("sparse").to(dtype)
    points = around(x, radius, one.domain).to(dtype).double()
    whole = one.domain.on(one.target.input_shape)
    points = torch.minimum(torch.maximum(points, whole.low), whole.high)
    with torch.no_grad():
        wanted = one.target(points.flatten(0, 1)).flatten(1).unflatten(0, points.shape[:2])
        got = module(points.flatten(0, 1).to(dtype)).double().flatten(1).unflatten(0, points.shape[:2])
    wrong = []
    if bool(((wanted - got).abs().amax((0, 2)) > found.errors + ROUNDING).any()):
        wrong.append("errors")
    same = (answer(wanted) == found.answers).all(0)
    if bool((found.kept & ~same).any()):
        wrong.append("kept")
    if bool((found.proved & ~(same & (answer(got) == found.answers).all(0))).any()):
        wrong.append("proved")
    return wrong


@pytest.mark.parametrize("radius", [0.0, 0.02])
@pytest.mark.parametrize(("name", "method"), CASES)
def test_what_is_said_of_balls_holds_at_their_points(name: str, method: str, radius: float) -> None:
    one = built(name, method)
    assert one.target is not None
    x = 0.9 * inputs(one.target, 3)
    for dtype in (None, torch.float32):
        found = one.certify(x if dtype is None else x.float(), radius, dtype)
        assert len(found) == 3
        assert broken(one, x.float(), radius, found, dtype or torch.float64) == []
        assert bool((found.proved <= found.kept).all())


@pytest.mark.parametrize("phi", [nn.ReLU(), nn.Tanh(), nn.GELU(), nn.LeakyReLU(0.2), nn.Hardswish(), nn.Softplus()])
@pytest.mark.parametrize("method", METHODS)
def test_dense_tickets_of_all_sorts_of_activations(method: str, phi: nn.Module) -> None:
    one = ticket(method, phi)
    x = torch.rand(40, 3, generator=torch.Generator().manual_seed(8)) * 2 - 1
    for radius in (0.0, 0.003, 0.1):
        found = one.certify(x, radius)
        assert broken(one, x, radius, found, torch.float64) == []
    assert one.certify(x, 0.0).share > 0.6
    whole = one.certificate.ways[0]  # carried forward as the balls are, over the whole domain
    assert whole.name == "intervals"
    assert whole.bound is not None
    assert one.certify(x, 0.0).mean_error < one.certify(x, 0.1).mean_error <= whole.bound * (1 + 1e-9)


@pytest.mark.parametrize("exactly", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_at_a_point_nothing_but_rounding_is_left(method: str, exactly: bool) -> None:
    """With sizes in place of signed differences it is more: the certificate of the point, signs dropped."""
    one = ticket(method, nn.ReLU())
    assert one.target is not None
    x = torch.rand(20, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        error = (one.target(x) - one.module().double()(x)).abs().amax(1)
    found = (one.local if exactly else replace(one.local, exactly=None)).certify(x, 0.0).errors
    torch.testing.assert_close(found, error, rtol=1e-9, atol=1e-12)
    sizes = [unsigned(one.target, Box(row, row), one.realised) for row in x]
    assert sum(sizes) > 1.2 * float(found.sum())  # negative control


def unsigned(network: Network, box: Box, realised: Sequence[Realised]) -> float:
    """The bound of the error recursion by sizes alone."""
    state = start(network, box, signs=False)
    for index, known in enumerate(realised):
        state = step(state, index, known)
    return conclude(state).bound


def exact(layers: list[tuple[list[list[Fraction]], list[Fraction]]], x: list[Fraction]) -> list[Fraction]:
    """Affine maps with ReLU between them."""
    for number, (weight, bias) in enumerate(layers):
        x = [sum((w * v for w, v in zip(row, x, strict=True)), b) for row, b in zip(weight, bias, strict=True)]
        x = x if number == len(layers) - 1 else [max(v, Fraction(0)) for v in x]
    return x


def rationals(weight: Tensor, bias: Tensor) -> tuple[list[list[Fraction]], list[Fraction]]:
    return [[Fraction(w) for w in row] for row in weight.double().tolist()], [Fraction(b) for b in bias.tolist()]


def outside(one: StrongTicket, x: Tensor) -> int:
    """At how many points the exact difference lies outside of what is said of them."""
    assert one.target is not None
    target = [rationals(stage.affine.weight, stage.affine.bias) for stage in one.target.stages]
    module = [rationals(m.weight, m.bias.double()) for m in one.module("sparse") if isinstance(m, SparseLayer)]  # pyright: ignore
    ball = balls(x, 0.0, one.domain)
    before, ranges = ranges_of(one.target, ball)
    found = differences(one.target, one.local.maps, before, ranges, None)
    count = 0
    for row, low, high in zip(x, found.low[:, 0], found.high[:, 0], strict=True):
        point = [Fraction(v) for v in row.tolist()]
        gap = [a - b for a, b in zip(exact(target, point), exact(module, point), strict=True)]
        count += not all(
            Fraction(a) <= g <= Fraction(b) for a, g, b in zip(low.tolist(), gap, high.tolist(), strict=True)
        )
    return count


@pytest.mark.parametrize("method", METHODS)
def test_exact_differences_lie_within_and_not_without_outward_rounding(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ticket(method, nn.ReLU(), n=14)
    x = torch.rand(12, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 2 - 1
    assert outside(one, x) == 0
    honest = pair_map._total

    def nearest(*args: Any) -> Interval:
        found = honest(*args)
        middle = (found.low + found.high) / 2
        return Interval(middle, middle)

    monkeypatch.setattr(pair_map, "_total", nearest)
    assert outside(one, x) > 6  # negative control


def test_a_turned_sign_is_seen() -> None:
    """Negative control: parameter errors with the wrong sign give bounds that points refute."""
    one = ticket("plus-one", nn.ReLU())
    x = torch.rand(40, 3, generator=torch.Generator().manual_seed(8)) * 2 - 1
    assert broken(one, x, 0.0, one.certify(x, 0.0), torch.float64) == []
    turned = [
        replace(known, delta=replace(known.delta, value=-known.delta.value)) if isinstance(known, Copies) else known
        for known in one.realised
    ]
    wrong = replace(one)
    object.__setattr__(wrong, "realised", turned)
    by_intervals = replace(wrong.local, exactly=None)
    assert "errors" in broken(one, x, 0.0, by_intervals.certify(x, 0.0), torch.float64)


def lead_excess(network: Network, x: Tensor, radius: float, domain: Box) -> float:
    """How far a lead that is said to be proved is above one that is seen; positive where it is wrong."""
    before, ranges = ranges_of(network, balls(x, radius, domain))
    points, worst = around(x, radius, domain), -float("inf")
    for row in range(len(x)):
        outputs = network(points[:, row])
        said = answer(network(x[row : row + 1].double()))[0]
        seen = (outputs[:, said][:, None] - outputs).amin(0)
        known = [replace(stage, entering=_row(stage.entering, row), affine=_row(stage.affine, row),
                         steps=tuple(_row(s, row) for s in stage.steps)) for stage in ranges]  # fmt: skip
        leads = linear_leads(network, [_row(b, row) for b in before], known, int(said))
        others = torch.arange(len(leads)) != said
        worst = max(worst, float((leads - seen)[others].max()))
    return worst


def _row(x: Interval, row: int) -> Interval:
    return Interval(x.low[row : row + 1], x.high[row : row + 1])


@pytest.mark.parametrize("phi", [nn.ReLU(), nn.Tanh(), nn.GELU()])
def test_linear_leads_hold_and_not_without_a_chord(phi: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    network, domain = ticket("two-layer", phi).target, Box(-1.0, 1.0)
    assert network is not None
    x = torch.rand(30, 3, generator=torch.Generator().manual_seed(8)) * 2 - 1
    assert max(lead_excess(network, x, r, domain) for r in (0.0, 0.05, 0.4)) <= ROUNDING

    def chordless(self: Act, x: Interval) -> Relaxed:
        lines = activation_lines(self.activation, x)
        return Lines(lines.slope_high, lines.low.clamp(min=0), lines.slope_high, lines.low)

    monkeypatch.setattr(Act, "relaxed", chordless)
    assert lead_excess(network, x, 0.4, domain) > 1e-3  # negative control


def test_linear_leads_on_networks_with_skips_and_pools() -> None:
    for name in ("ResNet-18-like", "U-Net-like, nearest", "line", "MobileNet-like"):
        network = built(name, "two-layer").target
        assert network is not None
        if network.output_shape != (2,):
            continue
        x = 0.9 * inputs(network, 3)
        assert max(lead_excess(network, x, r, Box(-1.0, 1.0)) for r in (0.0, 0.02)) <= ROUNDING


def test_linear_leads_are_seldom_behind_intervals() -> None:
    one = ticket("two-layer", nn.ReLU())
    assert one.target is not None
    x = torch.rand(60, 3, generator=torch.Generator().manual_seed(9)) * 2 - 1
    found = one.certify(x, 0.1)
    _, ranges = ranges_of(one.target, balls(x, 0.1, one.domain))
    alone = margins.interval_leads(ranges[-1].leaving, found.answers).amin(1)
    assert bool((found.leads >= alone).all())
    assert int((found.leads > alone + 1e-6).sum()) > 5


def test_balls_are_clipped_and_points_are_points() -> None:
    x = torch.tensor([[0.95, -1.0]])
    found = balls(x, 0.1, Box(-1.0, 1.0))
    assert found.high[0, 0] == 1.0
    assert found.low[0, 1] == -1.0
    assert float(found.low[0, 0]) <= float(x[0, 0]) - 0.1
    point = balls(x, 0.0, Box(-1.0, 1.0))
    assert torch.equal(point.low, x.double())
    assert torch.equal(point.high, x.double())


@pytest.mark.parametrize(
    ("x", "radius", "match"),
    [
        (torch.tensor([[1.5, 0.0, 0.0]]), 0.0, "domain"),
        (torch.tensor([[float("nan"), 0.0, 0.0]]), 0.0, "domain"),
        (torch.zeros(1, 3), -0.1, "radius"),
        (torch.zeros(1, 3), float("inf"), "radius"),
        (torch.zeros(3), 0.1, "batch axis"),
        (torch.zeros(0, 3), 0.1, "n >= 1"),
    ],
)
def test_what_is_refused(x: Tensor, radius: float, match: str) -> None:
    with pytest.raises(SltkError, match=match):
        ticket("two-layer", nn.ReLU()).certify(x, radius)


def test_a_single_output_answers_by_its_sign() -> None:
    torch.manual_seed(0)
    target = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    one = build_ticket(target, domain=(-1.0, 1.0), input_shape=(2,), seed=2, method="two-layer", n=18, param_eps=0.02)
    x = torch.rand(60, 2, generator=torch.Generator().manual_seed(8)) * 2 - 1
    found = one.certify(x, 0.05)
    assert broken(one, x, 0.05, found, torch.float64) == []
    assert 0.2 < found.share < 1.0


def test_the_attack_never_refutes_what_is_proved_and_finds_what_is_there() -> None:
    one = ticket("two-layer", nn.ReLU())
    assert one.target is not None
    x = torch.rand(200, 3, generator=torch.Generator().manual_seed(5)) * 2 - 1
    found, same = one.certify(x, 0.1), unchanged(one.target, x, 0.1, one.domain)
    assert not bool((found.kept & ~same).any())
    assert 0 < int((~same).sum()) < 200
    assert bool(unchanged(one.target, x, 0.0, one.domain).all())


def test_a_share_comes_with_its_exact_interval() -> None:
    one = ticket("two-layer", nn.ReLU())
    found = one.certify(torch.zeros(10, 3), 0.0)
    low, high = found.interval()
    assert low < found.share <= high == 1.0 or found.share == 0.0
    assert "10 inputs" in repr(found)


def test_one_pass_and_torch_agree_on_half_lines() -> None:
    """The kernel of the half lines against the step's own rule."""
    generator = torch.Generator().manual_seed(4)
    for phi in (nn.ReLU(), nn.LeakyReLU(0.2)):
        network = ticket("two-layer", phi).target
        assert network is not None
        op: Step = network.stages[0].after[0]
        centre, width = torch.randn(2, 3, 50, generator=generator, dtype=torch.float64)
        target = Interval(centre, centre + width.abs())
        middle, half = torch.randn(2, 3, 4, 50, generator=generator, dtype=torch.float64) * 0.3
        d = Interval(middle - half.abs(), middle + half.abs())
        assert op.elementwise is not None
        found = forward._bent(op.elementwise, d, target)
        pair = forward.Pair(d, forward._of_target(target, d))
        slow = forward._through(op, pair, target, op.image(target), None)
        for one, other in ((found.difference, slow.difference), (found.ticket, slow.ticket)):
            torch.testing.assert_close(one.low, other.low, rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(one.high, other.high, rtol=1e-10, atol=1e-12)
