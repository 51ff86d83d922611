"""The bench of devices at toy size: it measures what the device answers, and only where the answers are right."""

import pytest
import torch

from experiments.bench import devices
from sltk.core.threads import limit
from sltk.subset_sum.backends.torch_operations import TorchOperations


@pytest.mark.parametrize("kind", devices.KINDS)
def test_pools_drawn_there_are_those_at_home(kind: str) -> None:
    pools = devices.Pools(kind, 14)
    there, home = pools.on(torch.device("cpu"), 0, 5), pools.at_home(5)
    assert there.pool.tolist() == home["pool"].tolist()
    assert there.target.tolist() == home["target"].tolist()
    assert kind == devices.KINDS[0] or there.costs.tolist() == home["costs"].tolist()
    later = pools.on(torch.device("cpu"), 3, 5)
    assert torch.equal(later.pool, there.pool[3:])


def test_every_kind_has_a_row_beside_the_kernels_and_a_limit_with_its_arithmetic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(devices, "SIZES", {("minimum error", 9): (1, 50), ("weighted, scaled", 14): (1, 50)})
    monkeypatch.setattr(devices, "ROUNDS", 1)
    with limit(1):
        rows = devices.rows("cpu", triton=False)
    assert [(row["program"], row["n"]) for row in rows] == [
        ("torch, cpu", 9), ("compiled, one core", 9), ("torch, cpu", 14), ("compiled, one core", 14)
    ]  # fmt: skip
    assert all(row["limit"] > 0 and "GB/s over 2 x" in row["arithmetic"] for row in rows[::2])
    devices.show(rows)
    assert "weighted, scaled" in capsys.readouterr().out


def test_wrong_answers_are_not_measured() -> None:
    """Negative control: masks with one sample more."""
    pools = devices.Pools("minimum error", 9)
    mask, done = devices.searched(pools, TorchOperations(), 20)
    devices.check(pools, mask, done)
    with pytest.raises(AssertionError, match="takes another subset"):
        devices.check(pools, mask ^ 1, done)
