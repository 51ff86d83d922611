"""The differential relaxation against random tickets built weight by weight, and what it must not leave out."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from sltk.certify import common, copies
from sltk.certify.adversary import sup_error
from sltk.certify.copies import Copies
from sltk.certify.differential import backward, common_map, copies_map, curves, gates, split, stage_map
from sltk.certify.differential.certify import Limits, relaxation
from sltk.certify.differential.curves import largest
from sltk.certify.differential.forms import Form
from sltk.certify.differential.relax import Pair, start_pair
from sltk.certify.differential.split import bisected
from sltk.certify.intervals import Box
from sltk.certify.propagate import certify
from sltk.certify.signed import Signed
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations import lines
from sltk.networks.network import Network, Stage, run
from sltk.networks.ops import act
from sltk.networks.ops.linear import Linear
from sltk.networks.relaxed import Lines
from tests.construct.building import build_ticket
from tests.property.test_certify import EVALUATION, SHAPES, Case, build, inputs

NAMES = ("relu", "leaky_relu(0.1)", "tanh", "sigmoid", "gelu", "hardtanh", "prelu(-0.5)", "elu", "softsign", "silu")
METHODS = ("plus-one", "two-layer")


def bound(case: Case, limits: Limits | None = None) -> Tensor:
    found = relaxation(case.network, case.box, case.realised(), limits).per_output
    assert found is not None
    return found


@settings(max_examples=24, deadline=None, derandomize=True)
@given(st.integers(0, 2**16), st.sampled_from(sorted(SHAPES)), st.sampled_from(NAMES), st.sampled_from(METHODS))
def test_no_output_leaves_its_bound(seed: int, shape: str, name: str, method: str) -> None:
    """On samples and under attack; every inner value, difference and ticket value lies in its range."""
    case = build(seed, shape, name, method)
    found = bound(case)
    x = inputs(case, seed, 60)
    truth, copies = case.network(x), case.ticket(x)
    errors = (copies.reshape(len(x), -1, *truth.shape[1:]) - truth[:, None]).abs().amax((0, 1))
    assert bool((errors <= found + EVALUATION).all())
    attack = sup_error(case.network, case.ticket, case.box, shape=case.network.input_shape, restarts=4, steps=15)
    assert attack.error <= float(found.max()) + EVALUATION
    pair = start_pair(case.network, case.box)
    reached = case.trace(x)
    for index, (stage, one) in enumerate(zip(case.network.stages, case.realised(), strict=True)):
        pair.extend(one)
        entering = x if index == 0 else reached[index - 1]
        y = stage.affine(run(case.network.before, x) if index == 0 else truth_at(case, x, index - 1))
        y_hat = case.layers[index](run(case.network.before, entering) if index == 0 else entering)
        known = pair.at[index]
        copies = y_hat.reshape(len(x), known.ticket.low.shape[0], *y.shape[1:])
        for seen, within in (
            (y[:, None], known.target),
            (copies, known.ticket),
            (y[:, None] - copies, known.difference),
        ):
            spare = EVALUATION * (1 + within.magnitude)
            assert bool(((seen >= within.low - spare) & (seen <= within.high + spare)).all())


def truth_at(case: Case, x: Tensor, last: int) -> Tensor:
    """What leaves the target's stage ``last``."""
    x = run(case.network.before, x)
    for stage in case.network.stages[: last + 1]:
        x = run(stage.after, stage.affine(x))
    return x


@pytest.mark.parametrize("name", ["tanh", "gelu", "sigmoid"])
def test_shared_gates_are_bounds(name: str) -> None:
    """Three stages with copies: the outputs' bounds with two levels of shared gates, and with none."""
    for seed in range(6):
        case = build(seed, "dense", name, "plus-one")
        pair = start_pair(case.network, case.box)
        for one in case.realised():
            pair.extend(one)
        x = inputs(case, seed, 200)
        seen = (case.network(x) - case.ticket(x)).abs().amax(0)
        for levels in (0, 1, 2):
            assert bool((seen <= outputs_of(pair, levels) + EVALUATION).all())


def test_shared_gates_let_copies_cancel() -> None:
    """On a ticket that solved its subset sums, one gate for all copies takes a tenth off the bound, at least."""
    torch.manual_seed(3)
    target = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))
    with torch.no_grad():
        for weight in target.parameters():
            weight.mul_(2.0)  # so that the slopes over the box differ
    ticket = build_ticket(target, domain=(-1.0, 1.0), input_shape=(4,), seed=1, n=18, param_eps=0.01, method="plus-one")
    assert ticket.target is not None
    pair = start_pair(ticket.target, ticket.domain)
    for one in ticket.realised:
        pair.extend(one)
    apart, shared = outputs_of(pair, 0), outputs_of(pair, 2)
    attack = sup_error(ticket.target, ticket.module("sparse").double(), ticket.domain, shape=(4,), restarts=8, steps=20)
    assert attack.error <= float(shared.max())
    assert float(shared.max()) < 0.9 * float(apart.max())


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("method", METHODS)
def test_it_is_below_the_interval_bound(shape: str, method: str) -> None:
    ratios = []
    for seed in range(5):
        case = build(seed, shape, "tanh", method)
        ratios.append(float(bound(case).max()) / certify(case.network, case.box, case.realised()).bound)
    assert max(ratios) <= 1.0
    assert sorted(ratios)[2] < 0.95


def test_injected_errors_are_added_where_they_arise() -> None:
    """An error of 1e-3 in every affine output of the ticket: bounds grow, and cover a ticket that has it."""
    case = build(3, "dense", "tanh", "plus-one")
    realised = case.realised()
    shapes = [(one.copies, *case.network.shapes(k)[1]) for k, one in enumerate(realised)]
    more = relaxation(case.network, case.box, realised, None, [torch.full(s, 1e-3).double() for s in shapes]).per_output
    moved = replace(case, layers=[replace(one, bias=one.bias + 1e-3) for one in case.layers])
    x = inputs(case, 0, 500)
    assert more is not None
    assert bool((more > bound(case)).all())
    assert float((case.network(x) - moved.ticket(x)).abs().max()) <= float(more.max())


def test_beyond_its_limits_it_declines_and_says_so() -> None:
    case = build(0, "conv", "relu", "plus-one")
    none = relaxation(case.network, case.box, case.realised(), Limits(work=10.0))
    assert none.per_output is None
    assert "limit" in none.text
    some = relaxation(case.network, case.box, case.realised(), Limits(work=2e5, memory=2**16))
    assert some.per_output is not None
    assert "stages by intervals" in some.text
    assert bool((some.per_output >= bound(case) * (1 - 1e-9)).all())


def _chords_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of differences without their constants: the tangent at 0 in the place of a chord."""
    plain = lines.difference_lines

    def cut(*arguments: Any) -> Lines:
        found = plain(*arguments)
        return Lines(found.slope_low, torch.zeros_like(found.low), found.slope_high, torch.zeros_like(found.high))

    monkeypatch.setattr(act, "difference_lines", cut)
    monkeypatch.setattr(gates, "difference_lines", cut)


def _signs_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameter errors of the other sign in a stage of copies."""
    plain = copies_map.copies_map

    def turned(affine: Any, delta: Signed, *rest: Any) -> Any:
        return plain(affine, Signed(-delta.value, delta.slack), *rest)

    monkeypatch.setattr(copies, "copies_map", turned)


def _fewer_remainders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed remainders of univariate neurons left out."""
    plain = common_map.common_map

    def without(affine: Any, errors: Any, bias: Any, known: Any, slack: Tensor, curve: Any = None) -> Any:
        return plain(affine, errors, bias, known, torch.zeros_like(slack), None)

    monkeypatch.setattr(common, "common_map", without)


def _gates_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """One gate for all copies without the level of its chord: a line through 0."""

    def cut(own: gates.Gate, rising: Tensor, falling: Tensor, v: Tensor, t: Interval) -> tuple[Tensor, Tensor]:
        left, right = (torch.maximum(own.least * end, own.most * end) for end in (t.low, t.high))
        return (right - left) / (t.high - t.low), torch.zeros_like(t.low)

    monkeypatch.setattr(gates.Gate, "_shared", cut)


@pytest.mark.parametrize("broken", [_chords_cut, _gates_cut, _signs_turned, _fewer_remainders])
def test_what_is_left_out_is_seen(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative controls: with a chord, a sign or a remainder wrong, some of these tickets leave the bound."""
    cases = [build(seed, "dense", "sigmoid", "plus-one", noise=0.3) for seed in range(30)]
    if broken is _fewer_remainders:
        cases = [build(seed, "dense", "sigmoid", "plus-one", noise=0.0) for seed in range(30)]
    samples = [inputs(case, 7, 300) for case in cases]
    seen = [float((c.network(x) - c.ticket(x)).abs().max()) for c, x in zip(cases, samples, strict=True)]
    right = [float(bound(case).max()) for case in cases]
    assert all(error <= top + EVALUATION for error, top in zip(seen, right, strict=True))
    broken(monkeypatch)
    wrong = [float(bound(case).max()) for case in cases]
    assert any(error > top + EVALUATION for error, top in zip(seen, wrong, strict=True))


def outputs_of(pair: Pair, levels: int) -> Tensor:
    """Bounds with so many levels of shared gates."""
    known = pair.known[-1].difference
    rows = torch.eye(known.low.numel(), dtype=torch.float64).reshape(-1, *known.low.shape)
    last = len(pair.stages) - 1
    ends = [pair.passage.leaving(last, Form(difference=sign * rows), levels) for sign in (1.0, -1.0)]
    return torch.maximum(*ends).reshape(known.low.shape).amax(0)


def test_exact_arithmetic_lies_above_what_float64_computes() -> None:
    """At the worst corner of a box, in rationals, no functional exceeds its bound; without the allowance some do."""
    caught = 0
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        size = 10.0 ** torch.randint(-3, 4, (1, 24), generator=generator)
        weight = torch.randn(1, 24, generator=generator, dtype=torch.float64) * size
        ends = torch.rand(2, 24, generator=generator, dtype=torch.float64)
        box = Interval(-ends[0], ends[1])
        corner = torch.where(weight[0] > 0, box.high, box.low)
        exact = sum(Fraction(w) * Fraction(x) for w, x in zip(weight[0].tolist(), corner.tolist(), strict=True))
        assert exact <= Fraction(float(largest(Form(target=weight), box)))
        caught += exact > Fraction(float((weight[0] * corner).sum()))
    assert caught > 5  # negative control


def test_a_whole_pair_is_rounded_outward(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear stage: at the worst corner, in rationals, no error exceeds its bound; without rounding some do."""
    generator = torch.Generator().manual_seed(6)
    pairs, exact = list[tuple[Network, Box, Copies]](), list[Fraction]()
    for _ in range(40):
        size = 10.0 ** torch.randint(-3, 4, (24,), generator=generator)
        delta, nothing = torch.randn(24, generator=generator, dtype=torch.float64) * size, torch.zeros(1, 1).double()
        ends = torch.rand(2, 24, generator=generator, dtype=torch.float64)
        box = Box(-ends[0], ends[1])
        stage = Linear("linear", torch.zeros(1, 24).double(), torch.zeros(1).double())
        errors, bias = (Signed(one, torch.zeros_like(one)) for one in (delta.reshape(1, 1, 24, 1, 1), nothing))
        picked = Copies(errors, csr_matrix(-delta[None].numpy()), bias)  # of a target that is 0
        pairs.append((Network((24,), (Stage(stage, ()),)), box, picked))
        signed = [torch.where(sign * delta > 0, ends[1], -ends[0]).tolist() for sign in (1, -1)]
        sums = [sum(Fraction(a) * Fraction(b) for a, b in zip(delta.tolist(), x, strict=True)) for x in signed]
        exact.append(Fraction(max(abs(one) for one in sums)))

    def exceeded() -> int:
        found = [relaxation(network, box, [copies]).per_output for network, box, copies in pairs]
        return sum(one > Fraction(float(top)) for one, top in zip(exact, found, strict=True) if top is not None)

    assert exceeded() == 0
    for module in (backward, copies_map, curves, stage_map):
        monkeypatch.setattr(module, "gamma", lambda terms: 0.0)
    monkeypatch.setattr(backward, "UNDERFLOW", 0.0)
    monkeypatch.setattr(curves, "SLACK", 0.0)
    assert exceeded() > 5  # negative control


def test_bisection_comes_closer_the_longer_it_takes() -> None:
    """By a clock that ticks once a look: bounds fall, and stay above what is seen."""
    case = build(5, "dense", "tanh", "two-layer")
    seen = float((case.network(x := inputs(case, 1, 2000)) - case.ticket(x)).abs().max())
    bounds: list[float] = []
    for seconds in (0.0, 4.0, 24.0):
        ticks = iter(range(1000))
        found = bisected(case.network, case.box, case.realised(), seconds, clock=lambda ticks=ticks: float(next(ticks)))
        assert found.per_output is not None
        bounds.append(float(found.per_output.max()))
    assert seen <= bounds[2] + EVALUATION
    assert bounds[2] < bounds[1] < bounds[0]
    assert bounds[0] == float(bound(case).max())


def test_halves_cover_the_box() -> None:
    """Negative control: of a function that is largest in one half, the other half's bound is too small."""
    case = build(5, "dense", "tanh", "two-layer")
    box = case.box.on(case.network.input_shape)
    one, other = split._halves(case.network, box)
    differing = (one.high != box.high).flatten()
    assert int(differing.sum()) == 1
    assert bool((one.high == other.low).flatten()[differing].all())
    assert torch.equal(one.low, box.low)
    assert torch.equal(other.high, box.high)
    whole = float(bound(case).max())
    parts = [float(bound(replace(case, box=Box(half.low, half.high))).max()) for half in (one, other)]
    assert min(parts) < max(parts) <= whole * (1 + 1e-9)
