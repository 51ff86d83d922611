"""Sparse layers run as dense ones where they keep much: the same outputs, and only where they do."""

import copy

import torch
from torch import nn

from sltk.runtime.filled import DENSE_ABOVE, filled
from sltk.runtime.sparse import SparseConv2d, SparseLayer, SparseLinear

WIDE = 32


def layers(density: float) -> nn.Sequential:
    generator = torch.Generator().manual_seed(0)

    def kept(size: int) -> tuple[torch.Tensor, torch.Tensor]:
        index = torch.randperm(size, generator=generator)[: max(1, round(density * size))]
        return index, torch.randn(index.numel(), generator=generator)

    conv = SparseConv2d(WIDE, 8, 3, *kept(8 * WIDE * 9), torch.randn(8, generator=generator), stride=2, padding=1)
    linear = SparseLinear(8 * 9, 4, *kept(4 * 72), torch.randn(4, generator=generator))
    return nn.Sequential(nn.Sequential(conv, nn.ReLU()), nn.Flatten(), linear).double()


def test_a_layer_that_keeps_much_is_filled_and_computes_the_same():
    module = layers(0.5)
    x = torch.randn(4, WIDE, 6, 6, dtype=torch.float64)
    before = module(x)
    after = filled(copy.deepcopy(module))
    assert not any(isinstance(part, SparseLayer) for part in after.modules())
    torch.testing.assert_close(after(x), before, rtol=1e-12, atol=1e-12)


def test_a_layer_that_keeps_little_stays_sparse():
    module = filled(layers(min(DENSE_ABOVE.values()) / 2))
    assert sum(isinstance(part, SparseLayer) for part in module.modules()) == 2


def test_a_convolution_may_keep_more_than_a_linear_layer():
    between = sum(DENSE_ABOVE.values()) / 2
    assert DENSE_ABOVE[SparseLinear] < between < DENSE_ABOVE[SparseConv2d]
    kinds = [type(part) for part in filled(layers(between)).modules() if isinstance(part, SparseLayer)]
    assert kinds == [SparseConv2d]


def test_a_convolution_that_reads_few_numbers_stays_sparse():
    index = torch.arange(8 * 9)
    few = SparseConv2d(1, 8, 3, index, torch.randn(len(index)), torch.zeros(8))
    assert isinstance(filled(nn.Sequential(few))[0], SparseConv2d)


def test_another_weight_is_seen():
    """Negative control: one filled weight moved to another place changes the outputs."""
    module = filled(layers(0.5))
    x = torch.randn(4, WIDE, 6, 6, dtype=torch.float64)
    before = module(x)
    weight = module[2].weight
    with torch.no_grad():
        weight.copy_(weight.roll(1, dims=1))
    assert not torch.allclose(module(x), before)
