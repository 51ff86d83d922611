"""Quick ways of the relaxation against the slow ones: windows without a matrix, sparse adjoints, lines in blocks."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sltk.certify.differential import copies_map, patches
from sltk.certify.differential.certify import relaxation
from sltk.certify.differential.curves import pointwise
from sltk.certify.differential.forms import Form
from sltk.certify.differential.patch_kernel import supremum
from sltk.certify.differential.patches import Patches
from sltk.certify.differential.relax import Pair, start_pair
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations import lines
from sltk.networks.activations.table import activation
from tests.construct.block_nets import randomised
from tests.construct.building import build_ticket
from tests.property.test_certify import build

FORMS: dict[str, Any] = {
    "target": lambda c: Form(target=c[:, 0]),
    "difference": lambda c: Form(difference=c),
    "ticket": lambda c: Form(ticket=c),
}


CONVS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "padded": ({"padding": 1}, {"padding": 1}),
    "strided": ({"stride": 2, "padding": 1}, {"stride": (1, 2)}),
    "dilated": ({"dilation": 2}, {"dilation": (2, 1), "padding": 1}),
}


def second(geometry: str, phi: nn.Module, method: str) -> tuple[Pair, Patches | None]:
    """The first two stages of a ticket, and the windows of the second."""
    first, own = CONVS[geometry]
    module = nn.Sequential(nn.Conv2d(2, 2, 3, **first), phi, nn.Conv2d(2, 2, 3, **own))
    settings = {"seed": 2, "method": method, "n": 14, "param_eps": 0.05, "domain": (-1.0, 0.6)}
    ticket = build_ticket(randomised(module), input_shape=(2, 7, 7), **settings)
    assert ticket.target is not None
    pair = start_pair(ticket.target, ticket.domain)
    for one in ticket.realised:
        pair.extend(one)
    return pair, Patches.of(ticket.target, pair.stages, pair.box)


def apart(pair: Pair, quick: Patches) -> float:
    """Largest distance from what substitution gives, over the size of what it gives."""
    found, worst = quick.ranges(pair.at[-1]), 0.0
    for part, form in FORMS.items():
        slow = pair._range(getattr(pair.at[-1], part), form)
        for end in ("low", "high"):
            one, other = getattr(getattr(found, part), end), getattr(slow, end)
            worst = max(worst, float(((one - other).abs() / (1.0 + slow.magnitude)).max()))
    return worst


@pytest.mark.parametrize(
    ("phi", "method"), [(nn.ReLU(), "two-layer"), (nn.ReLU(), "plus-one"), (nn.GELU(), "plus-one")]
)
@pytest.mark.parametrize("geometry", CONVS)
def test_windows_are_substitution(geometry: str, phi: nn.Module, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with upper lines alone the ranges are others."""
    pair, quick = second(geometry, phi, method)
    assert quick is not None
    assert apart(pair, quick) < 1e-9
    honest = patches.gather

    def upper_only(row: int, sign: float, weights: Any, sides: Any, *rest: Any) -> None:
        honest(row, sign, weights, sides._replace(low=sides.high, below=sides.above), *rest)

    monkeypatch.setattr(patches, "gather", upper_only)
    assert apart(pair, quick) > 1e-3


def test_suprema_of_one_input_agree() -> None:
    """Lines, folds and powers of both signs, against the suprema that torch computes; without the turns some differ."""
    generator = torch.Generator().manual_seed(2)
    slope, fold, odd, even = torch.randn(4, 400, generator=generator, dtype=torch.float64)
    low, high = torch.randn(2, 400, generator=generator, dtype=torch.float64).sort(0).values
    wanted = pointwise(slope[None], {"fold": fold[None], "odd": odd[None], "even": even[None]}, 3, Interval(low, high))[
        0
    ]
    columns = zip(*(x.tolist() for x in (slope + fold, slope - fold, even + odd, even - odd, low, high)), strict=True)
    rows = [(*first, 3, *ends) for *first, _, _, ends in ((a, b, c, d, 0, 0, (e, f)) for a, b, c, d, e, f in columns)]
    found = np.array([supremum(a, b, c, d, q, low, high) for a, b, c, d, q, low, high in rows])
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-12, atol=1e-12)
    ends = np.array([max(_at(row, row[5]), _at(row, row[6])) for row in rows])
    assert (found > ends + 1e-3).sum() > 20


def _at(row: tuple[float, ...], x: float) -> float:
    line, curve = (row[0], row[2]) if x >= 0 else (row[1], row[3])
    return line * x + curve * abs(x) ** 3


@pytest.mark.parametrize("shape", ["dense", "conv", "dilated"])
def test_sparse_adjoints_change_no_bound(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = build(4, shape, "relu", "plus-one")
    plain = relaxation(case.network, case.box, case.realised()).per_output
    monkeypatch.setattr(copies_map, "LARGE", 0)
    monkeypatch.setattr(copies_map, "DENSITY", 1.0)
    used: list[Tensor] = []
    honest = copies_map.SparseMap.adjoint
    monkeypatch.setattr(copies_map.SparseMap, "adjoint", lambda *a: used.append(a[1]) or honest(*a))
    found = relaxation(case.network, case.box, case.realised()).per_output
    assert plain is not None
    assert found is not None
    assert used
    torch.testing.assert_close(found, plain, rtol=1e-10, atol=0.0)


@pytest.mark.parametrize("name", ["relu", "tanh", "hardtanh"])
def test_lines_do_not_depend_on_their_block(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(3)
    low, width = torch.randn(2, 2, 25, generator=generator, dtype=torch.float64)
    x, d = Interval(low, low + width.abs()), Interval(-width.abs(), width.abs() / 2)
    phi = activation(name)

    def both() -> list[Tensor]:
        found = lines.activation_lines(phi, x), lines.difference_lines(phi, Interval(x.low[:1], x.high[:1]), x, d)
        return [getattr(one, field) for one in found for field in ("slope_low", "low", "slope_high", "high")]

    whole = both()
    monkeypatch.setattr(lines, "BLOCK", 7)
    assert all(torch.equal(one, other) for one, other in zip(both(), whole, strict=True))
