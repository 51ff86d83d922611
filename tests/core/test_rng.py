"""Named streams depend on their seed and names alone, and no two of them coincide."""

import hashlib

import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.rng import key, stream, torch_stream

NAMES = [
    (),
    ("",),
    ("a",),
    ("a", "b"),
    ("b", "a"),
    ("ab",),
    ("a", ""),
    ("", "a"),
    ("1",),
    (1,),
    (-1,),
    (1, 2),
    (12,),
    ("a", 1),
    ("a1",),
    ("ä",),
]


def test_key_is_the_documented_hash():
    parts = b"sltk named stream 1" + (7).to_bytes(8, "little")
    parts += b"s" + (3).to_bytes(8, "little") + b"abc" + b"i" + (2).to_bytes(8, "little") + b"-5"
    assert key(7, "abc", -5) == int.from_bytes(hashlib.sha256(parts).digest()[:8], "little")


def test_keys_of_different_names_and_seeds_differ():
    keys = {key(seed, *names) for seed in (0, 1, 2**32, 2**64 - 1) for names in NAMES}
    assert len(keys) == 4 * len(NAMES)


def test_equal_integers_of_other_types_name_one_stream():
    assert key(np.int64(3), np.uint8(4)) == key(3, 4)


@pytest.mark.parametrize("names", NAMES)
def test_a_stream_repeats(names):
    assert np.array_equal(stream(3, *names).random(5), stream(3, *names).random(5))
    first, second = (torch.randn(5, generator=torch_stream(3, *names)) for _ in range(2))
    assert torch.equal(first, second)


def test_a_stream_does_not_depend_on_others_or_on_global_state():
    before = stream(1, "a").random(4), torch.rand(4, generator=torch_stream(1, "a"))
    state = torch.get_rng_state()
    stream(1, "b").random(100)
    torch.rand(100, generator=torch_stream(1, "b"))
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(stream(1, "a").random(4), before[0])
    assert torch.equal(torch.rand(4, generator=torch_stream(1, "a")), before[1])


def test_torch_streams_do_not_collapse_to_32_bits():
    # The control: torch's own seeding gives these two seeds one stream, so torch_stream must not rest on it.
    collapsed = [torch.rand(8, generator=torch.Generator().manual_seed(s)) for s in (5, 5 + 2**32)]
    assert torch.equal(*collapsed)
    words = torch_stream(1, "a").get_state().view(torch.int64)[3:627]
    expected = stream(1, "a").integers(0, 2**32, size=624, dtype=np.uint32)
    assert np.array_equal(words.numpy(), expected.astype(np.int64))


def test_torch_stream_is_the_twister_of_its_words():
    words = stream(1, "a").integers(0, 2**32, size=624, dtype=np.uint32)
    twister = np.random.MT19937()
    twister.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": 624}}
    expected = [int(word) & 0xFFFFFF for word in twister.random_raw(1000)]  # torch keeps 24 bits a float32
    drawn = torch.rand(1000, generator=torch_stream(1, "a"))
    assert (drawn.double() * 2**24).long().tolist() == expected


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", None, True, np.bool_(False), np.nan])
def test_bad_seeds_are_refused(seed):
    for make in (key, stream, torch_stream):
        with pytest.raises(SltkError, match="seed must"):
            make(seed, "a")


@pytest.mark.parametrize("name", [1.5, None, True, ("a",), b"a"])
def test_bad_names_are_refused(name):
    with pytest.raises(SltkError, match="names of a stream"):
        key(1, "a", name)
