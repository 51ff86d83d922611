"""Sparse layers against torch's dense ones: values, gradients, edge cases, copies, and what must be refused."""

import copy
import io
import math
import pickle
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.runtime import shift_maps
from sltk.runtime.sparse import SparseConv2d, SparseLayer, SparseLinear
from sltk.runtime.sparse_products import unfolded_product
from sltk.runtime.tile_sums import TileSums

DTYPES = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Case:
    """A convolution, its input, and which weights it keeps."""

    batch: int
    image: tuple[int, int]
    shape: tuple[int, int, int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    kept: float
    dtype: torch.dtype
    seed: int

    @property
    def options(self) -> dict[str, tuple[int, int]]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}

    def layer(self) -> SparseConv2d:
        generator = torch.Generator().manual_seed(self.seed)
        size = math.prod(self.shape)
        index = torch.randperm(size, generator=generator)[: round(self.kept * size)]
        value = torch.randn(len(index), generator=generator, dtype=torch.float64).to(self.dtype)
        bias = torch.randn(self.shape[0], generator=generator, dtype=torch.float64).to(self.dtype)
        return SparseConv2d(self.shape[1], self.shape[0], self.shape[2:], index, value, bias, **self.options)

    def input(self) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed + 1)
        shape = (self.batch, self.shape[1], *self.image)
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(self.dtype).requires_grad_()

    def fits(self) -> bool:
        axes = zip(self.image, self.padding, self.dilation, self.shape[2:], strict=True)
        return all(size + 2 * p >= d * (k - 1) + 1 for size, p, d, k in axes)


def pairs(least: int, most: int) -> st.SearchStrategy:
    return st.tuples(st.integers(least, most), st.integers(least, most))


CASES = st.builds(
    Case,
    batch=st.sampled_from([0, 1, 2, 5, 17]),
    image=pairs(1, 9),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4)),
    stride=pairs(1, 3),
    padding=pairs(0, 3),
    dilation=pairs(1, 3),
    kept=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31),
)
BASE = Case(5, (7, 6), (4, 3, 3, 2), (1, 1), (1, 1), (1, 1), 0.4, torch.float64, 11)


def assert_equals_dense(result: Tensor, x: Tensor, weight: Tensor, bias: Tensor, case: Case) -> None:
    """Value and gradient within the rounding of two sums of ``m`` terms: ``2 (m + 2) u`` times the magnitudes' sum."""
    dense = F.conv2d(x, weight, bias, **case.options)
    unit = (math.prod(case.shape) + 2) * torch.finfo(case.dtype).eps
    allowed = unit * F.conv2d(x.detach().abs(), weight.abs(), bias.abs(), **case.options)
    assert result.shape == dense.shape
    assert result.dtype == dense.dtype
    assert ((result - dense).detach().abs() <= allowed).all()
    grad = torch.randn(dense.shape, generator=torch.Generator().manual_seed(case.seed + 2), dtype=torch.float64)
    grad = grad.to(case.dtype)
    (found,) = torch.autograd.grad(result, x, grad)
    (expected,) = torch.autograd.grad(dense, x, grad)
    magnitude = F.conv2d(x, weight.abs(), None, **case.options)
    (allowed,) = torch.autograd.grad(magnitude, x, grad.abs())
    assert ((found - expected).abs() <= unit * allowed).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(CASES)
def test_equals_dense_convolution(case: Case) -> None:
    assume(case.fits())
    layer, x = case.layer(), case.input()
    assert_equals_dense(layer(x), x, layer.weight, layer.bias, case)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(CASES)
def test_torch_product_equals_dense_convolution(case: Case) -> None:
    assume(case.fits())
    layer, x = case.layer(), case.input()
    result = unfolded_product(x, layer.index, layer.value, layer.bias, layer.geometry)
    assert_equals_dense(result, x, layer.weight, layer.bias, case)


@pytest.mark.parametrize("change", ["value", "tap", "bias"])
def test_the_comparison_catches_a_wrong_layer(change: str) -> None:
    layer, x = BASE.layer(), BASE.input()
    weight, bias = layer.weight, layer.bias.clone()
    if change == "value":
        weight = weight * (1 + 1e-9)
    elif change == "tap":
        weight = weight.roll(1, dims=3)
    else:
        bias[0] += 1e-9
    with pytest.raises(AssertionError):
        assert_equals_dense(layer(x), x, weight, bias, BASE)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4,), (0, 4), (1, 4), (3, 2, 4), (70, 4)])
def test_equals_dense_linear(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(5)
    index, value = torch.tensor([11, 0, 3, 8]), torch.randn(4, generator=generator, dtype=dtype)
    layer = SparseLinear(4, 3, index, value, torch.randn(3, generator=generator, dtype=dtype))
    dense = torch.zeros(12, dtype=dtype)
    dense[index] = value
    assert torch.equal(layer.weight, dense.view(3, 4))
    x = torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()
    y, expected = layer(x), F.linear(x, layer.weight, layer.bias)
    torch.testing.assert_close(y, expected, rtol=1e-5 if dtype == torch.float32 else 1e-13, atol=1e-6)
    found, wanted = (torch.autograd.grad(out.sum(), x)[0] for out in (y, expected))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("options", [{"padding": 1}, {"stride": (2, 3), "padding": 2, "dilation": (1, 2)}])
def test_gradcheck_twice(options: dict) -> None:
    base = BASE.layer()
    layer = SparseConv2d(3, 4, (3, 2), base.index, base.value, base.bias, **options)
    x = BASE.input().detach()[:2, :, :4, :3].requires_grad_()
    assert torch.autograd.gradcheck(layer, (x,))
    assert torch.autograd.gradgradcheck(layer, (x,))


@pytest.mark.parametrize("buffer", [1, 20_000])
def test_passes_tiles_and_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch, buffer: int) -> None:
    case = Case(37, (11, 9), (6, 5, 3, 3), (1, 1), (1, 1), (1, 1), 0.3, torch.float64, 3)
    layer, x = case.layer(), case.input()
    alone = layer(x)
    before = torch.get_num_threads()
    monkeypatch.setattr(TileSums, "serves", lambda images, positions: False)
    monkeypatch.setattr(shift_maps, "_BUFFER_BYTES", buffer)
    monkeypatch.setattr(shift_maps, "_SERIAL", 0)
    monkeypatch.setattr(shift_maps, "_TILE", 48)
    try:
        torch.set_num_threads(3)
        assert_equals_dense(layer(x), x, layer.weight, layer.bias, case)
        torch.set_num_threads(1)
        one = layer(x)
        torch.set_num_threads(2)
        assert torch.equal(one, layer(x))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(one, alone, rtol=1e-13, atol=1e-13)


def test_layouts_of_the_input_do_not_matter() -> None:
    layer, x = BASE.layer(), BASE.input().detach()
    expected = layer(x)
    assert torch.equal(layer(x.to(memory_format=torch.channels_last)), expected)
    assert torch.equal(layer(x.flip(0).flip(0)), expected)
    assert torch.equal(layer(x.repeat_interleave(2, 0)[::2]), expected)


@pytest.mark.parametrize("stride", [1, 2])
def test_images_lie_innermost_and_a_pass_of_some_of_them_answers_the_same(stride: int) -> None:
    layer = Case(1, (1, 1), (5, 3, 3, 3), (stride, stride), (1, 1), (1, 1), 0.5, torch.float32, 3).layer()
    x = torch.randn(shift_maps._LANES * 2 + 3, 3, 40, 40)  # three passes, the last of fewer images
    y = layer(x)
    assert y.permute(1, 2, 3, 0).is_contiguous()
    assert torch.equal(y, torch.cat([layer(image) for image in x.split(1)]))
    innermost = x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    assert torch.equal(layer(innermost), y)


def test_results_do_not_alias_and_the_input_is_left_alone() -> None:
    layer, x = BASE.layer(), BASE.input().detach()
    before, first = x.clone(), layer(x)
    kept = first.clone()
    layer(x * 2)
    assert torch.equal(x, before)
    assert torch.equal(first, kept)


def test_index_order_does_not_matter_and_arguments_are_copied() -> None:
    index, value, bias = torch.tensor([5, 1, 3]), torch.tensor([5.0, 1.0, 3.0]), torch.zeros(2)
    layer = SparseLinear(3, 2, index, value, bias)
    value.zero_()
    assert layer.weight.tolist() == [[0, 1, 0], [3, 0, 5]]
    assert (layer.kept, layer.density) == (3, 0.5)


def used(seed: int) -> tuple[nn.Module, Tensor]:
    """A layer whose tables have been built, and an input."""
    case = Case(2, (5, 5), (4, 3, 3, 3), (1, 1), (1, 1), (1, 1), 0.3, torch.float32, seed)
    layer, x = case.layer(), case.input().detach()
    layer(x)
    return layer, x


def test_copies_and_files() -> None:
    layer, x = used(1)
    file, state = io.BytesIO(), io.BytesIO()
    torch.save(layer, file)
    torch.save(layer.state_dict(), state)
    file.seek(0)
    state.seek(0)
    loaded, assigned = used(2)[0], used(3)[0]
    assert not torch.equal(loaded(x), layer(x))
    read = torch.load(state, weights_only=True)
    loaded.load_state_dict(read, strict=True)
    assigned.load_state_dict(read, strict=True, assign=True)
    twins = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)]
    for twin in (*twins, loaded, assigned):
        assert torch.equal(twin(x), layer(x))
    assert len(pickle.dumps(layer)) == len(pickle.dumps(twins[0])), "tables were stored"


def test_double_and_changes_of_the_buffers_take_effect() -> None:
    layer, x = used(1)
    single = layer(x)
    assert isinstance(layer, SparseConv2d)
    double = copy.deepcopy(layer).double()(x.double())
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single, rtol=1e-5, atol=1e-5)
    layer.value.mul_(2)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, layer.bias, padding=1), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(layer(x), single)


def test_works_under_inference_mode() -> None:
    expected = BASE.layer()(BASE.input())
    with torch.inference_mode():
        layer = BASE.layer()
        assert torch.equal(layer(BASE.input().detach()), expected)
        assert torch.equal(layer(BASE.input().detach()), expected)


def test_an_index_that_was_loaded_out_of_range_is_refused() -> None:
    layer, x = used(1)
    assert isinstance(layer, SparseConv2d)
    state = layer.state_dict()
    state["index"] = state["index"] + 10**9
    layer.load_state_dict(state)
    with pytest.raises(SltkError, match="index must lie in"):
        layer(x)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"index": torch.tensor([0, 6])}, r"index.*\[0, 6\)"),
        ({"index": torch.tensor([-1, 0])}, "index.*-1"),
        ({"index": torch.tensor([2, 2])}, "index.*once"),
        ({"index": torch.tensor([0.0, 1.0])}, "index.*int64"),
        ({"index": torch.tensor([[0, 1]])}, "index.*1-D"),
        ({"value": torch.ones(3)}, "value"),
        ({"value": torch.ones(2, dtype=torch.int64)}, "value.*int64"),
        ({"bias": torch.ones(3)}, "bias"),
        ({"bias": torch.ones(2, dtype=torch.float64)}, "bias.*float64"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Tensor], named: str) -> None:
    arguments = {"index": torch.tensor([0, 5]), "value": torch.ones(2), "bias": torch.zeros(2)} | change
    with pytest.raises(SltkError, match=named):
        SparseLinear(3, 2, **arguments)


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (torch.ones(1, 3, 7, 7, dtype=torch.float64), "float64"),
        (torch.ones(1, 3, 7, 7, device="meta"), "meta"),
        (torch.ones(1, 4, 7, 7), "batch, 3"),
        (torch.ones(3, 7, 7), "batch, 3"),
        (torch.ones(1, 3, 0, 0), "smaller than the kernel"),
    ],
)
def test_bad_inputs_are_named(x: Tensor, named: str) -> None:
    layer: SparseLayer = SparseConv2d(3, 2, 3, torch.tensor([4]), torch.ones(1), torch.zeros(2), padding=1)
    assert layer(torch.ones(1, 3, 7, 7)).shape == (1, 2, 7, 7)
    with pytest.raises(SltkError, match=named):
        layer(x)


def test_half_precision_and_trained_values_are_refused() -> None:
    layer = SparseLinear(3, 2, torch.tensor([4]), torch.ones(1), torch.zeros(2))
    with pytest.raises(SltkError, match="float32 or float64"):
        copy.deepcopy(layer).half()(torch.ones(1, 3).half())
    with pytest.raises(SltkError, match="3 features"):
        layer(torch.ones(2, 4))
    layer.value.requires_grad_()
    with pytest.raises(SltkError, match="frozen"):
        layer(torch.ones(1, 3))
