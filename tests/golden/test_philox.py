"""Philox4x32-10 against the known answers of Random123 (file kat_vectors of its distribution)."""

import numpy as np
import pytest

from sltk.core import philox
from sltk.core.errors import SltkError

KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
KEY = 0x299F31D0_A4093822


def by_reference(key: int, flat: int, word: int) -> int:
    """One word by the plain reference and the documented layout."""
    block = flat >> 2
    return philox.philox4x32((block % 2**32, block >> 32, word, 0), (key % 2**32, key >> 32))[flat & 3]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_reference_gives_the_known_answers(counter, key, answer):
    assert philox.philox4x32(counter, key) == answer


def test_nine_rounds_would_be_noticed(monkeypatch):
    monkeypatch.setattr(philox, "ROUNDS", 9)
    assert all(philox.philox4x32(counter, key) != answer for counter, key, answer in KNOWN)


def test_kernels_give_the_first_known_answer():
    assert philox.words(0, np.arange(4)).tolist() == list(KNOWN[0][2])
    assert philox.words_range(0, 0, 4).tolist() == list(KNOWN[0][2])


@pytest.mark.parametrize("word", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("base", [0, 2**32 - 5, 2**34 - 5, 2**34 + 1, 2**40 + 3, 2**63 - 40])
def test_kernels_agree_with_the_reference(base, word):
    indices = base + np.arange(0, 39, dtype=np.int64)
    expected = [by_reference(KEY, int(f), word) for f in indices]
    assert philox.words(KEY, indices, word).tolist() == expected
    assert philox.words(KEY, indices.view(np.uint64)[::-1], word).tolist() == expected[::-1]
    assert philox.words_range(KEY, base, base + 39, word).tolist() == expected


def test_high_half_of_the_index_counts():
    low = np.arange(8, dtype=np.int64)
    assert not np.any(philox.words(KEY, low) == philox.words(KEY, low + 2**34))


@pytest.mark.parametrize("start", range(5))
@pytest.mark.parametrize("length", range(6))
def test_every_alignment_of_a_range(start, length):
    expected = philox.words(KEY, np.arange(start, start + length), 7)
    assert np.array_equal(philox.words_range(KEY, start, start + length, 7), expected)


def test_shapes_and_empty_inputs():
    flat = np.arange(24).reshape(2, 3, 4)[:, ::2]
    assert philox.words(KEY, flat).shape == (2, 2, 4)
    assert np.array_equal(philox.words(KEY, flat).ravel(), philox.words(KEY, flat.ravel()))
    assert philox.words(KEY, np.array(5)).shape == ()
    assert philox.words(KEY, np.empty(0, np.int64)).shape == (0,)
    assert philox.words_range(KEY, 3, 3).shape == (0,)


def test_keys_and_words_give_other_numbers():
    flat = np.arange(64)
    drawn = [philox.words(key, flat, word) for key in (1, 2, 2**32) for word in (0, 1)]
    assert len({words.tobytes() for words in drawn}) == len(drawn)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: philox.words(1, np.array([0.5])), "flat must be an int64"),
        (lambda: philox.words(1, np.array([3], np.int32)), "flat must be an int64"),
        (lambda: philox.words(1, np.array([5, -1])), r"\[0, 2\*\*63\)"),
        (lambda: philox.words(1, np.array([2**63], np.uint64)), r"\[0, 2\*\*63\)"),
        (lambda: philox.words(-1, np.arange(3)), "key must satisfy"),
        (lambda: philox.words(2**64, np.arange(3)), "key must satisfy"),
        (lambda: philox.words(1, np.arange(3), 2**32), r"word must hold 1 words"),
        (lambda: philox.words_range(1, 4, 3), "start <= stop"),
        (lambda: philox.words_range(1, -1, 3), "0 <= start"),
        (lambda: philox.words_range(1, 0, 2**63 + 1), "2\\*\\*63"),
        (lambda: philox.philox4x32((1, 2, 3), (1, 2)), "counter must hold 4 words"),
        (lambda: philox.philox4x32((1, 2, 3, 2**32), (1, 2)), "counter must hold 4 words"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(SltkError, match=message):
        call()
