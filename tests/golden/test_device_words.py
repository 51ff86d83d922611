"""Words drawn by torch's integers are those of ``sltk.core.philox``, which holds against Random123's answers."""

import numpy as np
import pytest
import torch

from sltk.core import device_words, philox
from sltk.core.errors import SltkError
from sltk.core.rng import key
from sltk.data.augment import CropFlip
from sltk.subset_sum.laws import Law, LogUniform, Masked, Normal, Product, Uniform
from sltk.train.loop.samples import batch_rows
from tests.subset_sum.law_contract import LAWS

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


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("law", [law for law in LAWS if law.arithmetic], ids=lambda law: law.spec())
def test_weights_drawn_on_a_device_are_those_of_the_cpu(law: Law, device: str) -> None:
    """Bit for bit, in any order, from the first index to the last that there can be."""
    rng = np.random.default_rng(4)
    flat = np.concatenate([np.arange(9), rng.integers(0, 2**63 - 1, 400), [2**63 - 1, 2**34 - 1, 2**34]])
    for seed in (0, 5, 2**64 - 1):
        own, there = key(seed, "weight"), torch.from_numpy(flat).to(device)
        words = torch.stack([device_words.words_at(own, there, word) for word in range(law.words)])
        wanted = np.stack([philox.words(own, flat, word) for word in range(law.words)])
        assert words.cpu().tolist() == wanted.tolist()
        found = law.transform_tensor(words).cpu().numpy()
        assert found.tobytes() == law.transform(wanted).tobytes()  # signs of zeros too


def test_extreme_words_become_the_same_weights() -> None:
    edge = np.array([0, 1, 255, 256, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], dtype=np.uint32)
    words = np.stack(np.meshgrid(edge, edge)).reshape(2, -1)
    law = Product(Uniform(1.1), Uniform(0.7))
    assert law.transform_tensor(torch.from_numpy(words.astype(np.int64))).numpy().tobytes() == (
        law.transform(words).tobytes()
    )


def test_a_device_that_multiplies_in_float32_would_be_noticed() -> None:
    """Negative control: some draws are then rounded otherwise."""
    word = np.random.default_rng(5).integers(0, 2**32, (1, 400), dtype=np.uint32)
    coarse = (2 * (word[0] >> 8).astype(np.int64) + (1 - 2**24)).astype(np.float32) * np.float32(1.1 * 2.0**-24)
    found = Uniform(1.1).transform_tensor(torch.from_numpy(word.astype(np.int64)))
    assert found.numpy().tobytes() == Uniform(1.1).transform(word).tobytes()
    assert found.numpy().tobytes() != coarse.astype(np.float64).tobytes()


def test_laws_that_take_more_than_arithmetic_say_so() -> None:
    for law in (Normal(), LogUniform(0.1), Masked(Normal(), 0.5), Product(Uniform(), Normal())):
        assert not law.arithmetic
        with pytest.raises(SltkError, match="drawn on the CPU"):
            law.transform_tensor(torch.zeros((law.words, 3), dtype=torch.int64))


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
