"""Local certificates on a device: passes bit for bit, bounds within the rounding of both, and never broken."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.certify.local import loops
from sltk.certify.local.certificates import LocalCertificates
from sltk.certify.local.loops import COMPILED, TORCH
from sltk.construct import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.numerics.device import plain_sums
from tests.apart import PLACE, apart
from tests.construct.building import build_ticket

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
PLACES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GPU)])
SHAPE = (2, 4, 4)
RUNS: tuple[torch.dtype | None, ...] = (None, torch.float32)


class Skips(nn.Module):
    """A smooth convolution; a grouped one, max-pooled, behind a skip; averages; and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1, groups=2)
        self.third, self.last = nn.Conv2d(2, 2, 1), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.first(x))
        x = F.max_pool2d(F.leaky_relu(self.second(x) + x, 0.1), 2)
        return self.last(F.avg_pool2d(F.relu(self.third(x)), 2).flatten(1))


@pytest.fixture(scope="module", params=["plus-one", "two-layer"])
def ticket(request: pytest.FixtureRequest) -> StrongTicket:
    torch.manual_seed(4)
    given = {"method": request.param, "n": 12, "param_eps": 0.05, "domain": (-1.0, 1.0), "input_shape": SHAPE}
    return build_ticket(Skips(), seed=2, **given)


def rows(count: int = 6) -> Tensor:
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(7)) * 1.8 - 0.9


def mixed(*shape: int, seed: int = 0) -> Tensor:
    """Zeros, numbers near 1, and numbers that nothing can be added to without rounding, down to the smallest."""
    generator = torch.Generator().manual_seed(seed + sum(shape))
    size = 2.0 ** -torch.randint(0, 1020, shape, generator=generator).double()
    size = torch.where(torch.rand(shape, generator=generator) < 0.6, 1.0, size)
    there = torch.rand(shape, generator=generator) < 0.8
    return torch.randn(shape, generator=generator, dtype=torch.float64) * size * there


def bits(found: Sequence[Tensor]) -> list[bytes]:
    """Of all numbers, the two zeros as one."""
    return [(part.cpu() + 0.0).numpy().tobytes() for part in found]


@PLACES
@pytest.mark.parametrize("slopes", [(1.0, 0.0), (1.0, 0.1), (0.3, 2.0)])
def test_passes_by_torch_are_the_compiled_ones_bit_for_bit(slopes: tuple[float, float], device: str) -> None:
    """With slopes that float32 does not have."""
    one, other = mixed(3, 5, 40), mixed(3, 5, 40, seed=1)
    low, high = torch.minimum(one, other), torch.maximum(one, other)
    bias, slack = mixed(5), mixed(5, seed=1).abs()
    asked = (low, high), (mixed(3, 40, seed=2).sort(0)[0][:2], mixed(3, 40, seed=2).sort(0)[0][1:])
    (p, q), (a, b) = (part[:2] for part in asked[0]), asked[1]
    sent = [part.to(device) for part in (low, high, bias, slack, a, b, p, q)]
    for share in (0.0, 1e-15):
        assert bits(TORCH.centred(*sent[:2], share)) == bits(COMPILED.centred(low, high, share))
    wide = (high - low).abs()
    assert bits(TORCH.joined(sent[0], wide.to(device), 1.1, bias, slack)) == bits(
        COMPILED.joined(low, wide, 1.1, bias, slack)
    )
    here = COMPILED.half_lines((a, b), (p.contiguous(), q.contiguous()), *slopes)
    assert bits(TORCH.half_lines((sent[4], sent[5]), (sent[6], sent[7]), *slopes)) == bits(here)


def test_a_slope_in_float32_or_a_lost_allowance_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative controls: what torch makes of a Python number times flags, and of one slope in float32."""
    a, b, p, q = (
        torch.full((1, 4), -1.0),
        torch.full((1, 4), -0.5),
        torch.full((1, 1, 4), 0.1),
        torch.full((1, 1, 4), 0.3),
    )
    a, b, p, q = (part.double() for part in (a, b, p, q))
    wanted = bits(COMPILED.half_lines((a, b), (p, q), 1.0, 0.1))
    coarse = float(torch.tensor(0.1, dtype=torch.float32))
    assert bits(TORCH.half_lines((a, b), (p, q), 1.0, 0.1)) == wanted
    assert bits(TORCH.half_lines((a, b), (p, q), 1.0, coarse)) != wanted
    tiny = torch.full((3,), 1e-305, dtype=torch.float64)
    monkeypatch.setattr(loops, "_some", lambda size: 1e-300 * (size != 0.0))
    assert bits(TORCH.centred(-tiny, tiny, 0.0)) != bits(COMPILED.centred(-tiny, tiny, 0.0))


def close(one: LocalCertificates, other: LocalCertificates) -> bool:
    """Within ``1e-10``: sums of up to some thousand terms, rounded outward twice, through four stages."""
    same = torch.equal(one.answers, other.answers)
    near = [
        torch.allclose(a, b, rtol=1e-10, atol=1e-12) for a, b in ((one.errors, other.errors), (one.leads, other.leads))
    ]
    return same and all(near)


@DEVICES
@pytest.mark.parametrize("radius", [0.0, 0.004])
def test_certificates_are_those_of_the_cpu_but_for_rounding(ticket: StrongTicket, radius: float, device: str) -> None:
    for dtype in RUNS:
        here, there = (ticket.certify(rows(), radius, dtype, device=d) for d in ("cpu", device))
        assert close(here, there)
        assert torch.equal(here.proved, there.proved)
        assert (there.run, there.errors.device.type) == (here.run, "cpu")


@DEVICES
def test_no_bound_is_broken_on_samples(ticket: StrongTicket, device: str) -> None:
    assert ticket.target is not None
    x, radius = rows(), 0.004
    found, module = ticket.certify(x, radius, device=device), ticket.module().double()
    generator = torch.Generator().manual_seed(9)
    for _ in range(40):
        near = (x.double() + radius * (2 * torch.randint(0, 2, x.shape, generator=generator) - 1)).clamp(-1, 1)
        assert ((ticket.target(near) - module(near)).abs().amax(1) <= found.errors * (1 + 1e-12)).all()


def test_a_bound_of_another_ticket_is_broken(ticket: StrongTicket) -> None:
    """Negative control of the test above: the first layer's target weights moved, the certificate left as it was."""
    assert ticket.target is not None
    first = ticket.target.stages[0]
    moved = replace(first, affine=replace(first.affine, bias=first.affine.bias + 3.0))
    other = replace(ticket.target, stages=(moved, *ticket.target.stages[1:]))
    found, module = ticket.certify(rows(), 0.0, device="torch:cpu"), ticket.module().double()
    x = rows().double()
    assert not ((other(x) - module(x)).abs().amax(1) <= found.errors).all()


def test_nothing_mixes_devices(ticket: StrongTicket) -> None:
    with apart():
        found = [ticket.certify(rows(), 0.004, dtype, device=f"torch:{PLACE}") for dtype in RUNS]
    assert all(close(one, ticket.certify(rows(), 0.004, dtype)) for one, dtype in zip(found, RUNS, strict=True))


def test_sums_of_which_nothing_is_known_prove_nothing() -> None:
    before = torch.backends.cudnn.enabled
    with pytest.raises(SltkError, match="not known how they add"), plain_sums(torch.device("xpu")):
        pass
    with plain_sums(torch.device("cuda")):
        assert not torch.backends.cudnn.enabled
    assert torch.backends.cudnn.enabled == before
