"""Networks of the kinds that users have, by both constructions: built, compared, bounded, saved, loaded and checked."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct import Construction, Recipe, Search, StrongTicket, load, save
from sltk.core.errors import SltkError
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.verify.check import CallerClaim, check
from tests.construct.small_nets import SMALL, small

EPS = 0.01
PARAMETERS = {"every effective parameter is within param_eps"}
CASES = [(name, method) for name in SMALL for method in ("plus-one", "two-layer")]
_built: dict[tuple[str, str], StrongTicket] = {}


def built(name: str, method: str) -> StrongTicket:
    if (name, method) not in _built:
        module, shape = small(name)
        recipe = Recipe(method, 24, EPS, scale_exponents=(0, -1, -2, -3))
        construction = Construction(module, (-1.0, 1.0), recipe, input_shape=shape)
        _built[name, method] = construction.build(1, Search(copy_error=0.01, prune_below=0.001))
    return _built[name, method]


def inputs(network: Network, rows: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(rows, *network.input_shape, generator=generator, dtype=torch.float64) * 2 - 1


def error(ticket: StrongTicket, target: Network) -> float:
    module, x = copy.deepcopy(ticket.module("sparse")).double(), inputs(target)
    return float((module(x) - target(x)).abs().max())


@pytest.mark.parametrize(("name", "method"), CASES)
def test_it_is_built_and_bounded(name: str, method: str) -> None:
    """Parameters are reached, or recorded; the certificate bounds what the ticket errs by, and the layouts agree."""
    ticket = built(name, method)
    assert ticket.target is not None
    assert len(ticket.failures) <= 0.01 * ticket.problems
    measured = error(ticket, ticket.target)
    assert 0.0 < measured <= min(0.01, ticket.certificate.bound)
    x = inputs(ticket.target)
    dense, sparse = (ticket.module(layout).double() for layout in ("dense", "sparse"))
    torch.testing.assert_close(dense(x), sparse(x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_it_goes_through_a_file_and_is_checked(name: str, method: str, tmp_path: Path) -> None:
    ticket = built(name, method)
    save(ticket, tmp_path / "one")
    loaded = load(tmp_path / "one", ticket.target)
    save(loaded, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    found = check(loaded, claim=CallerClaim(param_eps=EPS, prune_below=0.001))
    assert found.bits.passed
    wrong = [v for v in found.verdicts if not v.holds]
    # Outputs of untrained networks hardly vary, so that a small error is much beside them.
    allowed = {"the ticket computes its target"} | (PARAMETERS if ticket.failures else set())
    assert {v.statement for v in wrong} <= allowed


@pytest.mark.parametrize(("name", "method"), CASES)
def test_a_flipped_mask_is_noticed(name: str, method: str) -> None:
    """Negative control: one kept weight fewer is seen by the certificate's parameters and by the check."""
    ticket = built(name, method)
    assert ticket.target is not None
    last = ticket.masks[-1]
    kept = last.weight[1:]
    broken = replace(ticket, masks=(*ticket.masks[:-1], replace(last, weight=kept)))
    found = check(broken, claim=CallerClaim(param_eps=EPS, prune_below=0.001))
    assert not found.passed
    assert "what the file says follows from its mask and recipe" in {v.statement for v in found.verdicts if not v.holds}


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
def test_a_target_that_is_wired_wrong_is_noticed(method: str) -> None:
    """Negative control: the parts of a concatenation change places."""
    ticket = built("U-Net-like, nearest", method)
    module, shape = small("U-Net-like, nearest")
    right = read(module, shape)

    class Turned(type(module)):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            high = self.phi(self.down(x))
            low = self.up(self.phi(self.deep(self.pool(high))))
            joined = torch.cat([high, low[:, :1], low[:, 1:]], dim=1)
            return self.end(self.phi(self.out(joined)))

    honest, x = error(ticket, right), inputs(right)
    module.__class__ = Turned
    with torch.no_grad():
        turned = float((ticket.module("sparse").double()(x) - module.double()(x)).abs().max())
    assert turned > 5 * honest


def test_biases_behind_a_transposed_convolution_are_built_phase_by_phase() -> None:
    """Four phases of the output, each with taps of its own that carry constants to all its pixels."""
    ticket = built("U-Net-like, transposed", "plus-one")
    (role,) = (role for role in ticket.plan.roles if len(role.phases) > 1)
    assert sorted(tap for taps in role.phases for tap in taps) == [0, 1, 2, 3]
    assert role.constants is not None
    wide = next(r for r in built("U-Net-like, wide transposed, GELU", "plus-one").plan.roles if len(r.phases) > 1)
    assert wide.phases == ((4,), (3,), (1,), (0,))


def test_a_constant_at_a_tap_that_misses_pixels_is_refused() -> None:
    """Negative control: one kept constant is moved to a tap that sees the padding at the border."""
    ticket = built("U-Net-like, wide transposed, GELU", "plus-one")
    role = next(r for r in ticket.plan.roles if len(r.phases) > 1)
    mask = ticket.masks[role.combine]
    constants = (mask.weight // role.inner) % role.channels >= role.inputs * role.copies_in
    first = mask.weight[constants][0]
    moved = np.union1d(np.setdiff1d(mask.weight, [first]), [first - first % role.inner + 8])
    masks = [replace(m, weight=moved) if i == role.combine else m for i, m in enumerate(ticket.masks)]
    with pytest.raises(SltkError, match="do not reach every pixel"):
        replace(ticket, masks=tuple(masks)).certificate  # noqa: B018  # computed here


def test_a_transposed_kernel_smaller_than_its_stride_needs_the_other_method() -> None:
    """No tap reaches the pixels between: their biases would have nothing to be built from."""
    module = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.ConvTranspose2d(1, 1, 1, stride=2))
    with pytest.raises(SltkError, match="no smaller than its stride"):
        Construction(module, (-1.0, 1.0), Recipe(n=4, param_eps=0.1), input_shape=(1, 2, 2)).plan  # noqa: B018
    made = Construction(module, (-1.0, 1.0), Recipe("two-layer", 20, 0.05), input_shape=(1, 2, 2)).build(1)
    assert made.target is not None
    assert error(made, made.target) <= made.certificate.bound


class Branch(nn.Module):
    """The second branch reads a linear value, and stands behind a ReLU in the order of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.one, self.two, self.end = (nn.Linear(2, 2) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        one = torch.relu(self.one(x))
        return self.end(torch.relu(self.two(x) + one))


def test_signs_are_those_of_the_value_that_a_stage_reads() -> None:
    """A stage that is taken to read no negative value, and does, would lose half of its inputs."""
    torch.manual_seed(4)
    made = Construction(Branch(), (-1.0, 1.0), Recipe("two-layer", 26, 0.01), input_shape=(2,))
    sides = {made.network.stages[role.stage].affine.name: role.sides for role in made.plan.roles}
    assert sides == {"stem": "split", "one": "split", "two": "split", "end": "positive"}
    ticket = made.build(1)
    assert ticket.reached
    assert error(ticket, made.network) <= ticket.certificate.bound <= ticket.a_priori.bound
