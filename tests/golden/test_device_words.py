"""Words drawn by torch's integers are those of ``sltk.core.philox``, which holds against Random123's answers."""

import numpy as np
import pytest
import torch

from sltk.core import device_words, philox
from sltk.core.rng import key
from sltk.data.augment import CropFlip
from sltk.train.loop.samples import batch_rows

CPU = torch.device("cpu")
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("word", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("first", [0, 2**32 - 3, 2**40])
def test_lanes_are_the_words_of_their_blocks(first: int, word: int, device: str) -> None:
    seeds, names = (0, 5, 2**64 - 1), ("a", 3)
    keys = device_words.stream_keys(seeds, names, torch.device(device))
    blocks = torch.arange(first, first + 7, device=device)
    found = torch.stack(device_words.lanes(keys, blocks, word), -1).cpu().numpy()
    assert any(key(seed, *names) >= 2**63 for seed in seeds)  # keys that are negative as signed numbers too
    for row, seed in zip(found, seeds, strict=True):
        flat = np.arange(4 * first, 4 * first + 28, dtype=np.int64)
        assert row.flatten().tolist() == philox.words(key(seed, *names), flat, word).tolist()


def test_nine_rounds_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, blocks = device_words.stream_keys((0,), ("a",), CPU), torch.arange(3)
    right = device_words.lanes(keys, blocks, 0)
    monkeypatch.setattr(device_words, "ROUNDS", 9)
    assert not torch.equal(device_words.lanes(keys, blocks, 0)[0], right[0])


@pytest.mark.parametrize("total", [1, 2, 7, 240])
def test_an_order_sorts_rows_by_their_words(total: int) -> None:
    words = philox.words_range(key(3, "order"), 0, 2 * total, 4).astype(np.int64).reshape(-1, 2)
    wanted = np.argsort((words[:, 0] << 31) | (words[:, 1] >> 1), kind="stable")
    assert device_words.orders((3,), ("order",), 4, total, CPU)[0].tolist() == wanted.tolist()


def test_below_reaches_both_ends_and_nothing_past_them() -> None:
    ends = torch.tensor([0, 2**32 - 1, 2**31])
    assert device_words.below(ends, 9).tolist() == [0, 8, 4]


@pytest.mark.parametrize("device", DEVICES)
def test_orders_and_crops_as_they_were_first_drawn(device: str) -> None:
    """Golden, from this program when orders and crops became those of the counter: every device, every version."""
    assert batch_rows((0, 1), 1, 6, 12, device).tolist() == ORDER
    x = torch.arange(16.0, device=device).view(1, 1, 1, 4, 4).expand(1, 3, 1, 4, 4)
    assert CropFlip(1)(x, (7,), 2)[0, :, 0, 0].tolist() == CROPS


ORDER = [[2, 7, 8, 11, 9, 6], [6, 10, 9, 7, 1, 0]]
CROPS = [[5.0, 6.0, 7.0, 0.0], [0.0, 3.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
