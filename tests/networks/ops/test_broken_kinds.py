"""The contract sees a broken kind: each of these passes for another, and one check of the contract refuses it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.core.numerics.formats import Format
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.twofold import Twofold
from sltk.networks import ops
from sltk.networks.geometry import Geometry
from sltk.networks.op import Op
from sltk.networks.ops import kinds
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.conv1d import Conv1d
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool
from sltk.networks.ops.spread import Spread
from sltk.networks.ops.upsample import Upsample
from sltk.networks.spelling import Call, Spellings
from tests.networks.ops.contract import Example, OpContract, normal
from tests.networks.ops.test_act import TestAct as ActContract
from tests.networks.ops.test_conv import TestConv as ConvContract
from tests.networks.ops.test_conv1d import TestConv1d as Conv1dContract
from tests.networks.ops.test_flatten import TestFlatten as FlattenContract
from tests.networks.ops.test_linear import TestLinear as LinearContract
from tests.networks.ops.test_moves import TestSpread as SpreadContract
from tests.networks.ops.test_moves import TestUpsample as UpsampleContract
from tests.networks.ops.test_pools import TestAvgPool as AvgPoolContract
from tests.networks.ops.test_pools import TestMaxPool as MaxPoolContract


class Nearest(Linear):
    """Its interval is what is computed, rounded to nearest."""

    def image(self, x: Interval) -> Interval:
        weight = self.kernel.flatten(1)
        low = F.linear(x.low, weight.clamp(min=0)) + F.linear(x.high, weight.clamp(max=0)) + self.bias
        high = F.linear(x.high, weight.clamp(min=0)) + F.linear(x.low, weight.clamp(max=0)) + self.bias
        return Interval(low, high)


class Signless(Linear):
    """Its interval maps low to low and high to high, whatever the sign of the weight."""

    def image(self, x: Interval) -> Interval:
        return Interval(self(x.low) - 1e-9, self(x.high) + 1e-9)


class Generous(Linear):
    """Its interval is right, and a millionth too wide."""

    def image(self, x: Interval) -> Interval:
        found = super().image(x)
        return Interval(found.low - 1e-6, found.high + 1e-6)


class Cancelling(Linear):
    """Errors meet the weights themselves, not their sizes."""

    def through(self, errors: Tensor) -> Tensor:
        return self.upper(self.kernel, errors).abs()


class Truncated(Linear):
    """Errors are added up without rounding upward."""

    def through(self, errors: Tensor) -> Tensor:
        return self.correlate(self.kernel.abs(), errors)


class Narrow(Linear):
    """Its support forgets the last input."""

    def support_reach(self, reach: Tensor) -> float:
        return float(((self.weight[:, :-1] != 0).double() @ reach[:-1]).max())


class Unread(Linear):
    """Read without its bias."""

    @classmethod
    def spellings(cls) -> Spellings[tuple[Op, ...]]:
        def biasless(call: Call, /, weight: Tensor, bias: Tensor | None = None) -> tuple[Op, ...]:
            return (Linear(call.name, weight.detach().double(), torch.zeros(len(weight)).double()),)

        modules = {nn.Linear: lambda call, module: biasless(call, module.weight)}
        return Spellings(modules, {F.linear: biasless})


class Undilated(Conv):
    """Its geometry, which is what files hold, loses the dilation."""

    @property
    def geometry(self) -> Geometry:
        full = super().geometry
        return Geometry(full.shape, full.stride, full.padding)


class Unpadded(Conv):
    """Its correlation has no padding."""

    def correlate(self, weight: Tensor, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, [0] * 4), weight, None, self.stride, (0, 0), self.dilation)


class Bordered(Conv):
    """Takes every tap for one that carries constants."""

    @classmethod
    def constant_taps(cls, inner: int, kernel: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
        return tuple(range(inner))


class Averaging(MaxPool):
    """The mean error of a window, not the largest."""

    def through(self, errors: Tensor) -> Tensor:
        return F.avg_pool2d(errors, self.kernel, self.stride)


class Floored(AvgPool):
    """Files lose how it rounds the number of windows."""

    def record(self) -> dict[str, object]:
        return {key: value for key, value in super().record().items() if key != "ceil_mode"}


class Unspoiling(AvgPool):
    """Takes its padding for harmless."""

    @property
    def spoils_constants(self) -> bool:
        return False


class Inexact(AvgPool):
    """Its interval has no allowance for the division."""

    def image(self, x: Interval) -> Interval:
        return Interval(self(x.low), self(x.high))


class Careless(AvgPool):
    """Says that averages are computed exactly."""

    def evaluation(self, x: Interval, run: Format) -> Tensor:
        return torch.zeros_like(self(x.low))


class Contracting(Act):
    """Forgets that the function stretches."""

    def through(self, errors: Tensor) -> Tensor:
        return 0.5 * errors


class Pointwise(Act):
    """What is not known of a number of twice the precision meets the slope at the point alone."""

    def twofold(self, x: Twofold) -> Twofold:
        found = super().twofold(Twofold(x.high, x.low, torch.zeros_like(x.off)))
        slope = self.activation.slopes(x.high, x.high)[1].abs()
        return Twofold(found.high, found.low, found.off + slope * x.off)


class Halved(MaxPool):
    """The second parts of numbers of twice the precision take the way of the first, each for itself."""

    def twofold(self, x: Twofold) -> Twofold:
        return Twofold(*map(self, x))


class Nameless(Act):
    """Files have the family alone."""

    def record(self) -> dict[str, object]:
        return {"op": self.tag, "name": self.activation.name.partition("(")[0]}


class Sleeping(Flatten):
    """Says that it does nothing to images."""

    def idle(self, shape: tuple[int, ...]) -> bool:
        return True


class Shifted(Upsample):
    """Repeats the whole image, not every pixel."""

    def __call__(self, x: Tensor) -> Tensor:
        return x.repeat(1, 1, *self.factors)


class Filled(Spread):
    """Takes an image with zeros for a constant one."""

    @property
    def spoils_constants(self) -> bool:
        return False


class Mingled(Conv):
    """Takes its rows for the rows of one group after another."""

    def correlate(self, weight: Tensor, x: Tensor) -> Tensor:
        return F.conv2d(x, weight, None, self.stride, self.padding, self.dilation, self.groups)


class Tall(Conv1d):
    """Forgets its padding."""

    def windows(self, x: Tensor) -> Tensor:
        return Conv(self.name, self.weight[:, :, None], self.bias, self.stride, (0, 0), self.dilation).windows(
            x[:, :, None]
        )


def copied(kind: type[Op], op: Op) -> Op:
    return kind(**vars(op))


BROKEN: tuple[tuple[type[OpContract], type[Op], str], ...] = (
    (LinearContract, Nearest, "test_the_image_of_a_point_holds_the_exact_value_and_little_else"),
    (LinearContract, Signless, "test_the_image_of_a_box_holds_points_and_corners"),
    (LinearContract, Generous, "test_the_image_of_a_box_is_attained"),
    (LinearContract, Cancelling, "test_errors_are_never_larger_than_said"),
    (LinearContract, Truncated, "test_errors_are_never_larger_than_said"),
    (LinearContract, Narrow, "test_support_reach_is_the_largest_sum_over_a_support"),
    (ConvContract, Undilated, "test_an_architecture_keeps_the_geometry_through_json"),
    (ConvContract, Unpadded, "test_windows_and_correlation_are_the_map"),
    (ConvContract, Bordered, "test_constant_taps_are_those_that_never_meet_the_padding"),
    (MaxPoolContract, Averaging, "test_errors_are_never_larger_than_said"),
    (AvgPoolContract, Floored, "test_json_gives_the_step_back"),
    (AvgPoolContract, Unspoiling, "test_constants_are_spoiled_where_it_says_so"),
    (AvgPoolContract, Inexact, "test_the_image_of_a_point_holds_the_exact_value_and_little_else"),
    (AvgPoolContract, Careless, "test_what_is_computed_is_as_near_as_it_says"),
    (ActContract, Contracting, "test_errors_are_never_larger_than_said"),
    (ActContract, Pointwise, "test_in_twice_the_precision_it_is_as_near_as_it_says"),
    (MaxPoolContract, Halved, "test_in_twice_the_precision_it_is_as_near_as_it_says"),
    (ActContract, Nameless, "test_json_gives_the_step_back"),
    (UpsampleContract, Shifted, "test_it_computes_what_the_oracle_says"),
    (SpreadContract, Filled, "test_constants_are_spoiled_where_it_says_so"),
    (ConvContract, Mingled, "test_windows_and_correlation_are_the_map"),
    (Conv1dContract, Tall, "test_windows_and_correlation_are_the_map"),
    (FlattenContract, Sleeping, "test_an_idle_step_gives_back_its_input"),
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Op]], None]:
    """Puts a kind in the place of the honest one of its tag, as if its file held it."""

    def register(kind: type[Op]) -> None:
        found: Mapping[str, type[Op]] = {**kinds(), kind.tag: kind}
        monkeypatch.setattr(ops, "kinds", lambda: found)

    return register


@pytest.mark.parametrize(("contract", "broken", "check"), BROKEN)
def test_the_contract_catches_a_broken_kind(
    contract: type[OpContract], broken: type[Op], check: str, registered: Callable[[type[Op]], None]
) -> None:
    honest, shown = contract(), contract()
    getattr(honest, check)()
    registered(broken)
    shown.examples = lambda: [Example(copied(broken, op), shape) for op, shape in honest.examples()]  # type: ignore[method-assign]
    with pytest.raises((AssertionError, RuntimeError)):
        getattr(shown, check)()


def test_the_contract_catches_a_kind_that_is_read_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading itself refuses what computes something else; here the reader is asked directly."""
    module = nn.Linear(3, 2)
    (read_off,) = Unread.spellings().modules[nn.Linear](Call("here", (3,)), module)
    assert not torch.allclose(read_off(normal(1, 1, 3)), module.double()(normal(1, 1, 3)))
    monkeypatch.setattr(Linear, "spellings", Unread.spellings)
    ops.spellings.cache_clear()
    from sltk.networks.reading import calls

    calls._known.cache_clear()
    try:
        with pytest.raises(SltkError, match="something else"):
            LinearContract().test_torch_spells_it_as_a_module_and_as_a_function()
    finally:
        monkeypatch.undo()
        ops.spellings.cache_clear()
        calls._known.cache_clear()
