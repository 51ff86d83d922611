"""Sums on tiles against the sums of shifted planes: the same bits, whatever the sizes, the strides and the threads."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sltk.core.threads import limit
from sltk.runtime.lane_kernels import LANES
from sltk.runtime.shift_maps import ShiftMap
from sltk.runtime.sparse import SparseConv2d
from sltk.runtime.tile_sums import TileSums

CASES = {
    "three by three": ((9, 11), (3, 3), (1, 1), (1, 1), (1, 1)),
    "whole tiles": ((4, 8), (3, 3), (1, 1), (1, 1), (1, 1)),
    "stride": ((13, 12), (3, 3), (2, 2), (1, 1), (1, 1)),
    "one tap, stride": ((6, 9), (1, 1), (2, 2), (0, 0), (1, 1)),
    "uneven": ((12, 15), (2, 5), (2, 1), (2, 3), (1, 2)),
    "stride beyond the taps": ((9, 14), (2, 2), (3, 3), (1, 0), (1, 1)),
}


def layer_of(name: str, dtype: torch.dtype = torch.float32, kept: float = 0.2) -> SparseConv2d:
    """29 channels to 23: more planes than a small window has, rows of many lengths."""
    generator = torch.Generator().manual_seed(8)
    _, kernel, stride, padding, dilation = CASES[name]
    size = 23 * 29 * kernel[0] * kernel[1]
    index = torch.randperm(size, generator=generator)[: round(kept * size)]
    value, bias = (torch.randn(n, generator=generator, dtype=dtype) for n in (len(index), 23))
    return SparseConv2d(29, 23, kernel, index, value, bias, stride, padding, dilation)


def images_of(name: str, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(count, 29, *CASES[name][0], generator=torch.Generator().manual_seed(9), dtype=dtype)


def by_planes(layer: SparseConv2d, x: Tensor) -> Tensor:
    planes = layer.tables().convolution(x.shape[2], x.shape[3], layer.value)
    assert isinstance(planes, ShiftMap)
    return planes(x, layer.bias)


def by_tiles(layer: SparseConv2d, x: Tensor) -> Tensor:
    tiled = layer.tables().tiled(layer.value)
    assert tiled is not None
    return tiled(x, layer.bias)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("count", [3, LANES, 2 * LANES + 5])
def test_they_have_the_bits_of_the_sums_of_planes(
    name: str, dtype: torch.dtype, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sltk.runtime.tile_sums._WINDOW_BYTES", 2**14)  # several chunks
    layer, x = layer_of(name, dtype), images_of(name, count, dtype)
    expected = by_planes(layer, x)
    for threads in (1, 2):
        with limit(threads):
            found = by_tiles(layer, x)
        assert torch.equal(found, expected)
    assert found.permute(1, 2, 3, 0).is_contiguous()


@pytest.mark.parametrize("name", CASES)
def test_every_weight_and_every_pixel_that_is_read_is_seen(name: str) -> None:
    """Negative control: one offset, one value, one list's end, one pixel: each changes the result."""
    layer, x = layer_of(name), images_of(name, LANES)
    tiled, expected = layer.tables().tiled(layer.value), by_tiles(layer, x)
    assert tiled is not None
    for change in ("offset", "value", "first"):
        array = getattr(tiled, change)
        before, middle = array.copy(), len(array) // 2
        array[middle] += 1
        assert not torch.equal(by_tiles(layer, x), expected), change
        array[:] = before
    assert torch.equal(by_tiles(layer, x), expected)
    x[3, 4, 2, 2] += 1.0
    assert not torch.equal(by_tiles(layer, x), expected) or name == "stride beyond the taps"


def test_a_layer_takes_them_where_images_and_positions_fill_them() -> None:
    assert TileSums.serves(LANES, (2, 4))
    assert not any(TileSums.serves(*asked) for asked in ((LANES // 2 - 1, (8, 8)), (LANES, (1, 8)), (LANES, (8, 3))))
    layer, x = layer_of("three by three"), images_of("three by three", LANES)
    for count in (1, LANES):
        layer(x[:count])
        assert (layer.tables()._tiled is not None) == (count == LANES)
    assert torch.equal(layer(x), torch.cat([layer(image) for image in x.split(1)]))


def test_other_values_are_sorted_anew() -> None:
    layer, x = layer_of("stride"), images_of("stride", LANES)
    once = layer.tables().tiled(layer.value)
    assert layer.tables().tiled(layer.value) is once
    before = layer(x)
    layer.value.mul_(2.0)
    assert torch.equal(layer(x), by_planes(layer, x))
    assert not torch.equal(layer(x), before)
    layer.double()
    assert torch.equal(layer(x.double()), by_planes(layer, x.double()))


def test_a_layer_without_weights_gives_its_bias() -> None:
    layer = layer_of("three by three", kept=0.0)
    assert torch.equal(
        by_tiles(layer, images_of("three by three", 5)), layer.bias.view(1, -1, 1, 1).expand(5, 23, 9, 11)
    )


def test_chunks_hold_whole_channels_and_lists_come_by_length() -> None:
    """So sums keep the order of a row's weights, and a processor foresees where a list ends."""
    tiled = layer_of("stride").tables().tiled(layer_of("stride").value)
    assert tiled is not None
    channel = tiled.where[:, 0]
    inner = tiled.chunks[1:-1]
    assert (channel[inner] != channel[inner - 1]).all()
    assert tiled.chunks[0] == 0
    assert tiled.chunks[-1] == len(channel)
    for c in range(len(tiled.chunks) - 1):
        lengths = np.diff(tiled.first[tiled.start[c] : tiled.start[c + 1] + 1])
        assert (np.diff(lengths) >= 0).all()
        assert (lengths > 0).all()
