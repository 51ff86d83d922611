"""The contract of a kind of layer: one class that the test of every kind inherits.

A kind supplies examples, a naive oracle in exact rational arithmetic, and what torch calls it by. All inequalities are
checked between rationals, without a tolerance.
"""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import FLOAT32, FLOAT64
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.twofold import Twofold
from sltk.networks.affine import Affine
from sltk.networks.op import Op, Step
from sltk.networks.ops import step_from_record
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

    def test_what_is_computed_is_as_near_as_it_says(self) -> None:
        for op, shape, seed in self._cases():
            assert isinstance(op, Step)
            x = normal(seed, *shape).float()
            wanted = self.exact(op, rational(x), shape)
            for run in (FLOAT32, FLOAT64):
                point = x.double()[None]
                got = op(x[None].to(run.dtype)).double().flatten()
                allowed = op.evaluation(Interval(point, point), run).flatten()
                for value, number, most in zip(got, wanted, allowed, strict=True):
                    assert abs(Fraction(float(value)) - number) <= Fraction(float(most)), op

    def test_in_twice_the_precision_it_is_as_near_as_it_says(self) -> None:
        for op, shape, seed in self._cases():
            assert isinstance(op, Step)
            high = normal(seed, *shape)
            low = 2.0**-54 * high * normal(seed + 30, *shape).clamp(-1.0, 1.0)
            for off in (0.0, 2.0**-60, 0.5):
                found = op.twofold(Twofold(high[None], low[None], torch.full_like(high, off)[None]))
                parts = [part.flatten().tolist() for part in found]
                for side in (-1, 0, 1):
                    x = {
                        k: Fraction(float(high[k])) + Fraction(float(low[k])) + side * Fraction(off)
                        for k in rational(high)
                    }
                    for number, a, b, most in zip(self.exact(op, x, shape), *parts, strict=True):
                        assert abs(Fraction(a) + Fraction(b) - number) <= Fraction(most), op

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
        kinds = {1: nn.Linear, 2: partial(nn.Conv1d, kernel_size=1), 3: partial(nn.Conv2d, kernel_size=1)}
        before = kinds[len(shape)](shape[0], shape[0])
        (step,) = read(nn.Sequential(before, module), shape).stages[0].after
        return step
