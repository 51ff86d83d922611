"""Convolutions computed at the few pixels that a linear layer reads, against the layers one by one."""

import math

import pytest
import torch
from torch import Tensor, nn

from sltk.construct.runtime.execute import AfterStep, TicketSequence
from sltk.core.threads import limit
from sltk.networks.activations.table import activation
from sltk.networks.ops.act import Act
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.max_pool import MaxPool
from sltk.runtime.read_out import ReadOut
from sltk.runtime.sparse import SparseConv2d, SparseLayer, SparseLinear

STEPS = [Act(activation("relu")), Flatten()]


def drawn(count: int, size: int, seed: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    index = torch.randperm(size, generator=generator)[:count]
    return index, torch.randn(count, generator=generator, dtype=dtype)


def layers(dtype: torch.dtype, stride: int = 1, read: float = 0.05) -> tuple[SparseConv2d, SparseLinear]:
    bias = torch.randn(12, generator=torch.Generator().manual_seed(3), dtype=dtype)
    conv = SparseConv2d(5, 12, 3, *drawn(140, 12 * 5 * 9, 1, dtype), bias, stride=stride, padding=1)
    inputs = 12 * math.ceil(7 / stride) * math.ceil(6 / stride)
    return conv, SparseLinear(inputs, 4, *drawn(round(read * 4 * inputs), 4 * inputs, 2, dtype), bias[:4])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("images", [1, 16, 21])
def test_it_computes_what_the_layers_compute(dtype: torch.dtype, stride: int, images: int) -> None:
    conv, linear = layers(dtype, stride)
    joined = ReadOut.of(conv, STEPS, linear)
    assert joined is not None
    x = torch.randn(images, 5, 7, 6, generator=torch.Generator().manual_seed(4), dtype=dtype)
    hidden = conv(x).relu().flatten(1)
    unit = torch.finfo(dtype).eps
    # Sums of at most 45 and 45 products, and what the first may be off by, handed on by the second.
    entering = nn.functional.conv2d(x.abs(), conv.weight.abs(), conv.bias.abs(), stride=stride, padding=1).flatten(1)
    sums = nn.functional.linear(entering, linear.weight.abs(), linear.bias.abs())
    for threads in (1, 2):
        with limit(threads):
            found = joined(x)
        assert found.shape == (images, 4)
        assert found.dtype == dtype
        assert ((found - linear(hidden)).abs() <= 2 * 200 * unit * sums).all()


def test_another_weight_pixel_or_bias_is_seen() -> None:
    """Negative control: one weight, one pixel that is read, one bias."""
    x = torch.randn(3, 5, 7, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    found = list[Tensor]()
    for change in ("none", "weight", "pixel", "bias"):
        conv, linear = layers(torch.float64)
        if change == "weight":
            conv.value *= 1.0 + 1e-9
        if change == "pixel":
            linear.index = torch.where(linear.index == linear.index[7], linear.index[7] + 1, linear.index)
        if change == "bias":
            conv.bias += 1e-9
        joined = ReadOut.of(conv, STEPS, linear)
        assert joined is not None
        found.append(joined(x))
    assert all(float((one - found[0]).abs().max()) > 1e-10 for one in found[1:])


def test_who_reads_much_pools_or_has_another_precision_is_left_alone() -> None:
    conv, linear = layers(torch.float64)
    assert ReadOut.of(conv, STEPS, layers(torch.float64, read=0.5)[1]) is None
    assert ReadOut.of(conv, [STEPS[0], MaxPool((2, 2), (2, 2), (0, 0)), STEPS[1]], linear) is None
    assert ReadOut.of(conv, STEPS[:1], linear) is None
    assert ReadOut.of(conv, STEPS, linear.float()) is None


def test_a_sequence_computes_few_pixels_where_no_gradient_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    conv, linear = layers(torch.float64)
    module = TicketSequence(conv, *map(AfterStep, STEPS), linear)
    x = torch.randn(3, 5, 7, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    with torch.no_grad():
        found = module(x)
    torch.testing.assert_close(found, module(x), rtol=1e-12, atol=1e-12)  # with gradient: layer by layer
    with torch.no_grad(), monkeypatch.context() as patch:
        patch.setattr(SparseLayer, "_convolve", None)  # negative control: layer by layer it would be called
        torch.testing.assert_close(module(x), found, rtol=0, atol=0)
    changed = linear.value * 2.0
    linear.value.copy_(changed)
    with torch.no_grad():
        assert float((module(x) - found).abs().max()) > 1e-3  # weights are read at every call
