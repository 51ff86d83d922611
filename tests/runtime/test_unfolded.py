"""Products with unfolded images, on the CPU and on a GPU: the dense layer within the bound for sums in every order."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.numerics.device import whole_products
from sltk.core.numerics.formats import FLOAT32, format_of
from sltk.networks.geometry import Geometry
from sltk.runtime import sparse_products
from sltk.runtime.sparse import SparseConv2d, SparseLinear
from sltk.runtime.unfolded import DenseUnfolded, SparseUnfolded, UnfoldedLayer, unfolded

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GPU)])
GEOMETRIES = [
    Geometry((6, 4, 3, 3), (1, 1), (1, 1), (1, 1)),
    Geometry((6, 4, 3, 2), (2, 1), (0, 2), (1, 2)),
    Geometry((6, 4, 1, 1)),
    Geometry((6, 4, 1, 1), (2, 2)),
    Geometry((6, 4, 1, 1), (1, 1), (1, 1)),
]
SEED = 3


def numbers(*shape: int, dtype: torch.dtype) -> Tensor:
    """Of float32, in ``dtype``, of sizes from 2^-12 to 1, so that the order of a sum matters."""
    generator = torch.Generator().manual_seed(SEED + sum(shape))
    size = 2.0 ** -torch.randint(0, 12, shape, generator=generator).double()
    return (torch.randn(shape, generator=generator) * size).float().to(dtype)


def layer(geometry: Geometry, weight: Tensor, bias: Tensor, groups: int, sparse: bool) -> UnfoldedLayer:
    if not sparse:
        return DenseUnfolded(weight, bias, geometry, groups)
    index = torch.nonzero(weight.flatten())[:, 0]
    return SparseUnfolded(index, weight.flatten()[index], bias, geometry)


def beyond(found: Tensor, weight: Tensor, x: Tensor, bias: Tensor, geometry: Geometry, groups: int = 1) -> float:
    """Largest error over ``gamma_(k+1) (|W| |x| + |b|)``, the bound for sums of k products in every order."""
    rest = geometry.stride, geometry.padding, geometry.dilation, groups
    run = format_of(found.dtype)
    exact = F.conv2d(x.double(), weight.double(), bias.double(), *rest)
    size = F.conv2d(x.double().abs(), weight.double().abs(), bias.double().abs(), *rest)
    allowed = (run.gamma(weight[0].numel() + 1) + (2.0**-48 if run == FLOAT32 else run.gamma(99))) * size
    return float(((found.double().cpu() - exact).abs() / allowed).max())


@DEVICES
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_equals_the_dense_layer_within_the_bound_for_every_order(
    geometry: Geometry, dtype: torch.dtype, device: str
) -> None:
    weight, bias = numbers(*geometry.shape, dtype=dtype), numbers(6, dtype=dtype)
    weight[weight.abs() < 0.05] = 0
    for groups, sparse in ((1, False), (2, False), (1, True)):
        x = numbers(3, 4 * groups, 7, 6, dtype=dtype)
        made = layer(geometry, weight, bias, groups, sparse).to(device)
        with whole_products():
            found = made(x.to(device))
        assert found.shape[2:] == geometry.output(7, 6)
        assert beyond(found, weight, x, bias, geometry, groups) <= 1.0


@pytest.mark.parametrize("sparse", [False, True])
def test_products_of_fewer_bits_or_another_weight_are_beyond_the_bound(sparse: bool) -> None:
    """Negative controls: what TF32 leaves of a weight, ten bits behind the leading one; and one weight moved."""
    geometry = GEOMETRIES[0]
    weight, bias = (numbers(*shape, dtype=torch.float32) for shape in (geometry.shape, (6,)))
    x = numbers(3, 4, 7, 6, dtype=torch.float32)
    coarse = (weight.view(torch.int32) & ~0x1FFF).view(torch.float32)
    for wrong in (coarse, weight.roll(1, dims=3)):
        found = layer(geometry, wrong, bias, 1, sparse)(x)
        assert beyond(found, weight, x, bias, geometry) > 1.0


def test_lines_rows_and_empty_batches() -> None:
    weight, bias = numbers(6, 4, 1, 3, dtype=torch.float64), numbers(6, dtype=torch.float64)
    line = DenseUnfolded(weight, bias, Geometry((6, 4, 1, 3), (1, 2), (0, 1)))
    x = numbers(5, 4, 9, dtype=torch.float64)
    torch.testing.assert_close(line(x), F.conv1d(x, weight[:, :, 0], bias, 2, 1), rtol=1e-13, atol=1e-15)
    row = DenseUnfolded(weight[:, :, 0, 0], bias, Geometry((6, 4, 1, 1)))
    y = numbers(5, 4, dtype=torch.float64)
    torch.testing.assert_close(row(y), F.linear(y, weight[:, :, 0, 0], bias), rtol=1e-13, atol=1e-15)
    assert row(y[:0]).shape == (0, 6)
    assert line(x[:0]).shape == (0, 6, 5)


def test_parts_and_gradients_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = GEOMETRIES[1]
    weight, bias = numbers(*geometry.shape, dtype=torch.float64), numbers(6, dtype=torch.float64)
    x = numbers(5, 4, 7, 6, dtype=torch.float64).requires_grad_()
    for sparse in (False, True):
        made = layer(geometry, weight, bias, 1, sparse)
        whole = made(x)
        monkeypatch.setattr(sparse_products, "UNFOLDED_BYTES", 2 * 8 * 24 * math.prod(geometry.output(7, 6)))
        torch.testing.assert_close(made(x), whole, rtol=1e-13, atol=1e-15)
        monkeypatch.undo()
        dense = F.conv2d(x, weight, bias, geometry.stride, geometry.padding, geometry.dilation)
        slopes = [torch.autograd.grad((y * y.detach()).sum(), x)[0] for y in (made(x), dense)]
        torch.testing.assert_close(*slopes, rtol=1e-12, atol=1e-14)


def test_the_smallest_layers_are_dense_as_far_as_the_memory_reaches() -> None:
    def module() -> nn.Sequential:
        sizes = [(8, 4), (4, 8), (16, 4)]
        made = [SparseLinear(c, r, torch.arange(3), torch.ones(3), torch.zeros(r)) for r, c in sizes]
        return nn.Sequential(
            *made, nn.Sequential(SparseConv2d(2, 2, 2, torch.arange(3), torch.ones(3), torch.zeros(2)))
        )

    for entries, dense in ((0, 0), (15, 0), (16, 1), (79, 2), (80, 3), (144, 4)):
        made = unfolded(module(), torch.device("cpu"), entries)
        kinds = [type(part) for part in made.modules() if isinstance(part, UnfoldedLayer)]
        assert (len(kinds), kinds.count(DenseUnfolded)) == (4, dense), entries
    assert isinstance(unfolded(module(), torch.device("cpu"), 16)[3][0], DenseUnfolded)


def test_products_are_whole_whatever_was_asked_for() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        for asked in ("highest", "high", "medium"):
            torch.set_float32_matmul_precision(asked)
            with whole_products():
                assert torch.get_float32_matmul_precision() == "highest"
                assert not torch.backends.cuda.matmul.allow_tf32
            assert torch.get_float32_matmul_precision() == asked
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="needs torch 2.9")
def test_products_are_whole_where_one_library_was_asked_for_less() -> None:
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    try:
        matmul.fp32_precision = "tf32"
        with whole_products():
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = before
