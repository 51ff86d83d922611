"""The recursion against values by hand, and the mistakes it must not make."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console
from scipy.sparse import csr_matrix
from torch import Tensor

from sltk.certify.adversary import sup_error
from sltk.certify.common import Common
from sltk.certify.copies import Copies
from sltk.certify.intervals import Box
from sltk.certify.propagate import certify, conclude, start, step
from sltk.certify.signed import Signed
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.network import Network, Stage
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool
from tests.property.test_certify import build

RELU = Act(activation("relu"))
ROUNDING = 1e-12


def doubles(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


EXACT = Signed.exact(torch.zeros(1, 1, 1, 1, 1))
UNBIASED = Signed.exact(torch.zeros(1, 1))


def two_sided(positive: Tensor, negative: Tensor) -> Common:
    """Errors of unknown sign for inputs of both, no curvature, no bias error."""
    errors = (Signed.within(positive), Signed.within(negative))
    return Common(*errors, torch.zeros_like(positive), Signed.exact(torch.zeros(positive.shape[:2])))


def plain(delta: Tensor, bias_error: Tensor | None = None) -> Common:
    """A realisation with one parameter error for both signs and no curvature, ``(copies, out, in)``."""
    delta = delta[..., None, None]
    bias = torch.zeros(delta.shape[:2]) if bias_error is None else bias_error
    return replace(two_sided(delta, delta), bias=Signed.within(bias))


def opposed() -> tuple[Network, list[Common | Copies], Box]:
    """Copies 1 + 1e-3 and 1 - 1e-3 of one weight, then weights 10 and -9 for a target weight of 1."""
    one, zero = doubles([[1.0]]), doubles([0.0])
    network = Network((1,), (Stage(Linear("first", one, zero), (RELU,)), Stage(Linear("second", one, zero))))
    first = plain(doubles([[[1e-3]], [[1e-3]]]))
    second = Copies(EXACT, csr_matrix([[10.0, -9.0]]), UNBIASED)
    return network, [first, second], Box(0.0, 1.0)


def opposed_ticket(x: Tensor) -> Tensor:
    copies = torch.relu(x @ doubles([[1 + 1e-3, 1 - 1e-3]]))
    return copies @ doubles([[10.0], [-9.0]])


def test_opposed_copies_attain_the_bound() -> None:
    network, realised, box = opposed()
    found = certify(network, box, realised)
    attack = sup_error(network, opposed_ticket, box, shape=(1,), restarts=2, steps=4)
    assert found.bound == pytest.approx(19e-3, rel=1e-12)
    assert attack.error == pytest.approx(19e-3, rel=1e-12)
    assert attack.error <= found.bound + ROUNDING


def test_a_skip_brings_its_own_errors() -> None:
    """``2 x`` as ``x + x``, with an error of 1e-3 in the first ``x``: one way around it comes through, and one past."""
    one, zero = doubles([[1.0]]), doubles([0.0])
    first, exact = (
        plain(doubles([[[1e-3]]])),
        Copies(EXACT, csr_matrix([[1.0]]), UNBIASED),
    )
    chain = Network((1,), (Stage(Linear("first", one, zero)), Stage(Linear("second", one, zero))))
    skip = Network((1,), (Stage(Linear("first", one, zero)), Stage(Linear("second", one, zero), adds=(0,))))
    box = Box(-1.0, 1.0)
    attack = sup_error(skip, lambda x: 2 * x * (1 + 1e-3), box, shape=(1,), restarts=2, steps=4)
    assert certify(skip, box, [first, exact]).bound == pytest.approx(2e-3, rel=1e-12)
    assert attack.error <= certify(skip, box, [first, exact]).bound + ROUNDING
    assert certify(chain, box, [first, exact]).bound < attack.error  # negative control: without the skip's error


def test_target_weights_in_place_of_the_selected_mass_are_not_a_bound() -> None:
    """Negative control: ``||W||_1 = 1`` would certify 1e-3 where the error is 19e-3."""
    network, (first, second), box = opposed()
    assert isinstance(second, Copies)
    wrong = replace(second, selected=csr_matrix([[0.5, 0.5]]))
    attack = sup_error(network, opposed_ticket, box, shape=(1,), restarts=2, steps=4)
    assert certify(network, box, [first, wrong]).bound < attack.error


def curved() -> tuple[Network, Common, Box]:
    """Target ``x``, ticket ``4 tanh(x / 4)``: only the remainder ``|v| K |w|^3 = 1 / 48`` differs."""
    network = Network((1,), (Stage(Linear("only", doubles([[1.0]]), doubles([0.0]))),))
    bend = activation("tanh").remainder
    one = torch.ones(1, 1, 1, 1, 1).double()
    remainder = one * 4 * bend.coefficient * 0.25**bend.order
    return network, Common(EXACT, EXACT, remainder, UNBIASED, bend.order, bend.radius, 0.25), Box(-1, 1)


def test_remainder_is_charged_and_needed() -> None:
    network, realised, box = curved()
    found = certify(network, box, [realised])
    attack = sup_error(network, lambda x: 4 * torch.tanh(x / 4), box, shape=(1,), restarts=2, steps=4)
    bend = activation("tanh").remainder
    assert found.bound == pytest.approx(4 * bend.coefficient * 0.25**bend.order, rel=1e-12)
    assert 0.5 * found.bound < attack.error <= found.bound
    silent = replace(realised, remainder=torch.zeros_like(realised.remainder))
    assert certify(network, box, [silent]).bound < attack.error  # negative control


def test_bias_error_is_charged_and_needed() -> None:
    network = Network((1,), (Stage(Linear("only", doubles([[1.0]]), doubles([0.5]))),))
    realised = plain(torch.zeros(1, 1, 1), doubles([[0.25]]))
    attack = sup_error(network, lambda x: x + 0.75, Box(0.0, 1.0), shape=(1,), restarts=1, steps=2)
    found = certify(network, Box(0.0, 1.0), [realised])
    assert found.bound == pytest.approx(0.25, rel=1e-13)
    assert attack.error == 0.25
    silent = replace(realised, bias=UNBIASED)
    assert certify(network, Box(0.0, 1.0), [silent]).bound < attack.error  # negative control


def signed() -> tuple[Network, Common, Box]:
    """Target ``x + .5``, ticket ``.75 x + .7``: on [.5, 1] errors of both signs cancel in part."""
    network = Network((1,), (Stage(Linear("only", doubles([[1.0]]), doubles([0.5]))),))
    off = Signed.exact(torch.full((1, 1, 1, 1, 1), 0.25))
    return network, Common(off, off, 0 * off.value, Signed.exact(doubles([[-0.2]]))), Box(0.5, 1.0)


def test_errors_of_weight_and_bias_keep_their_signs() -> None:
    network, realised, box = signed()
    attack = sup_error(network, lambda x: 0.75 * x + 0.7, box, shape=(1,), restarts=2, steps=4)
    found = certify(network, box, [realised])
    assert attack.error == pytest.approx(0.075)
    assert attack.error <= found.bound + ROUNDING
    assert found.bound == pytest.approx(0.075, rel=1e-9)
    sizes = replace(realised, delta_positive=Signed.within(realised.delta_positive.magnitude),
                    delta_negative=Signed.within(realised.delta_negative.magnitude),
                    bias=Signed.within(realised.bias_error))  # fmt: skip
    assert certify(network, box, [sizes]).bound == pytest.approx(0.45)


def test_a_sign_that_is_turned_is_seen() -> None:
    """Negative control: the bias error of the other sign, in both directions of a weight error that is smaller."""
    network, realised, box = signed()
    attack = sup_error(network, lambda x: 0.75 * x + 0.3, box, shape=(1,), restarts=2, steps=4)
    assert certify(network, box, [realised]).bound < attack.error


@pytest.mark.parametrize("low", [-1.0, -0.25, 0.25])
def test_both_sides_of_an_input_keep_their_signs(low: float) -> None:
    """Over every box the bound lies between the largest error and that from sizes alone."""
    generator = torch.Generator().manual_seed(5)
    draws = [torch.randn(2, 3, 4, 1, 1, generator=generator, dtype=torch.float64) for _ in range(2)]
    network = Network((4,), (Stage(Linear("only", torch.zeros(3, 4).double(), torch.zeros(3).double())),))
    bias = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    positive, negative = map(Signed.exact, draws)
    realised = Common(positive, negative, torch.zeros_like(draws[0]), Signed.exact(bias))
    box = Box(low, 0.75)
    x = low + (0.75 - low) * torch.rand(2000, 4, generator=generator, dtype=torch.float64)
    parts = zip((x.clamp(min=0), x.clamp(max=0)), draws, strict=True)
    seen = sum(part @ d[..., 0, 0].flatten(0, 1).T for part, d in parts) + bias.flatten()
    sizes = replace(two_sided(*(d.abs() for d in draws)), bias=Signed.within(bias.abs()))
    assert float(seen.abs().max()) <= certify(network, box, [realised]).bound < certify(network, box, [sizes]).bound


def test_radius_of_the_remainder_is_kept() -> None:
    network, realised, _ = curved()
    short = replace(realised, radius=0.5)
    certify(network, Box(-1.9, 1.9), [short])
    with pytest.raises(SltkError, match="smaller incoming weights"):
        certify(network, Box(-2.1, 2.1), [short])


def test_sides_are_bounded_apart() -> None:
    """On ``-1 <= x <= 3`` an error of 2 for ``x < 0`` and 1e-3 for ``x > 0`` costs at most 2 + 3e-3, not 6."""
    network = Network((1,), (Stage(Linear("only", doubles([[1.0]]), doubles([0.0]))),))
    delta = torch.ones(1, 1, 1, 1, 1).double()
    realised = two_sided(1e-3 * delta, 2 * delta)
    assert certify(network, Box(-1.0, 3.0), [realised]).bound == pytest.approx(2.003, rel=1e-12)
    assert certify(network, Box(0.0, 3.0), [realised]).bound == pytest.approx(3e-3, rel=1e-12)


def test_rectified_inputs_need_one_side_only() -> None:
    """After a rectifier the ticket's own value is non-negative too, so the other side costs nothing."""
    one, zero = doubles([[1.0]]), doubles([0.0])
    network = Network((1,), (Stage(Linear("first", one, zero), (RELU,)), Stage(Linear("second", one, zero))))
    first = plain(doubles([[[1e-3]]]))
    huge = torch.full((1, 1, 1, 1, 1), 1e6).double()
    second = two_sided(0 * huge, huge)
    assert certify(network, Box(-1.0, 1.0), [first, second]).bound == pytest.approx(1e-3, rel=1e-12)


def test_padding_gives_borders_smaller_errors() -> None:
    affine = Conv("conv", torch.ones(1, 1, 3, 3).double(), torch.zeros(1).double(), padding=(1, 1))
    network = Network((1, 4, 4), (Stage(affine),))
    delta = torch.full((1, 1, 1, 3, 3), 0.5).double()
    state = step(start(network, Box(-1.0, 1.0)), 0, two_sided(delta, delta))
    torch.testing.assert_close(state.errors[0, 0, 0], doubles([2.0, 3, 3, 2]), rtol=1e-13, atol=0)
    assert float(state.errors[0, 0, 1, 1]) == pytest.approx(4.5)


def test_selected_columns_are_copy_then_channel_then_tap() -> None:
    """``selected @ affine.windows(e)`` is the strided, dilated, padded convolution over all copies and channels."""
    affine = Conv("conv", torch.zeros(2, 3, 3, 2).double(), torch.zeros(2).double(), (2, 1), (1, 2), (1, 2))
    generator = torch.Generator().manual_seed(4)
    e = torch.rand(2, 3, 6, 7, generator=generator, dtype=torch.float64)
    weight = torch.rand(5 * 2, 2 * 3, 3, 2, generator=generator, dtype=torch.float64)
    whole = torch.nn.functional.conv2d(e.flatten(0, 1)[None], weight, None, (2, 1), (1, 2), (1, 2))[0]
    mine = weight.flatten(1) @ affine.windows(e)
    torch.testing.assert_close(mine.reshape(whole.shape), whole, rtol=1e-13, atol=1e-13)
    swapped = e.movedim(0, 1).reshape(2, 3, 6, 7)  # negative control: channels outermost
    assert not torch.allclose((weight.flatten(1) @ affine.windows(swapped)).reshape(whole.shape), whole)


def test_saturation_caps_the_error() -> None:
    one, zero = doubles([[1.0]]), doubles([0.0])
    network = Network((1,), (Stage(Linear("only", one, zero), (Act(activation("tanh")),)),))
    found = certify(network, Box(-1.0, 1.0), [plain(doubles([[[100.0]]]))])
    assert found.layers[0].affine == pytest.approx(100)
    assert 1.76 < found.bound < 1.77  # 1 + tanh(1)
    assert found.coarse >= 100


def test_dead_neurons_pass_no_error_on() -> None:
    network = Network((1,), (Stage(Linear("only", doubles([[1.0]]), doubles([-5.0])), (RELU,)),))
    assert certify(network, Box(-1.0, 1.0), [plain(doubles([[[0.5]]]))]).bound < 1e-290


@pytest.mark.parametrize("include", [True, False])
def test_pooling_of_errors(include: bool) -> None:
    affine = Conv("conv", torch.eye(1).double()[:, :, None, None], torch.zeros(1).double())
    delta = torch.full((1, 1, 1, 1, 1), 0.5).double()
    realised = two_sided(delta, delta)
    for pool, border in ((AvgPool((2, 2), (2, 2), (1, 1), False, include), 0.125 if include else 0.5),):
        network = Network((1, 4, 4), (Stage(affine, (pool,)),))
        state = step(start(network, Box(0.0, 1.0)), 0, realised)
        assert float(state.errors[0, 0, 0, 0]) == pytest.approx(border, rel=1e-13)
    top = Network((1, 4, 4), (Stage(affine, (MaxPool((2, 2), (2, 2), (1, 1)),)),))
    assert float(step(start(top, Box(0.0, 1.0)), 0, realised).errors[0, 0, 0, 0]) == pytest.approx(0.5, rel=1e-13)


def test_a_perfect_ticket_has_bound_zero() -> None:
    network, (first, second), box = opposed()
    assert isinstance(second, Copies)
    perfect = [plain(torch.zeros(2, 1, 1)), replace(second, selected=csr_matrix([[1.0, 0.0]]))]
    assert certify(network, box, perfect).bound == 0
    assert certify(network, box, [first, second]).bound > 0


def test_contributions_are_recorded_and_shown() -> None:
    network, realised, box = opposed()
    found = certify(network, box, realised)
    first, second = found.layers
    assert (first.kind, second.kind) == ("common", "copies")
    assert first.parameter == pytest.approx(1e-3)
    assert second.gain == 19
    assert second.inherited == pytest.approx(19e-3)
    assert found.per_output.shape == (1,)
    console = Console(file=io.StringIO(), width=200)
    console.print(found.explain())
    shown = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]  StringIO, as given above
    assert "a posteriori" in shown
    assert "0.019" in shown
    assert "second" in shown


@pytest.mark.parametrize(("noise", "marked"), [(1e-4, False), (300.0, True)])
def test_errors_as_wide_as_their_ranges_are_marked(noise: float, marked: bool) -> None:
    """Behind a sigmoid no two values are further apart than 1, however far off the parameters are."""
    case = build(0, "dense", "sigmoid", "two-layer", noise=noise)
    found = certify(case.network, case.box, case.realised())
    assert found.layers[1].capped == marked
    console = Console(file=io.StringIO(), width=200)
    console.print(found.explain())
    assert ("nothing is known" in console.file.getvalue()) == marked  # pyright: ignore[reportAttributeAccessIssue]


def test_stages_come_in_order() -> None:
    network, (first, second), box = opposed()
    state = start(network, box)
    with pytest.raises(SltkError, match="stage_index=0"):
        step(state, 1, second)
    with pytest.raises(SltkError, match="all 2 stages"):
        conclude(step(state, 0, first))
    done = step(step(state, 0, first), 1, second)
    with pytest.raises(SltkError, match="2 in all"):
        step(done, 2, second)
    with pytest.raises(SltkError, match="at least one stage"):
        start(Network((1,), ()), box)


def test_realised_refuses_what_does_not_fit() -> None:
    network, (first, second), box = opposed()
    assert isinstance(first, Common)
    assert isinstance(second, Copies)
    state = step(start(network, box), 0, first)
    with pytest.raises(SltkError, match="gets 2 copies"):
        step(state, 1, first)
    with pytest.raises(SltkError, match="= 2 columns"):
        step(state, 1, replace(second, selected=csr_matrix([[1.0, 1.0, 1.0]])))
    with pytest.raises(SltkError, match="rows"):
        replace(second, selected=csr_matrix([[1.0], [1.0]]))
    with pytest.raises(SltkError, match="NaN"):
        replace(second, selected=csr_matrix([[1.0, np.nan]]))
    with pytest.raises(SltkError, match="NaN"):
        replace(second, delta=Signed.exact(torch.full((1, 1, 1, 1, 1), torch.nan)))
    with pytest.raises(SltkError, match="kh = kw = 1"):
        replace(second, delta=Signed.exact(torch.zeros(1, 1, 1)))
    with pytest.raises(SltkError, match="bias of shape"):
        replace(first, bias=UNBIASED)
    with pytest.raises(SltkError, match="remainder >= 0"):
        replace(first, remainder=-torch.ones(2, 1, 1, 1, 1))
    with pytest.raises(SltkError, match="slack >= 0"):
        Signed.within(-torch.ones(2, 1))
    with pytest.raises(SltkError, match="order"):
        replace(first, order=0)
    with pytest.raises(SltkError, match="radius"):
        replace(first, radius=float("nan"))


def test_bound_beyond_float64_is_refused() -> None:
    network, (_, second), box = opposed()
    assert isinstance(second, Copies)
    large = plain(doubles([[[1e200]], [[1e200]]]))
    many = replace(second, selected=csr_matrix([[1e200, 1e200]]))
    with pytest.raises(SltkError, match="second"):
        certify(network, box, [large, many])
