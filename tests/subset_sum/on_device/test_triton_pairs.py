"""The Triton kernel, interpreted where there is no GPU: the same subsets, and nothing where several are as near."""

import importlib.util
import os

import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.numerics.tensors import tensor_of
from sltk.subset_sum import solve
from sltk.subset_sum.on_device.batch import Batch

os.environ.setdefault("TRITON_INTERPRET", "0" if torch.cuda.is_available() else "1")
TRITON = importlib.util.find_spec("triton") is not None
NEEDED = pytest.mark.skipif(not TRITON, reason="needs triton: sltk[gpu]")
PLACE = "cuda" if torch.cuda.is_available() else "cpu"


def problems(n: int, whole: bool, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([3, n])
    if whole:
        return rng.integers(-6, 7, (count, n)).astype(float), rng.integers(-20, 21, count).astype(float)
    return rng.uniform(-1, 1, (count, n)), rng.uniform(-1, 1, count)


@NEEDED
@pytest.mark.parametrize("n", [1, 2, 3, 6, 9, 12])
def test_the_kernel_takes_the_subset_of_the_compiled_one_or_none(n: int) -> None:
    from sltk.subset_sum.on_device import triton_pairs

    for whole in (False, True):
        pool, target = problems(n, whole)
        given, z = tensor_of(pool).to(PLACE), tensor_of(target).to(PLACE)
        mask, one = (v.cpu().numpy() for v in triton_pairs.nearest(Batch("error", given, z, z, z)))
        wanted = solve(pool, target).mask
        assert (mask[one] == wanted[one]).all()
        assert one.all() or whole
        assert (solve(pool, target, device=f"triton:{PLACE}").mask == wanted).all()  # ties too, by torch operations
    assert n < 9 or not one.all()  # there were ties to be told


@NEEDED
def test_ties_that_are_not_told_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the first pair that the kernel comes to is not the one that the walks come to."""
    from sltk.subset_sum.on_device import triton_pairs

    nearest = triton_pairs.nearest
    pool, target = problems(9, whole=True)
    untold = solve(pool, target).mask
    monkeypatch.setattr(
        triton_pairs, "nearest", lambda batch: (nearest(batch)[0], torch.ones(batch.count, dtype=torch.bool))
    )
    assert (solve(pool, target, device=f"triton:{PLACE}").mask != untold).any()


@pytest.mark.skipif(TRITON, reason="triton is here")
def test_without_triton_one_line_says_what_to_do() -> None:
    with pytest.raises(SltkError, match=r"need the package triton .* install sltk\[gpu\]"):
        solve([0.5], 0.5, device="triton:cpu")
