"""Steps written over what they read, and memory that is used again: never what somebody still has."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sltk.core.threads import limit
from sltk.runtime.in_place import add, empty, overwrite, recycled


def innermost(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """``(batch, c, h, w)``, images innermost in memory, large enough to be written over."""
    batch, *rest = shape
    drawn = torch.randn(*rest, batch, generator=torch.Generator().manual_seed(1), dtype=dtype)
    return drawn.permute(3, 0, 1, 2)


@pytest.mark.parametrize("function", [torch.relu, torch.sigmoid, torch.tanh])
def test_the_numbers_are_those_of_the_function(function) -> None:
    y = innermost(16, 20, 31, 29)
    expected = function(y)
    for threads in (1, 2):
        written = y.permute(1, 2, 3, 0).clone().permute(3, 0, 1, 2)
        with limit(threads):
            assert overwrite(function, written)
        assert torch.equal(written, expected)


def test_inference_mode_holds_in_the_threads_that_write() -> None:
    torch.set_num_threads(2)
    with torch.inference_mode(), limit(2):
        y = innermost(16, 20, 31, 29)
        expected = torch.relu(y)
        assert overwrite(torch.relu, y)
        assert torch.equal(y, expected)


def test_what_is_small_or_has_gaps_is_left_alone() -> None:
    whole = innermost(16, 20, 31, 29)
    for y in (innermost(2, 3, 4, 5), whole[:9], whole.contiguous(), whole.flatten(1)):
        before = y.clone()
        assert not overwrite(torch.relu, y)
        assert torch.equal(y, before)


def test_channels_are_added_where_they_belong() -> None:
    y, other = innermost(16, 20, 31, 29), innermost(16, 12, 31, 29)
    into, origin = torch.tensor([3, 19, 0, 7]), torch.tensor([0, 5, 11, 5])
    expected = y.index_add(1, into, other.index_select(1, origin))
    assert not torch.equal(y, expected)
    assert add(y, into, other, origin)
    assert torch.equal(y, expected)
    assert not add(y, into, other.contiguous(), origin)
    assert not add(y, into, other.double(), origin)


def test_memory_comes_back_only_when_nobody_has_it() -> None:
    """Also not a view of it, nor an array of numpy's; and none is kept behind the block."""
    with recycled():
        first = empty(2**19, dtype=torch.float32)
        view, array = first[5:9], first.numpy()
        place = first.data_ptr()
        del first
        others = [empty(2**19, dtype=torch.float32)]
        del view
        others.append(empty(2**19, dtype=torch.float32))
        assert all(other.data_ptr() != place for other in others)
        del array
        again = empty(2**9, 2**10, dtype=torch.float32)
        assert again.data_ptr() == place
        assert empty(2**19, dtype=torch.float64).data_ptr() != place
        again.fill_(7.0)
    kept = empty(2**19, dtype=torch.float32)
    kept.zero_()
    assert bool((again == 7.0).all())
    assert np.asarray(empty(3, dtype=torch.float64)).dtype == np.float64
