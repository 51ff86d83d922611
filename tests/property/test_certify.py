"""Random tickets, built weight by weight, against their certificates: no neuron of any copy may leave its bound.

Every ticket here is a true expanded network: univariate neurons with random weights of both signs, copies with
their own random selections. The target is what copy 0 computes, perturbed. Parameter errors, remainders and
selected masses are read from the weights, as a construction would do.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from torch import Tensor

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.adversary import data_error, sup_error
from sltk.certify.common import Common
from sltk.certify.copies import Copies
from sltk.certify.intervals import Box, ranges
from sltk.certify.propagate import certify, start, step
from sltk.certify.realised import Realised
from sltk.certify.signed import Signed
from sltk.construct.methods.base import method_named
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.table import activation
from sltk.networks.affine import Affine
from sltk.networks.network import Network, Stage, run
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool

NAMES = ("relu", "leaky_relu(0.1)", "tanh", "sigmoid", "softplus", "gelu")
ALLOWANCE = 1e-13  # covers the rounding of the few dozen float64 products behind each realised number
EVALUATION = 1e-12  # and that of evaluating target and ticket, with values below 1e3; bounds here are above 1e-3


@dataclass(frozen=True)
class Layer:
    """One realised stage: ``ticket`` maps ``(batch, copies_in * in, ...)`` to ``(batch, copies * out, ...)``."""

    affine: Affine
    realised: Realised
    copies: int
    weight: Tensor  # (copies * out, channels, kh, kw)
    bias: Tensor  # (copies * out,)
    incoming: Tensor | None = None  # (in * samples,)
    univariate: Activation | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self.incoming is None or self.univariate is None:
            return _apply(self.affine, self.weight, self.bias, x, padded=True)
        if isinstance(self.affine, Conv):
            high, wide = self.affine.padding
            x = F.pad(x, (wide, wide, high, high))  # the padded ring reads phi_0(0)
        samples = self.incoming.numel() // x.shape[1]
        scale = self.incoming.reshape(-1, *(1,) * (x.dim() - 2))
        return _apply(
            self.affine, self.weight, self.bias, self.univariate(scale * x.repeat_interleave(samples, 1)), padded=False
        )


def _apply(affine: Affine, weight: Tensor, bias: Tensor, x: Tensor, padded: bool) -> Tensor:
    if isinstance(affine, Linear):
        return F.linear(x, weight.flatten(1), bias)
    padding = affine.padding if padded else (0, 0)
    return F.conv2d(x, weight, bias, affine.stride, padding, affine.dilation)


def normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    return torch.from_numpy(rng.normal(0, scale, shape))


def selection(rng: np.random.Generator, *shape: int) -> Tensor:
    """Random weights, about half of them selected."""
    return normal(rng, *shape) * torch.from_numpy(rng.random(shape) < 0.5)


def known(value: Tensor, times: Tensor | float = 1.0) -> Signed:
    """``value`` with the allowance, ``times`` it."""
    return Signed(value, torch.full_like(value, ALLOWANCE) * times)


def common(rng: np.random.Generator, blank: Affine, copies: int, phi: Activation, noise: float) -> Layer:
    """A univariate realisation, and the affine map it approximates."""
    rows, channels, height, width = _shape(blank)
    samples = 4
    w = normal(rng, channels, samples, scale=0.3)
    v = selection(rng, copies, rows, channels, height, width, samples)
    v[1:] = v[:1] + normal(rng, *v[1:].shape, scale=noise) * (v[:1] != 0)
    toward, away = (torch.tensor(slope, dtype=torch.float64) for slope in (phi.slope_positive, phi.slope_negative))
    along = w[:, None, None, :]
    product = v * along
    positive = (product * torch.where(along > 0, toward, away)).sum(-1)
    negative = (product * torch.where(along > 0, away, toward)).sum(-1)
    weight = (positive[0] + negative[0]) / 2 + normal(rng, rows, channels, height, width, scale=noise)
    bias = normal(rng, rows)
    bias_error = normal(rng, copies, rows, scale=noise)
    spurious = phi.intercept * v.sum((2, 3, 4, 5))
    bend = phi.remainder
    realised = Common(
        delta_positive=known(weight - positive),
        delta_negative=known(weight - negative),
        remainder=(v.abs() * along.abs() ** bend.order).sum(-1) * bend.coefficient * (1 + ALLOWANCE),
        bias=known(-bias_error, 1 + v.abs().sum((2, 3, 4, 5))),
        order=bend.order,
        radius=bend.radius,
        reach=float(w.abs().max()),
    )
    return Layer(
        affine=_with(blank, weight, bias),
        realised=realised,
        copies=copies,
        weight=v.movedim(-1, 3).reshape(copies * rows, channels * samples, height, width),
        bias=(bias + bias_error - spurious).flatten(),
        incoming=w.flatten(),
        univariate=phi,
    )


def combined(rng: np.random.Generator, blank: Affine, copies_in: int, copies: int, noise: float) -> Layer:
    """Copies that pick from copies, and the affine map they approximate."""
    rows, channels, height, width = _shape(blank)
    first = selection(rng, 1, rows, copies_in, channels, height, width)
    orders = [torch.from_numpy(rng.permutation(copies_in)) for _ in range(copies)]
    v = torch.cat([first[:, :, order] for order in orders])
    v = v + normal(rng, *v.shape, scale=noise) * (v != 0)
    weight = first[0].sum(1) + normal(rng, rows, channels, height, width, scale=noise)
    bias, bias_error = normal(rng, rows), normal(rng, copies, rows, scale=noise)
    flat = v.reshape(copies * rows, copies_in * channels, height, width)
    realised = Copies(
        delta=known(weight - v.sum(2)),
        selected=csr_matrix(flat.flatten(1).numpy()),
        bias=known(-bias_error),
    )
    return Layer(_with(blank, weight, bias), realised, copies, flat, (bias + bias_error).flatten())


def _shape(blank: Affine) -> tuple[int, int, int, int]:
    shape = tuple(blank.weight.shape)
    return (*shape, 1, 1) if isinstance(blank, Linear) else shape  # pyright: ignore


def _with(blank: Affine, weight: Tensor, bias: Tensor) -> Affine:
    return replace(blank, weight=weight.reshape(blank.weight.shape), bias=bias)


@dataclass(frozen=True)
class Case:
    """A target, its ticket and the domain."""

    network: Network
    layers: list[Layer]
    box: Box

    def ticket(self, x: Tensor) -> Tensor:
        return self.trace(x)[-1]

    def trace(self, x: Tensor) -> list[Tensor]:
        """The ticket's values after each stage, ``(batch, copies * channels, ...)``."""
        x, reached = run(self.network.before, x), []
        for stage, layer in zip(self.network.stages, self.layers, strict=True):
            x = run(stage.after, layer(x))  # flattening (copies * c, h, w) keeps the copies outermost
            reached.append(x)
        return reached

    def realised(self) -> list[Realised]:
        return [layer.realised for layer in self.layers]


def dense_blanks(phi: Activation) -> tuple[tuple[int, ...], list[tuple[Affine, tuple]], tuple]:
    act = Act(phi)
    return (4,), [(_linear(4, 5), (act,)), (_linear(5, 4), (act,)), (_linear(4, 3), ())], ()


def conv_blanks(phi: Activation) -> tuple[tuple[int, ...], list[tuple[Affine, tuple]], tuple]:
    act = Act(phi)
    blanks = [
        (_conv(2, 3, (3, 3), padding=(1, 1)), (act, MaxPool((2, 2), (2, 2)))),
        (_conv(3, 2, (3, 2), stride=(2, 1), padding=(1, 0)), (AvgPool((2, 2), (1, 1), (1, 1)), act, Flatten())),
        (_linear(24, 2), ()),
    ]
    return (2, 12, 7), blanks, (AvgPool((2, 1), (1, 1)),)


def dilated_blanks(phi: Activation) -> tuple[tuple[int, ...], list[tuple[Affine, tuple]], tuple]:
    act = Act(phi)
    blanks = [
        (_conv(1, 2, (2, 2), stride=(1, 2), padding=(0, 1), dilation=(2, 1)), (act,)),
        (_conv(2, 2, (3, 3), padding=(2, 2), dilation=(2, 2)), (act, AvgPool((2, 2), (2, 2), (1, 1), True, False))),
        (_conv(2, 1, (1, 1)), ()),
    ]
    return (1, 6, 6), blanks, ()


def _linear(fan_in: int, out: int) -> Linear:
    return Linear(f"linear{fan_in}", torch.zeros(out, fan_in).double(), torch.zeros(out).double())


def _conv(fan_in: int, out: int, size: tuple[int, int], **geometry: tuple[int, int]) -> Conv:
    return Conv(f"conv{fan_in}", torch.zeros(out, fan_in, *size).double(), torch.zeros(out).double(), **geometry)


SHAPES = {"dense": dense_blanks, "conv": conv_blanks, "dilated": dilated_blanks}


def build(seed: int, shape: str, name: str, method: str, noise: float = 0.02) -> Case:
    rng, phi = np.random.default_rng(seed), activation(name)
    input_shape, blanks, before = SHAPES[shape](phi)
    layers, stages, copies_in = [], [], 1
    for index, (blank, after) in enumerate(blanks):
        last = index == len(blanks) - 1
        copies = 1 if last or method == "two-layer" else 3
        if index == 0 or method == "two-layer":
            layer = common(rng, blank, copies, phi, noise)
        else:
            layer = combined(rng, blank, copies_in, copies, noise)
        layers.append(layer)
        stages.append(Stage(layer.affine, after))
        copies_in = copies
    low = -rng.random() if seed % 2 else 0.0
    return Case(Network(input_shape, tuple(stages), before), layers, Box(low, low + 1.0))


def inputs(case: Case, seed: int, count: int = 40) -> Tensor:
    """Uniform points and corners."""
    rng = np.random.default_rng(seed)
    share = torch.from_numpy(rng.random((count, *case.network.input_shape)))
    share[: count // 2] = share[: count // 2].round()
    domain = case.box.on(case.network.input_shape)
    return domain.low + share * (domain.high - domain.low)


def widened(interval: Interval) -> Interval:
    return Interval(interval.low - EVALUATION, interval.high + EVALUATION)


cases = given(
    seed=st.integers(0, 10**6),
    shape=st.sampled_from(sorted(SHAPES)),
    name=st.sampled_from(NAMES),
    method=st.sampled_from(["plus-one", "two-layer"]),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@cases
def test_no_neuron_of_any_copy_leaves_its_bound(seed: int, shape: str, name: str, method: str) -> None:
    case = build(seed, shape, name, method)
    x = inputs(case, seed)
    state, reached = start(case.network, case.box), case.trace(x)
    truth = run(case.network.before, x)
    for index, (stage, got) in enumerate(zip(case.network.stages, reached, strict=True)):
        truth = run(stage.after, stage.affine(truth))
        state = step(state, index, case.layers[index].realised)
        copies = got.reshape(got.shape[0], state.errors.shape[0], *truth.shape[1:])
        seen = (copies - truth[:, None]).abs().amax(0)
        assert bool((seen <= state.errors + EVALUATION).all()), f"seed {seed}, stage {index}"
        assert widened(state.ticket).contains(copies), f"seed {seed}, stage {index}"
        assert float(state.errors.max()) <= state.coarse


@settings(max_examples=15, deadline=None, derandomize=True)
@cases
def test_bound_is_above_the_attack_and_the_attack_above_the_data(seed: int, shape: str, name: str, method: str) -> None:
    case = build(seed, shape, name, method)
    data = inputs(case, seed + 1, 10)
    found = certify(case.network, case.box, case.realised())
    attack = sup_error(case.network, case.ticket, case.box, data=data, restarts=8, steps=25, seed=seed)
    assert attack.method == "gradient"
    assert attack.on_data == data_error(case.network, case.ticket, data)
    assert attack.on_data is not None
    assert 0 < attack.on_data <= attack.error <= found.bound + EVALUATION
    assert found.bound <= found.coarse


@settings(max_examples=40, deadline=None, derandomize=True)
@cases
def test_target_stays_in_its_ranges(seed: int, shape: str, name: str, method: str) -> None:
    case = build(seed, shape, name, method)
    x = run(case.network.before, inputs(case, seed))
    for stage, known in zip(case.network.stages, ranges(case.network, case.box), strict=True):
        assert widened(known.entering).contains(x)
        x = stage.affine(x)
        assert widened(known.affine).contains(x)
        for op, reached in zip(stage.after, known.steps, strict=True):
            x = op(x)
            assert widened(reached).contains(x)


@settings(max_examples=25, deadline=None, derandomize=True)
@cases
def test_a_priori_bound_is_above_every_ticket_within_the_tolerances(
    seed: int, shape: str, name: str, method: str
) -> None:
    case, phi = build(seed, shape, name, method), activation(name)
    realised = case.realised()
    tolerances = [one.parameter_error for one in realised]
    pools = [_pools(layer) for layer in case.layers]
    before = a_priori(
        case.network,
        case.box,
        tolerances,
        pools,
        method=method_named(method),
        univariate=phi,
        prune_below=0.0,
        bias_tolerances=[float(one.bias_error.max()) for one in realised],
    )
    after = certify(case.network, case.box, realised)
    assert before.kind == "a priori"
    assert bool((before.per_output >= after.per_output).all())


def _pools(layer: Layer) -> Pools:
    samples = 4 if layer.incoming is not None else layer.weight.shape[1] // layer.affine.weight.shape[1]
    reach = 0.0 if layer.incoming is None else float(layer.incoming.abs().max())
    return Pools(samples=samples, outgoing=float(layer.weight.abs().max()), incoming=reach)


CONTROLS = {
    "parameter errors": lambda r: _replaced(r, delta_positive=0.0, delta_negative=0.0, delta=0.0),
    "bias errors": lambda r: _replaced(r, bias=0.0),
    "remainders": lambda r: _replaced(r, remainder=0.0),
    "inherited errors": lambda r: r if isinstance(r, Common) else replace(r, selected=r.selected * 0.0),
}


def _replaced(realised: Realised, **factors: float) -> Realised:
    held = {key: (getattr(realised, key), factor) for key, factor in factors.items() if hasattr(realised, key)}
    mine = {
        key: Signed(v.value * factor, v.slack * factor) if isinstance(v, Signed) else v * factor
        for key, (v, factor) in held.items()
    }
    return replace(realised, **mine)


@pytest.mark.parametrize("dropped", sorted(CONTROLS))
def test_every_contribution_is_needed(dropped: str) -> None:
    """Negative control: with one contribution left out, some of these tickets leave the bound."""
    caught = 0
    for seed in range(40):
        case = build(seed, "dense", "sigmoid", "plus-one", noise=0.0 if dropped == "remainders" else 0.02)
        if dropped == "bias errors":
            case = _large_bias_errors(case)
        short = certify(case.network, case.box, [CONTROLS[dropped](one) for one in case.realised()])
        full = certify(case.network, case.box, case.realised())
        seen = data_error(case.network, case.ticket, inputs(case, seed, 200))
        assert seen <= full.bound + EVALUATION
        caught += seen > short.bound + EVALUATION
    assert caught > 0


def _large_bias_errors(case: Case) -> Case:
    layers = []
    for layer in case.layers:
        was = layer.realised.bias
        more = replace(layer.realised, bias=Signed(was.value - 3.0, was.slack + ALLOWANCE))
        layers.append(replace(layer, realised=more, bias=layer.bias + 3.0 * torch.ones(was.value.numel()).double()))
    return replace(case, layers=layers)


def saturated(name: str) -> list[tuple[float, float, float]]:
    """Of tickets with univariate neurons far in saturation: error seen, bound, and bound without the remainders."""
    found = []
    for seed in range(20):
        case = build(seed, "dense", name, "plus-one", noise=0.0)
        seen = data_error(case.network, case.ticket, inputs(case, seed, 200))
        straight = [CONTROLS["remainders"](one) for one in case.realised()]
        bounds = [certify(case.network, case.box, realised).bound for realised in (case.realised(), straight)]
        found.append((seen, bounds[0], bounds[1]))
    return found


@pytest.mark.parametrize("name", ["hardtanh(-0.1, 0.2)", "hardtanh(0.0, 0.1)", "hardtanh(-0.05, 0.0)", "relu6"])
def test_saturated_neurons_stay_within_the_bound(name: str) -> None:
    assert all(seen <= bound + EVALUATION for seen, bound, _ in saturated(name))


def test_without_its_remainder_a_saturated_neuron_leaves_the_bound() -> None:
    """Negative control: exactness up to the knee, taken to hold everywhere."""
    assert any(seen > straight + EVALUATION for seen, _, straight in saturated("hardtanh(-0.1, 0.2)"))
