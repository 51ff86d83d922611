"""Torch operations take the very subsets that the compiled kernels take, of several best ones the same."""

import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.subset_sum import solve
from sltk.subset_sum.backends.meet_in_the_middle import MeetInTheMiddle
from sltk.subset_sum.backends.torch_operations import TorchOperations
from sltk.subset_sum.on_device import affordable, fewest, least_error, search, sums, windows
from sltk.subset_sum.on_device.batch import batch_of
from sltk.subset_sum.problem import read

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GPU)])
ASKED = {
    "error": {"objective": "error"},
    "cardinality": {"objective": "cardinality", "eps": 0.3},
    "mass": {"objective": "mass", "eps": 0.3},
    "weighted": {"objective": "weighted", "eps": 0.3, "alpha": 2.0},
    "free": {"objective": "weighted", "alpha": 1.0},
}
SIZES = (1, 2, 3, 6, 11, 14, 17)
COUNT = 40


def pools(kind: str, n: int, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Pools and targets: integers and a coarse grid, where most subsets share their sum with others; zeros; reals."""
    rng = np.random.default_rng([5, n, len(kind)])
    if kind == "integers":
        return rng.integers(-4, 5, (count, n)).astype(float), rng.integers(-20, 21, count).astype(float)
    if kind == "alike":
        return np.repeat(rng.uniform(-1, 1, (count, 1)), n, axis=1), rng.uniform(-2, 2, count)
    if kind == "grid":
        return (2.0 * rng.integers(0, 16, (count, n)) - 15.0) / 16.0, rng.uniform(-2, 2, count)
    return rng.uniform(-1, 1, (count, n)), rng.uniform(-2, 2, count)


def costs(asked: str, pool: np.ndarray) -> np.ndarray | None:
    """Costs that tie, none at all, or ``|x|``."""
    if asked == "free":
        return np.zeros_like(pool)
    return np.round(2.0 * np.abs(pool)) if asked == "weighted" else None


def differing(asked: str, kind: str, n: int, backend: TorchOperations, shared: bool) -> int:
    """In how many problems the backend takes another subset than the default."""
    pool, target = pools(kind, n)
    pool = pool[0] if shared else pool
    arguments = {"pool": pool, "target": target, "costs": costs(asked, pool), **ASKED[asked]}
    one, other = solve(**arguments), solve(**arguments, backend=backend)
    assert (one.value[(one.mask == other.mask).all(1)] == other.value[(one.mask == other.mask).all(1)]).all()
    return int((one.mask != other.mask).any(axis=1).sum())


@DEVICES
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("kind", ["integers", "alike", "grid", "reals"])
def test_masks_are_those_of_the_compiled_kernels(asked: str, kind: str, device: str) -> None:
    for n in SIZES:
        for shared in (False, True):
            assert differing(asked, kind, n, TorchOperations(device, memory=2.0**22), shared) == 0, (n, shared)


def test_a_walk_over_one_shared_pool_too_large_for_a_table() -> None:
    pool, target = pools("grid", 24, 4)
    wanted = solve(pool[0], target)
    assert (solve(pool[0], target, backend="torch").mask == wanted.mask).all()


def test_what_is_left_to_the_kernels_is_little_and_named() -> None:
    """Weighted as a construction weighs: nearly all answers are the device's own; where all tie, none is."""
    rng = np.random.default_rng(6)
    pool = rng.uniform(-2, 2, (400, 26)) * 2.0 ** (np.arange(26) % 7 - 3)
    asked = {"eps": 0.008, "objective": "weighted", "alpha": 1.0, "limits": MeetInTheMiddle.limits}
    problem = read(pool, rng.normal(0, 0.3, 400), costs=0.003 * np.abs(pool), **asked)
    assert answers(problem).open.float().mean() < 0.02
    tied = read(np.ones((10, 26)), np.ones(10), costs=np.ones((10, 26)), **asked)
    assert answers(tied).open.all()


def answers(problem) -> affordable.Answers:
    return search.answered(batch_of(problem, torch.device("cpu")), 2.0**26, 14)


def last(flags: torch.Tensor) -> torch.Tensor:
    """The last true one, where the first is meant."""
    return flags.shape[-1] - 1 - sums.first(flags.flip(-1))


@pytest.mark.parametrize(
    ("module", "name", "broken", "asked", "n"),
    [
        (least_error, "first", last, "error", 11),
        (least_error, "BLOCK", 4, "error", 14),
        (fewest, "first", last, "cardinality", 11),
        (windows, "first", last, "mass", 11),
        (affordable, "alone", lambda near: near.any(1), "mass", 17),
    ],
)
def test_another_rule_for_ties_is_noticed(module, name, broken, asked, n, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative controls: the last of equal ones, other blocks, and answers where several subsets could be meant."""
    assert differing(asked, "integers", n, TorchOperations(), shared=False) == 0
    monkeypatch.setattr(module, name, broken)
    assert differing(asked, "integers", n, TorchOperations(), shared=False) > 0


def test_float32_sums_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: what a device proposes in float32 is not what float64 takes."""
    exact = least_error.sums_by_code
    monkeypatch.setattr(least_error, "sums_by_code", lambda x: exact(x.float()).double())
    assert differing("error", "reals", 22, TorchOperations(), shared=False) > 0


def test_a_device_is_a_way_to_choose_a_backend() -> None:
    pool, target = pools("grid", 11)
    assert (solve(pool, target, device="torch:cpu").mask == solve(pool, target).mask).all()
    assert (solve(pool, target, device="cpu", backend="enumeration").error == solve(pool, target).error).all()
    with pytest.raises(SltkError, match="goes with backend='auto'"):
        solve(pool, target, device="torch:cpu", backend="torch")
    with pytest.raises(SltkError, match="device='tpu' is none"):
        solve(pool, target, device="tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(SltkError, match=r"device='cuda' is none that torch .* can compute on here") as caught:
        solve([0.5], 0.5, device="cuda")
    assert "\n" not in str(caught.value)
