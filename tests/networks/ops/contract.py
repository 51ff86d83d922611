"""The contract of a kind of layer: one class that the test of every kind inherits.

A kind supplies examples, a naive oracle in exact rational arithmetic, and what torch calls it by. All inequalities are
checked between rationals, without a tolerance.
"""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from sltk.construct.architecture import architecture_of, from_json, to_json
from sltk.core.errors import SltkError
from sltk.core.intervals import Interval
from sltk.networks.affine import Affine
from sltk.networks.network import Network, Stage
from sltk.networks.op import Op, Step
from sltk.networks.ops import affine_kind, step_from_record
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.linear import Linear
from sltk.networks.reading.read import read
from sltk.networks.spelling import Call

Shape = tuple[int, ...]
Exact = dict[tuple[int, ...], Fraction]
SEEDS = range(6)


class Example(NamedTuple):
    """A layer, and the shape of inputs that it is tried on."""

    op: Op
    shape: Shape


class Spelled(NamedTuple):
    """What a module and a function of torch, on inputs of ``shape``, must be read as."""

    expected: Op
    shape: Shape
    module: nn.Module
    function: Callable[[Tensor], Tensor]


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rational(x: Tensor) -> Exact:
    """Entries of ``x`` by index."""
    return {index: Fraction(float(x[index])) for index in product(*map(range, x.shape))}


def coarse(x: Tensor) -> Tensor:
    """Nearby multiples of 2^-10, whose sums and differences are exact."""
    return (x * 1024).round() / 1024


def slot(pixel: int, tap: int, stride: int, padding: int, dilation: int, size: int) -> int | None:
    """Which of ``size`` entries tap ``tap`` of output ``pixel`` sees along one axis; ``None`` in the padding."""
    place = pixel * stride - padding + tap * dilation
    return place if 0 <= place < size else None


def corner(op: Op, x: Interval, index: int, upper: bool) -> Tensor:
    """The corner of a box at which output ``index``, if it is monotone in every input, is largest or smallest."""
    middle = (0.5 * (x.low + x.high)).requires_grad_()
    (slope,) = torch.autograd.grad(op(middle).flatten()[index], middle)
    return torch.where((slope >= 0) == upper, x.high, x.low)


class OpContract:
    """Inherit, and give ``examples``, ``exact`` and ``spelled``."""

    def examples(self) -> list[Example]:
        raise NotImplementedError

    def exact(self, op: Op, x: Exact, shape: Shape) -> list[Fraction]:
        """The outputs of ``op`` on one input, flat, by a way independent of the kind."""
        raise NotImplementedError

    def spelled(self) -> list[Spelled]:
        raise NotImplementedError

    def _cases(self) -> Iterator[tuple[Op, Shape, int]]:
        for example, seed in product(self.examples(), SEEDS):
            yield *example, seed

    def test_it_computes_what_the_oracle_says(self) -> None:
        for op, shape, seed in self._cases():
            x = normal(seed, 2, *shape)
            before, found = x.clone(), op(x)
            assert torch.equal(x, before), op
            assert op(x.float()).dtype == torch.float32
            for row, values in zip(x, found, strict=True):
                wanted = torch.tensor([float(v) for v in self.exact(op, rational(row), shape)], dtype=torch.float64)
                assert values.numel() == wanted.numel(), op
                torch.testing.assert_close(values.flatten(), wanted, rtol=1e-13, atol=1e-13)

    def test_the_image_of_a_point_holds_the_exact_value_and_little_else(self) -> None:
        for op, shape, seed in self._cases():
            x = normal(seed, *shape)
            self._holds(op, Interval(x[None], x[None]), x, shape)
            found = op.image(Interval(x[None], x[None]))
            assert float((found.high - found.low).max()) <= 1e-12, op

    def test_the_image_of_a_box_holds_points_and_corners(self) -> None:
        for op, shape, seed in self._cases():
            low = normal(seed, 1, *shape)
            box = Interval(low, low + normal(seed + 50, 1, *shape).abs())
            share = torch.rand(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            inside = box.low + share * (box.high - box.low)
            for x in (*inside, *(box.low + share.round() * (box.high - box.low))):
                self._holds(op, box, torch.minimum(torch.maximum(x, box.low[0]), box.high[0]), shape)

    def test_the_image_of_a_box_is_attained(self) -> None:
        for op, shape, seed in self._cases():
            low = normal(seed, 1, *shape)
            box = Interval(low, low + 0.1 * normal(seed + 50, 1, *shape).abs())
            found = op.image(box)
            for index in range(found.low.numel()):
                for ends, upper in ((found.low, False), (found.high, True)):
                    value = op(corner(op, box, index, upper)).flatten()[index]
                    assert float((value - ends.flatten()[index]).abs()) <= 1e-12, f"{op}: {index}"

    def test_the_image_of_several_is_the_image_of_each(self) -> None:
        for op, shape, seed in self._cases():
            low = normal(seed, 3, *shape)
            found = op.image(Interval(low, low + 1.0))
            for row in range(3):
                alone = op.image(Interval(low[row : row + 1], low[row : row + 1] + 1.0))
                torch.testing.assert_close(found.low[row], alone.low[0], rtol=1e-13, atol=1e-13)
                torch.testing.assert_close(found.high[row], alone.high[0], rtol=1e-13, atol=1e-13)

    def test_errors_are_never_larger_than_said(self) -> None:
        for op, shape, seed in self._cases():
            x, size = coarse(normal(seed, *shape)), coarse(normal(seed + 20, *shape).abs() * 0.1)
            for index in range(min(6, op(x[None]).numel())):
                box = Interval((x - size)[None], (x + size)[None])
                y = corner(op, box, index, upper=True)[0]
                errors = (y - x).abs()  # exact: nothing but the rule itself may round upward
                apart = [
                    abs(a - b)
                    for a, b in zip(self.exact(op, rational(x), shape), self.exact(op, rational(y), shape), strict=True)
                ]
                bounds = op.through(errors[None])[0]
                assert all(a <= Fraction(float(b)) for a, b in zip(apart, bounds.flatten(), strict=True)), op
                if isinstance(op, Step):
                    assert max(apart) <= Fraction(float(op.through_largest(errors.max()))), op

    def test_no_error_stays_none(self) -> None:
        for op, shape in self.examples():
            assert not op.through(torch.zeros(1, *shape).double()).any()

    def test_other_axes_are_refused_by_name(self) -> None:
        for op, shape in self.examples():
            op.require(Call("here", shape))
            if isinstance(op, Affine):
                with pytest.raises(SltkError, match="here"):
                    op.require(Call("here", (*shape, 2)))

    def test_torch_spells_it_as_a_module_and_as_a_function(self) -> None:
        for expected, shape, module, function in self.spelled():
            for read_off in (self._read(module, shape), self._read(Function(function), shape)):
                assert same(read_off, expected), f"{read_off}, not {expected}"

    def _read(self, module: nn.Module, shape: Shape) -> Op:
        raise NotImplementedError

    def _holds(self, op: Op, box: Interval, x: Tensor, shape: Shape) -> None:
        found = op.image(box)
        values = self.exact(op, rational(x), shape)
        for low, value, high in zip(found.low.flatten(), values, found.high.flatten(), strict=True):
            assert Fraction(float(low)) <= value <= Fraction(float(high)), op


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def same(one: Op, other: Op) -> bool:
    """Whether two layers are of one kind with the same numbers; names do not count."""
    if type(one) is not type(other):
        return False
    fields = ((value, vars(other)[key]) for key, value in vars(one).items() if key != "name")
    return all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in fields)


class StepContract(OpContract):
    """Steps: written as JSON, and what they do to constants."""

    def test_json_gives_the_step_back(self) -> None:
        for op, _ in self.examples():
            assert isinstance(op, Step)
            text = json.dumps(op.record())
            assert step_from_record(json.loads(text), {}) == op
            assert json.loads(text)["op"] == op.tag

    def test_constants_are_spoiled_where_it_says_so(self) -> None:
        for op, shape in self.examples():
            assert isinstance(op, Step)
            constant = normal(3, shape[0], *(1,) * (len(shape) - 1)).abs() + 1.0
            out = op(constant.expand(shape)[None])[0].reshape(shape[0], -1)
            assert op.spoils_constants == bool((out.amax(1) - out.amin(1) > 1e-9).any()), op

    def test_an_idle_step_gives_back_its_input(self) -> None:
        for op, shape in self.examples():
            assert isinstance(op, Step)
            for there in (shape, (4,)):
                x = normal(1, 1, *there)
                assert not op.idle(there) or torch.equal(op(x), x)

    def test_the_activation_is_what_it_computes(self) -> None:
        for op, shape in self.examples():
            assert isinstance(op, Step)
            x = normal(1, 1, *shape)
            assert op.elementwise is None or torch.equal(op.elementwise(x), op(x))

    def _read(self, module: nn.Module, shape: Shape) -> Op:
        """The one step behind an affine map that leaves inputs of ``shape``."""
        before = nn.Linear(shape[0], shape[0]) if len(shape) == 1 else nn.Conv2d(shape[0], shape[0], 1)
        (step,) = read(nn.Sequential(before, module), shape).stages[0].after
        return step


class AffineContract(OpContract):
    """Affine maps: what the certificates and the constructions ask besides."""

    def _affine(self) -> Iterator[tuple[Affine, Shape]]:
        for op, shape in self.examples():
            assert isinstance(op, Affine)
            yield op, shape

    def taps(self, op: Affine, shape: Shape) -> Iterator[tuple[tuple[int, ...], int, int, int | None]]:
        """``(output, parameter of its row, input channel, flat input or None)``, by a way independent of the kind."""
        raise NotImplementedError

    def _read(self, module: nn.Module, shape: Shape) -> Op:
        (stage,) = read(module, shape).stages
        return stage.affine

    def test_an_architecture_keeps_the_geometry_through_json(self) -> None:
        for op, shape in self._affine():
            kept = architecture_of(Network(shape, (Stage(op),)))
            again = from_json(json.loads(json.dumps(to_json(kept))), {})
            assert again == kept
            stage, kind = again.stages[0], affine_kind(again.stages[0].kind)
            assert kind is type(op)
            assert kind.weight_shape(stage.outputs, stage.inputs, stage.inner, stage.kernel) == op.weight.shape
            blank = {"stride": stage.stride, "padding": stage.padding, "dilation": stage.dilation}
            with_geometry = kind("blank", op.weight, op.bias, **{k: v for k, v in blank.items() if k in vars(op)})
            assert torch.equal(with_geometry(normal(1, 2, *shape)), op(normal(1, 2, *shape)))

    def test_windows_and_correlation_are_the_map(self) -> None:
        for op, shape in self._affine():
            x, weight = normal(2, 1, *shape), normal(3, 4, *op.geometry.shape[1:])
            dense = weight.flatten(1) @ op.windows(x)
            torch.testing.assert_close(op.correlate(weight, x)[0].reshape(4, -1), dense)
            assert op.output_positions(shape) == tuple(op(x).shape[2:])
            bias = op.offset.reshape(-1, *(1,) * (len(shape) - 1))
            torch.testing.assert_close(op.correlate(op.kernel, x)[0] + bias, op(x)[0])

    def test_support_reach_is_the_largest_sum_over_a_support(self) -> None:
        for op, shape in self._affine():
            reach, support = normal(4, *shape).abs(), (op.weight.flatten(1) != 0)
            sums: dict[tuple[int, ...], float] = {}
            for output, parameter, _, place in self.taps(op, shape):
                if place is not None and bool(support[output[0], parameter]):
                    sums[output] = sums.get(output, 0.0) + float(reach.flatten()[place])
            assert op.support_reach(reach) == pytest.approx(max(sums.values()), rel=1e-13)

    def test_every_parameter_meets_at_most_what_is_said(self) -> None:
        for op, shape in self._affine():
            sizes = normal(5, 2, *shape).abs()
            inputs = op.geometry.shape[1]
            inner = op.weight[0].numel() // inputs
            found = op.by_parameter(sizes, inputs, inner)
            assert found.shape == (2, inputs, inner)
            met = torch.zeros(inputs * inner).double()
            for _, parameter, channel, place in self.taps(op, shape):
                if place is not None:
                    assert parameter // inner == channel
                    met[parameter] = max(met[parameter], sizes[0].flatten()[place])
            assert bool((found[0].flatten() >= met).all())
            assert float(found.max()) == float(sizes.max())

    def test_constant_taps_are_those_that_never_meet_the_padding(self) -> None:
        for op, shape in self._affine():
            geometry = op.geometry
            inner = op.weight[0, 0].numel()
            rows = [(parameter, place) for _, parameter, channel, place in self.taps(op, shape) if channel == 0]
            padded = {parameter for parameter, place in rows if place is None}
            found = op.constant_taps(inner, geometry.shape[2:], geometry.padding, geometry.dilation)
            assert not padded.intersection(found), op
            assert padded or found == tuple(range(inner)), op

    def test_channels_can_be_mapped_to_themselves(self) -> None:
        for op, shape in self._affine():
            gain, shift, x = normal(6, shape[0]), normal(7, shape[0]), normal(8, 2, *shape)
            own = type(op).diagonal("own", gain, shift, shape)
            assert own is not None
            spread = (-1, *(1,) * (len(shape) - 1))
            torch.testing.assert_close(own(x), x * gain.reshape(spread) + shift.reshape(spread))
            assert type(op).diagonal("own", gain, shift, (*shape, 2)) is None

    def test_groups_hold_all_parameters_of_a_neuron(self) -> None:
        for op, _ in self._affine():
            degree = op.weight[0].numel()
            inputs = op.geometry.shape[1]
            for channels in (None, 1, inputs):
                assert_product(op.grouped(inputs, degree // inputs, channels), degree)
            assert_product(op.univariate(inputs, degree // inputs), degree)


def assert_product(pair: tuple[int, int], degree: int) -> None:
    assert pair[0] * pair[1] == degree


def plain_linear(seed: int, rows: int, columns: int) -> Linear:
    return Linear(f"linear{seed}", normal(seed, rows, columns), normal(seed + 1, rows))


def plain_conv(seed: int, shape: tuple[int, int, int, int], **geometry: tuple[int, int]) -> Conv:
    return Conv(f"conv{seed}", normal(seed, *shape), normal(seed + 1, shape[0]), **geometry)
