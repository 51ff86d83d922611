"""Many boxes at once: no error, difference or value of a random ticket leaves what is said of its box."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.adversary import sup_error
from sltk.certify.boxes import activated, batch, functional, ground, planes, stages
from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.matrices import Weights
from sltk.certify.boxes.pair import stage_matrices
from sltk.certify.boxes.search import Budget, cost_of_box, halves, searched
from sltk.certify.boxes.stages import StageMatrices
from sltk.certify.differential.split import refined
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.table import activation
from sltk.networks.wiring import INPUT
from tests.construct.building import build_ticket
from tests.property.test_certify import EVALUATION, Case, build

NAMES = ("relu", "leaky_relu(0.1)", "tanh", "sigmoid", "gelu", "hardtanh", "elu", "softsign", "silu")
METHODS = ("plus-one", "two-layer")


def matrices(case: Case) -> list[StageMatrices]:
    found = stage_matrices(case.network, case.realised())
    assert found is not None
    return found


def random_boxes(case: Case, seed: int, count: int = 12) -> Interval:
    """Boxes of all sizes inside the domain, points among them."""
    generator = torch.Generator().manual_seed(seed)
    box = case.box.on(case.network.input_shape)
    ends = torch.rand(2, count, *case.network.input_shape, generator=generator, dtype=torch.float64)
    ends[1] = torch.where(torch.rand(count, 1, generator=generator) < 0.7, ends[1], ends[0] + (ends[1] - ends[0]) / 50)
    ends[1, 0] = ends[0, 0]
    ends = box.low + ends * (box.high - box.low)
    ends[0, 1], ends[1, 1] = box.low, box.high
    return Interval(ends.amin(0), ends.amax(0))


def points(boxes: Interval, seed: int, count: int = 80) -> Tensor:
    """``(boxes, count, inputs)``: inside and at corners."""
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(len(boxes.low), count, boxes.low.shape[1], generator=generator, dtype=torch.float64)
    share[:, ::3] = share[:, ::3].round()
    inside = boxes.low[:, None] + share * (boxes.high - boxes.low)[:, None]
    return torch.minimum(torch.maximum(inside, boxes.low[:, None]), boxes.high[:, None])


def largest_errors(case: Case, x: Tensor) -> Tensor:
    """Of every output over copies and points, ``(boxes, outputs)``."""
    flat = x.flatten(0, 1)
    truth = case.network(flat)
    copies = case.ticket(flat).reshape(len(flat), -1, truth.shape[1])
    return (copies - truth[:, None]).abs().amax(1).reshape(*x.shape[:2], -1).amax(1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_no_box_is_left(name: str, method: str) -> None:
    """Errors of the outputs, and every inner value, difference and ticket value."""
    for seed in range(3):
        case = build(seed, "dense", name, method, noise=(0.02, 0.3)[seed % 2])
        boxes = random_boxes(case, seed)
        pair, x = Boxes(matrices(case), boxes.low, boxes.high), points(boxes, seed)
        assert bool((largest_errors(case, x) <= pair.errors() + EVALUATION).all())
        _hidden_within(case, pair, x)


def _hidden_within(case: Case, pair: Boxes, x: Tensor) -> None:
    flat = x.flatten(0, 1)
    truth, reached = flat, case.trace(flat)
    for value, stage, ticket in zip(pair.values[1:], case.network.stages, reached, strict=False):
        truth = stage.affine(truth)
        for step in stage.after:
            truth = step(truth)
        copies = ticket.reshape(len(flat), -1, truth.shape[1]).transpose(1, 2)  # neuron by neuron
        differences = (truth[..., None] - copies).flatten(1)
        for seen, within in ((truth, value.target), (differences, value.difference), (copies.flatten(1), value.ticket)):
            known = seen.reshape(*x.shape[:2], -1)
            spare = EVALUATION * (1 + within.magnitude)[:, None]
            assert bool((known >= within.low[:, None] - spare).all())
            assert bool((known <= within.high[:, None] + spare).all())


class Skip(nn.Module):
    """A block around which a skip leads, with a flattening and convolutions."""

    def __init__(self, phi: nn.Module) -> None:
        super().__init__()
        self.stem, self.block, self.end = nn.Conv2d(1, 2, 2), nn.Conv2d(2, 2, 3, padding=1), nn.Linear(4, 2)
        self.phi = phi

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 1, 2, 3)`` to ``(batch, 2)``."""
        x = self.phi(self.stem(x))
        return self.end(self.phi(self.block(x) + x).flatten(1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("phi", [nn.Tanh(), nn.ReLU(), nn.GELU()])
def test_skips_and_convolutions(phi: nn.Module, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A built ticket of a network with a skip: no error leaves its box's bound. At points the sums of copies behind the
    skip are those of the differences there; without what the skip brings to them they are not."""
    torch.manual_seed(2)
    ticket = build_ticket(
        Skip(phi), domain=(-1.0, 1.0), input_shape=(1, 2, 3), seed=1, n=14, param_eps=0.05, method=method
    )
    assert ticket.target is not None
    pair = stage_matrices(ticket.target, ticket.realised)
    assert pair is not None
    generator = torch.Generator().manual_seed(4)
    low, high = (2 * torch.rand(2, 10, 6, generator=generator, dtype=torch.float64) - 1).sort(0).values
    low[0], high[0] = -1.0, 1.0
    low[5:] = high[5:]
    x, module = points(Interval(low, high), 6, 100), ticket.module("sparse").double().eval()
    with torch.no_grad():
        seen = (ticket.target(x.reshape(-1, 1, 2, 3)) - module(x.reshape(-1, 1, 2, 3))).abs().reshape(10, 100, 2)
    boxes = Boxes(pair, low, high)
    assert bool((seen.amax(1) <= boxes.errors() + EVALUATION).all())
    known, v = boxes.activated[1].known.difference, torch.eye(len(pair[1].bias) * pair[1].copies).double()

    def off() -> float:
        found = boxes._together(1, v, 1)  # of one copy each: the difference itself, of every neuron
        sums = [batch.by_copy(v * end[:, None], pair[1].copies).sum(-1) for end in (known.low, known.high)]
        return float((torch.maximum(found.low - sums[1], sums[0] - found.high))[5:].max())

    assert off() < 1e-12
    plain = functional.alone
    monkeypatch.setattr(batch, "alone", lambda v: torch.zeros_like(plain(v)))
    assert off() > 1e-3


@pytest.mark.usefixtures("bisecting_certificates")
def test_the_certificate_of_a_small_ticket_is_that_of_boxes() -> None:
    """It says so, is within a tenth of what an attack finds, and a tenth below the ways that take the whole domain."""
    torch.manual_seed(4)
    target = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 2))
    ticket = build_ticket(
        target, domain=(-1.0, 1.0), input_shape=(3,), seed=2, n=14, param_eps=0.05, method="two-layer"
    )
    assert ticket.target is not None
    found = ticket.certificate
    attack = sup_error(ticket.target, ticket.module("sparse").double(), ticket.domain, shape=(3,), restarts=6, steps=15)
    assert attack.error <= found.bound <= 1.1 * attack.error
    assert found.best == "bisection of the domain"
    assert min(way.bound or 0.0 for way in found.ways[:2]) > 1.1 * found.bound


@pytest.mark.parametrize("name", ["tanh", "gelu", "sigmoid", "softsign"])
def test_planes_enclose_differences(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On random rectangles ``phi(y) - phi(y - d)``, ``phi'(u)`` and ``phi'(y) t``; without a chord's
    level, or what products lose, not."""
    phi, generator = activation(name), torch.Generator().manual_seed(5)
    y, d = (torch.rand(2, 400, generator=generator, dtype=torch.float64) * scale for scale in (6.0, 1.0))
    y, d = Interval(*(y - 3.0).sort(0).values), Interval(*(d - 0.5).sort(0).values)
    hull = Interval(torch.minimum(y.low, y.low - d.high), torch.maximum(y.high, y.high - d.low))
    share = torch.rand(2, 60, 400, generator=generator, dtype=torch.float64)
    share[:, :20] = share[:, :20].round()
    at_y, at_d = (one.low + s * (one.high - one.low) for one, s in zip((y, d), share, strict=True))
    truth, tangent = phi(at_y) - phi(at_y - at_d), phi.slopes(at_y, at_y)[0]
    leaning = planes.leaning_slopes(phi, hull)
    assert leaning is not None
    for slopes in (leaning, planes.flat_slopes(phi, hull)):
        rest = tangent - slopes.steep * at_y
        assert bool(((rest >= slopes.low - 1e-9) & (rest <= slopes.high + 1e-9)).all())
        assert bool((truth <= planes.difference_above(slopes, y, d).at(at_y, at_d) + 1e-13).all())
        assert bool((-truth <= planes.difference_above(slopes.negative(), y, d).at(at_y, at_d) + 1e-13).all())
        assert bool((tangent * at_d <= planes.product_above(slopes, y, d).at(at_y, at_d) + 1e-9).all())
    plain = planes.chord
    with monkeypatch.context() as cut:
        cut.setattr(planes, "chord", lambda slopes, d: (plain(slopes, d)[0], torch.zeros_like(d.low)))
        assert bool((truth > planes.difference_above(planes.flat_slopes(phi, hull), y, d).at(at_y, at_d) + 1e-6).any())
    monkeypatch.setattr(planes, "about", lambda x: ((x.low + x.high) / 2, torch.zeros_like(x.low)))
    assert bool((truth > planes.difference_above(leaning, y, d).at(at_y, at_d) + 1e-9).any())
    assert bool((tangent * at_d > planes.product_above(leaning, y, d).at(at_y, at_d) + 1e-6).any())


@pytest.mark.parametrize("method", METHODS)
def test_what_is_lost_falls_with_the_square_of_the_width(method: str) -> None:
    """Above the largest bound of the corners, each a box of its own; remainders are left out, as their bound is of
    first order. Halving the width leaves about a quarter, where lines in d alone would leave half."""
    case = build(3, "dense", "tanh", method, noise=0.01)
    parts = [stage_without_remainder(one) for one in matrices(case)]
    middle = torch.rand(8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.5
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 4)
    lost: list[Tensor] = []
    for half in (0.02, 0.01):
        corners = (middle[:, None] + half * signs).flatten(0, 1)
        known = Boxes(parts, corners, corners).errors().unflatten(0, (8, 16)).amax((1, 2))
        lost.append(Boxes(parts, middle - half, middle + half).errors().amax(1) - known)
    assert bool((lost[0] > 0).all())
    assert float((lost[1] / lost[0]).median()) < 0.3


def stage_without_remainder(stage: StageMatrices) -> StageMatrices:
    own = stage.weights.univariate
    if own is None:
        return stage
    return replace(stage, weights=replace(stage.weights, univariate=replace(own, rest=torch.zeros_like(own.rest))))


def test_halves_cover_a_box() -> None:
    low, high = torch.zeros(3, 2).double(), torch.tensor([[1.0, 2.0], [4.0, 1.0], [0.0, 0.0]]).double()
    first, second = halves(low, high, torch.ones(2).double())
    assert torch.equal(first, torch.tensor([[0, 0], [0, 0], [0, 0], [0, 1], [2, 0], [0, 0]]).double())
    assert torch.equal(second, torch.tensor([[1, 1], [2, 1], [0, 0], [1, 2], [4, 1], [0, 0]]).double())


def test_a_search_comes_closer_the_more_it_may_spend() -> None:
    """Of its work and of its time; it stays above what is seen, and takes no box that it may not."""
    case = build(5, "dense", "tanh", "plus-one")
    pair, box = matrices(case), case.box.on(case.network.input_shape)
    seen = largest_errors(case, points(Interval(box.low[None], box.high[None]), 3, 3000))[0]
    above = torch.full((3,), torch.inf, dtype=torch.float64)
    known: list[float] = []
    for boxes in (2, 20, 200):
        found = searched(pair, box, above, Budget(work=boxes * cost_of_box(pair)))
        assert found.boxes <= boxes
        assert bool((seen <= found.per_output + EVALUATION).all())
        known.append(float(found.per_output.max()))
    assert known[2] < known[1] < known[0]
    ticks = iter(range(100))
    timed = searched(pair, box, above, Budget(seconds=4.0, clock=lambda: float(next(ticks))))
    assert timed.boxes >= 4
    assert float(timed.per_output.max()) <= known[0]


def test_a_domain_that_is_too_dear_to_be_cut_is_one_box() -> None:
    """It is bounded as a whole, never above what is known; and not at all where even that is too dear."""
    case = build(5, "dense", "tanh", "plus-one")
    cost, known = cost_of_box(matrices(case)), torch.tensor([torch.inf, torch.inf, 1e-9], dtype=torch.float64)
    box = case.box.on(case.network.input_shape)
    seen = largest_errors(case, points(Interval(box.low[None], box.high[None]), 3, 2000))[0]
    found = refined(case.network, case.box, case.realised(), known, Budget(work=2 * cost))
    assert found is not None
    assert found.per_output is not None
    assert found.boxes == 1
    assert bool((seen[:2] <= found.per_output[:2]).all())
    assert float(found.per_output[2]) == 1e-9
    assert bool((found.per_output[:2] < 1e3 * seen[:2]).all())
    assert refined(case.network, case.box, case.realised(), known, Budget(work=0.9 * cost)) is None


def _signs_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences of the other sign from the target's values."""
    plain = batch.mapped

    def wrong(*arguments: Any) -> Any:
        found = plain(*arguments)
        return replace(found, on_target=-found.on_target)

    monkeypatch.setattr(batch, "mapped", wrong)


def _rests_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Second-order terms of copies behind one gate."""
    plain = activated._gate

    def without(*arguments: Any) -> Any:
        found = plain(*arguments)
        if found is None:
            return None
        return activated.Gate(found.slopes, torch.zeros_like(found.low), torch.zeros_like(found.high))

    monkeypatch.setattr(activated, "_gate", without)


def _chords_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines and planes of differences, and of what gates multiply, without the levels of their chords."""
    plain_lines, plain_chord = activated._planes, planes.chord

    def flat(phi: Any, lines: Any, known: Any) -> Any:
        nothing = torch.zeros_like(lines.low)
        return plain_lines(phi, replace(lines, low=nothing, high=nothing), known)

    monkeypatch.setattr(activated, "_planes", flat)
    monkeypatch.setattr(planes, "chord", lambda slopes, d: (plain_chord(slopes, d)[0], torch.zeros_like(d.low)))


def _curves_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves of the input as their chords alone."""
    plain = ground._rest

    def flat(*arguments: Any) -> Any:
        slope, rest = plain(*arguments)
        return slope, Interval(torch.zeros_like(rest.low), torch.zeros_like(rest.high))

    monkeypatch.setattr(ground, "_rest", flat)


@pytest.mark.parametrize("broken", [_signs_turned, _rests_left_out, _chords_cut, _curves_flat])
def test_what_is_left_out_is_seen(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative controls: with a sign turned, without a rest, a chord's level or a curve some boxes are left."""
    name, noise = ("relu", 0.0) if broken is _curves_flat else ("sigmoid", 0.5)
    cases = [build(seed, "dense", name, "plus-one", noise=noise) for seed in range(12)]
    boxes = [random_boxes(case, seed) for seed, case in enumerate(cases)]
    seen = torch.stack([largest_errors(c, points(b, 7, 300)) for c, b in zip(cases, boxes, strict=True)])

    def bounds() -> Tensor:
        return torch.stack([Boxes(matrices(c), b.low, b.high).errors() for c, b in zip(cases, boxes, strict=True)])

    assert bool((seen <= bounds() + EVALUATION).all())
    broken(monkeypatch)
    assert bool((seen > bounds() + EVALUATION).any())


def test_exact_arithmetic_lies_above_what_float64_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the worst corner, in rationals, no linear pair exceeds its bound; without allowance for rounding some do."""
    generator = torch.Generator().manual_seed(2)
    pairs = [_linear_pair(generator) for _ in range(40)]
    exact: list[Fraction] = []
    for stage, box in pairs:
        assert stage.weights.delta is not None
        for row in (stage.weights.delta[0], -stage.weights.delta[0]):
            ends = torch.where(row > 0, box.high, box.low).tolist()
            exact.append(sum((Fraction(a) * Fraction(b) for a, b in zip(row.tolist(), ends, strict=True)), Fraction(0)))
    truth = [max(exact[2 * k], exact[2 * k + 1]) for k in range(len(pairs))]

    def exceeded() -> int:
        found = [float(Boxes([stage], box.low[None], box.high[None]).errors().max()) for stage, box in pairs]
        return sum(one > Fraction(top) for one, top in zip(truth, found, strict=True))

    assert exceeded() == 0
    for module in (stages, batch, functional):
        monkeypatch.setattr(module, "gamma", lambda terms: 0.0)
    monkeypatch.setattr(functional, "UNDERFLOW", 0.0)
    assert exceeded() > 5  # negative control


def _linear_pair(generator: torch.Generator) -> tuple[StageMatrices, Interval]:
    """One affine map of one copy, with parameter errors of all sizes."""
    size = 10.0 ** torch.randint(-3, 4, (1, 24), generator=generator)
    delta = torch.randn(1, 24, generator=generator, dtype=torch.float64) * size
    ends, one = torch.rand(2, 24, generator=generator, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    weights = Weights(one, one, torch.zeros(1, 24).double(), delta, torch.zeros_like(delta))
    return StageMatrices(torch.zeros(1, 24).double(), one, 1, INPUT, (), weights, None), Interval(-ends[0], ends[1])
