"""What one sum loses in float32: never more than is said, and as much where the order is against it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

from sltk.certify.as_run.evaluation import KeptConstants, OfCommon, OfCopies
from sltk.certify.sparse import SparseMap
from sltk.core.numerics.formats import FLOAT32, Format
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.table import activation
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.linear import Linear
from sltk.runtime.sparse import SparseLinear

NONE = KeptConstants(torch.zeros(0).long(), *(torch.zeros(0).double() for _ in range(3)), activation=None)
HALF = replace(FLOAT32, unit=FLOAT32.unit / 2)


def layer(weight: Tensor) -> Linear:
    return Linear("layer", weight.double(), torch.zeros(len(weight)).double())


def of_copies(weight: Tensor) -> OfCopies:
    """One copy of everything."""
    kept = csr_matrix(weight.double().abs().numpy())
    terms = torch.from_numpy(np.diff(kept.indptr).astype(np.float64))
    return OfCopies(SparseMap(layer(weight), kept), (1, len(weight)), terms, NONE)


def points(x: Tensor) -> Interval:
    """``(n, in)`` as points of one copy."""
    return Interval(x.double()[:, None], x.double()[:, None])


def run(weight: Tensor, x: Tensor) -> Tensor:
    index = torch.arange(weight.numel())
    return SparseLinear(weight.shape[1], len(weight), index, weight.flatten(), torch.zeros(len(weight)))(x).double()


def unfavourable(k: int = 1000) -> Tensor:
    """1, then k times u: each addition is a tie that goes back to 1, and the sum stays 1."""
    return torch.cat([torch.ones(1, 1), torch.full((1, k), FLOAT32.unit)], 1)


def test_a_sum_of_halves_of_a_unit_attains_the_bound() -> None:
    weight, x = unfavourable(), torch.ones(1, 1001)
    lost = float((weight.double().sum() - run(weight, x)).abs())
    said = float(of_copies(weight).lost(points(x), FLOAT32).error)
    assert 0.99 * said < lost <= said
    assert float(of_copies(weight).lost(points(x), HALF).error) < lost  # negative control: half the unit


@pytest.mark.parametrize("seed", range(4))
def test_random_sums_of_all_sizes_lose_less_than_is_said(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(20, 60, generator=generator) * 2.0 ** torch.randint(-20, 20, (20, 60), generator=generator)
    x = torch.randn(50, 60, generator=generator)
    lost = (run(weight, x) - x.double() @ weight.double().T).abs()
    said = of_copies(weight).lost(points(x), FLOAT32)
    assert bool((lost <= said.error[:, 0]).all())
    assert bool((lost > said.error[:, 0] / 200).any())
    assert bool((said.reach[:, 0] >= x.double().abs() @ weight.double().abs().T).all())


def test_products_that_are_0_cost_nothing() -> None:
    """Three that are there among a thousand, wherever they stand; negative control: one alone would be too few."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(1, 1000, generator=generator)
    kept = of_copies(weight)
    for _ in range(50):
        x = torch.zeros(1, 1000)
        x[0, torch.randperm(1000, generator=generator)[:3]] = torch.randn(3, generator=generator)
        lost = float((run(weight, x) - x.double() @ weight.double().T).abs())
        assert lost <= float(kept.lost(points(x), FLOAT32).error)
        wide = Interval(-x.double().abs()[:, None] - 1e-9, x.double().abs()[:, None] + 1e-9)
        assert float(kept.lost(points(x), FLOAT32).error) < float(kept.lost(wide, FLOAT32).error) / 100
    three = torch.cat([torch.ones(1, 1), torch.full((1, 2), FLOAT32.unit), torch.zeros(1, 5)], 1)
    lost = float((three.double().sum() - run(torch.ones(1, 8), three)).abs())
    size = float(three.double().sum())
    assert (
        float(FLOAT32.gamma(1)) * size < lost <= float(of_copies(torch.ones(1, 8)).lost(points(three), FLOAT32).error)
    )


def test_an_empty_sum_loses_nothing() -> None:
    weight = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    found = of_copies(weight).lost(points(torch.ones(1, 2)), FLOAT32).error
    assert float(found[0, 0, 0]) == 0.0 < float(found[0, 0, 1])


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "gelu", "leaky_relu(0.2)"])
def test_univariate_neurons_lose_less_than_is_said(name: str) -> None:
    """``sum_a v_a phi(w_a x)`` in float32 beside float64, for sixty neurons."""
    phi, generator = activation(name), torch.Generator().manual_seed(7)
    w, v = torch.randn(2, 60, generator=generator)
    x = torch.randn(400, 1, generator=generator) * 3
    v = v * 30
    lost = (run(v[None], phi(x * w)) - phi(x.double() * w.double()) @ v.double()[:, None]).abs()
    found = _common(name, w, v)
    said = found.lost(points(x), FLOAT32).error[:, 0]
    assert bool((lost <= said).all())
    assert bool((lost > said / 1000).any())


def _common(name: str, w: Tensor, v: Tensor) -> OfCommon:
    phi = activation(name)
    right, left = (phi.lipschitz,) * 2 if phi.curved else (abs(phi.slope_positive), abs(phi.slope_negative))
    size, one = (v * w).double().abs(), Linear("one", torch.ones(1, 1).double(), torch.zeros(1).double())
    rising, falling = (
        SparseMap.of(one, (size * torch.where(w > 0, a, b)).sum().reshape(1, 1, 1, 1, 1))
        for a, b in ((right, left), (left, right))
    )
    rises, falls = (
        SparseMap.of(one, ((size * torch.where(w > 0, a, b)) > 0).sum().double().reshape(1, 1, 1, 1, 1))
        for a, b in ((right, left), (left, right))
    )
    mass = v.double().abs().sum()[None]
    if phi.intercept:
        rises = falls = None
    return OfCommon(
        rising,
        falling,
        rises,
        falls,
        rising,
        mass,
        float(w.abs().max()),
        phi,
        (1, 1),
        torch.tensor([60.0]).double(),
        NONE,
    )


def test_constants_bring_their_own_rounding() -> None:
    """A sigmoid constant with a weight of 100: its own ulps reach the sum."""
    phi, bias = activation("sigmoid"), torch.linspace(-4, 4, 301)
    for b in bias.split(1):
        exact = phi(b.double())
        kept = KeptConstants(torch.zeros(1).long(), torch.tensor([100.0]).double(), exact, b.double().abs(), phi)
        said = of_copies(torch.zeros(1, 1))
        with_constant = replace(said, terms=torch.ones(1).double(), constants=kept)
        lost = float((100.0 * phi(b)).double() - 100.0 * exact)
        assert abs(lost) <= float(with_constant.lost(points(torch.zeros(1, 1)), FLOAT32).error)


def by_fourier(x: Tensor, weight: Tensor) -> Tensor:
    """A convolution through Fourier transforms in float32, in which all pixels meet."""
    size = tuple(x.shape[2:])
    product = torch.einsum("bcxy,ocxy->boxy", torch.fft.rfft2(x), torch.fft.rfft2(weight, size).conj())
    return torch.fft.irfft2(product, size)[..., : size[0] - 2, : size[1] - 2]


@pytest.mark.parametrize(("channels", "batch"), [(1, 1), (8, 1), (8, 16), (64, 16)])
def test_dense_convolutions_add_nothing_but_their_own_terms(channels: int, batch: int) -> None:
    """Pixels of 2^20 beside pixels of 1: an output that sees none of the large ones is as near as its own terms say."""
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(batch, channels, 12, 12, generator=generator)
    x[..., 6:] *= 2.0**20
    weight = torch.randn(16, channels, 3, 3, generator=generator)
    exact, size = (F.conv2d(f(x.double()), f(weight.double()))[..., :4] for f in (lambda t: t, torch.abs))
    allowed = FLOAT32.gamma(9 * channels + 1) * size
    assert bool(((F.conv2d(x, weight).double()[..., :4] - exact).abs() <= allowed).all())
    assert bool(((by_fourier(x, weight).double()[..., :4] - exact).abs() > allowed).any())  # negative control


def test_a_grouped_strided_convolution_is_a_sparse_map() -> None:
    affine = Conv("c", torch.randn(4, 2, 3, 3).double(), torch.zeros(4).double(), (2, 1), (1, 0), (1, 2), groups=2)
    weight = torch.randn(3, 4, 2, 3, 3, generator=torch.Generator().manual_seed(1)).double()
    x = torch.randn(5, 4, 8, 9, generator=torch.Generator().manual_seed(2)).double()
    found = SparseMap.of(affine, weight)(x)
    torch.testing.assert_close(found, affine.correlate(weight.flatten(0, 1), x), rtol=1e-12, atol=1e-12)


def test_formats_are_told_apart() -> None:
    weight, x = unfavourable(), torch.ones(1, 1001)
    wide: Format = replace(FLOAT32, unit=2.0**-53)
    assert float(of_copies(weight).lost(points(x), wide).error) < 1e-6 * float(
        of_copies(weight).lost(points(x), FLOAT32).error
    )
