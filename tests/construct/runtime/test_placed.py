"""Target and ticket on a device: the numbers of the CPU within rounding, and nothing that a GPU would refuse."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.construct import Recipe, StrongTicket
from sltk.construct.construction import Construction
from sltk.construct.runtime.placed import Placed, exactly_on, target_on
from sltk.core.errors import SltkError
from sltk.core.numerics.device import torch_device
from sltk.runtime.unfolded import DenseUnfolded, UnfoldedLayer, unfolded
from tests.apart import PLACE, Mixed, apart

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
SHAPE = (2, 4, 4)


class Skips(nn.Module):
    """A convolution, a grouped one beside a skip, a pool, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1, groups=2)
        self.last = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.first(x))
        return self.last(F.avg_pool2d(F.relu(self.second(x) + x), 2).flatten(1))


def built() -> StrongTicket:
    torch.manual_seed(4)
    return Construction(Skips(), (-1.0, 1.0), Recipe(n=12, param_eps=0.05), input_shape=SHAPE).build(2)


@pytest.fixture(scope="module")
def ticket() -> StrongTicket:
    return built()


def rows(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(20, *SHAPE, generator=torch.Generator().manual_seed(7)).to(dtype) * 2 - 1


@DEVICES
@pytest.mark.parametrize("layout", ["auto", "sparse", "dense"])
def test_a_module_on_a_device_gives_what_it_gives_on_the_cpu(ticket: StrongTicket, layout: str, device: str) -> None:
    """In float64, where an order of sums is far below what a wrong weight would do."""
    place = torch_device(device)
    assert place is not None
    here, there = ticket.module().double(), ticket.module(layout, device=device).double()  # type: ignore[arg-type]
    x = rows(torch.float64)
    torch.testing.assert_close(there(x.to(place)).cpu(), here(x), rtol=1e-11, atol=1e-11)
    kinds = {type(part) for part in there.modules() if isinstance(part, UnfoldedLayer)}
    assert kinds == ({DenseUnfolded} if layout == "auto" else set())


def test_another_bit_of_a_weight_is_seen(ticket: StrongTicket) -> None:
    """Negative control: in float64 one last bit of one float32 weight is far beyond the tolerance above."""
    there = ticket.module(device="torch:cpu")
    first = next(part for part in there.modules() if isinstance(part, DenseUnfolded))
    first.weight.view(torch.int32)[tuple(torch.nonzero(first.weight)[0])] ^= 1
    x = rows(torch.float64)
    assert not torch.allclose(there.double()(x), ticket.module().double()(x), rtol=1e-11, atol=1e-11)


@DEVICES
def test_targets_and_their_gradients(ticket: StrongTicket, device: str) -> None:
    place, target = torch_device(device), ticket.target
    assert place is not None
    assert target is not None
    x = rows(torch.float64).requires_grad_()
    there = target_on(target, place)
    torch.testing.assert_close(there(x), target(x), rtol=1e-12, atol=1e-12)
    slopes = [torch.autograd.grad(function(x).square().sum(), x)[0] for function in (there, target)]
    torch.testing.assert_close(*slopes, rtol=1e-11, atol=1e-12)
    exact = exactly_on(target, place)(rows())
    assert (exact.dtype, exact.device.type, exact.requires_grad) == (torch.float64, "cpu", False)
    torch.testing.assert_close(there(rows()), target(rows()), rtol=1e-4, atol=1e-5)
    assert there(rows()).dtype == torch.float32


def test_nothing_mixes_devices(ticket: StrongTicket) -> None:
    """Every operation of the forward passes and of the redraw, on a device that keeps apart from the CPU."""
    target, wanted = ticket.target, ticket.module()(rows())
    assert target is not None
    modules = {entries: ticket.module("sparse") for entries in (0, 2**20)}
    drawn = ticket.source.block(1, 3, 500)
    with apart(), torch.no_grad():
        for entries, module in modules.items():
            found = Placed(unfolded(module, PLACE, entries), PLACE)(rows())
            torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(exactly_on(target, PLACE)(rows()), target(rows().double()))
        assert ticket.source.block_on(1, 3, 500, PLACE).cpu().tolist() == drawn.tolist()


def test_what_a_gpu_would_refuse_is_refused_by_that_device(ticket: StrongTicket) -> None:
    """Negative controls of the test above."""
    module = ticket.module("sparse")
    with apart(), torch.no_grad():
        module = unfolded(module, PLACE)
        with pytest.raises(Mixed):
            module(rows())
        with pytest.raises(Mixed):
            rows().to(PLACE).numpy()
        with pytest.raises(Mixed):
            torch.add(torch.arange(3, device=PLACE), torch.arange(3))
        assert rows().to(PLACE).cpu().numpy().tolist() == rows().tolist()


@pytest.mark.parametrize("device", ["cuda:77", "torch:cuda:77", "toaster"])
def test_a_device_that_is_not_there_is_refused(ticket: StrongTicket, device: str) -> None:
    with pytest.raises(SltkError, match="is none that torch"):
        ticket.module(device=device)
