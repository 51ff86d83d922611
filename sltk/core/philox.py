"""Philox4x32-10: random words as a function of (key, index), in any order.

Definition. Ten rounds of ``(c0, c1, c2, c3) -> (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0))``
on four 32-bit words, the key growing by ``(W0, W1)`` between rounds. For a fixed key it is a bijection of the
``2^128`` counters; one evaluation gives four words, here called lanes.

Layout of this project. Word ``word`` of flat index ``f`` is lane ``f mod 4`` of the counter
``(low32(f div 4), high32(f div 4), word, 0)`` under the key ``(low32(key), high32(key))``.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (remembered; the
tests hold this against Random123's known answers, to which the constants lead).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Words
from sltk.core.numerics.compiled import inlined, kernel
from sltk.core.threads import over_cores

ROUNDS = 10
INDEX_LIMIT = 2**63
_CHUNK = 256
PIECE = 2**18  # words dealt out at a time: for fewer a second thread costs more than it brings
_LOW = 0xFFFFFFFF
_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85

Word = np.uint64


def philox4x32(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Four words of ``counter`` (four 32-bit words) under ``key`` (two): the plain reference.

    Raises:
        SltkError: a wrong number of words, or a word outside ``[0, 2**32)``.
    """
    c0, c1, c2, c3 = _require_words("counter", counter, 4)
    k0, k1 = _require_words("key", key, 2)
    for _ in range(ROUNDS):
        first, second = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (second >> 32) ^ c1 ^ k0, second & _LOW, (first >> 32) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


def words(key: int, flat: NDArray[np.int64] | NDArray[np.uint64], word: int = 0) -> Words:
    """Word ``word`` of every index in ``flat``, by random access.

    Args:
        key: ``0 <= key < 2**64``, say from ``sltk.core.rng.key``.
        flat: indices in ``[0, 2**63)``, any shape and order, int64 or uint64.
        word: which of the words that one draw takes, ``0 <= word < 2**32``.

    Returns:
        uint32, of the shape of ``flat``; exact.

    Raises:
        SltkError: another dtype, or a value out of range.
    """
    index: NDArray[Any] = np.asarray(flat)
    if index.dtype != np.int64 and index.dtype != np.uint64:
        raise SltkError(f"flat must be an int64 or uint64 array, but got {index.dtype}; use flat.astype(np.int64).")
    signed = np.ascontiguousarray(index).view(np.int64).reshape(-1)
    if signed.size and signed.min() < 0:  # as int64, which a large uint64 is below zero
        raise SltkError("flat must hold indices in [0, 2**63), but some lie outside; check how they were computed.")
    given, unsigned = _parameters(key, word), signed.view(np.uint64)
    out = np.empty(signed.size, dtype=np.uint32)

    def gather(_: None, low: int, high: int) -> None:
        _gather(*given, unsigned[low:high], out[low:high])

    over_cores(gather, out.size, PIECE, lambda: None)
    return out.reshape(index.shape)


def words_range(key: int, start: int, stop: int, word: int = 0) -> Words:
    """``words(key, arange(start, stop), word)`` at four words an evaluation.

    Raises:
        SltkError: not ``0 <= start <= stop <= 2**63``, or another value out of range.
    """
    if not 0 <= start <= stop <= INDEX_LIMIT:
        raise SltkError(f"words_range needs 0 <= start <= stop <= 2**63, but got start={start}, stop={stop}.")
    first, last = start >> 2, (stop + 3) >> 2
    given, out = _parameters(key, word), np.empty((last - first, 4), dtype=np.uint32)

    def fill(_: None, low: int, high: int) -> None:
        _fill(*given, np.uint64(first + low), out[low:high])

    over_cores(fill, last - first, PIECE // 4, lambda: None)
    return out.reshape(-1)[start - 4 * first : stop - 4 * first]


@inlined
def _rounds(
    c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word
) -> tuple[Word, Word, Word, Word]:  # pragma: no cover - compiled
    low, shift = np.uint64(_LOW), np.uint64(32)
    for _ in range(ROUNDS):
        # Every word sits in a uint64: numba turns mixed signed and unsigned integers into floats.
        first, second = np.uint64(_M0) * c0, np.uint64(_M1) * c2
        c0, c1, c2, c3 = (second >> shift) ^ c1 ^ k0, second & low, (first >> shift) ^ c3 ^ k1, first & low
        k0, k1 = (k0 + np.uint64(_W0)) & low, (k1 + np.uint64(_W1)) & low
    return c0, c1, c2, c3


@kernel
def _gather(
    k0: Word, k1: Word, word: Word, flat: NDArray[np.uint64], out: Words
) -> None:  # pragma: no cover - compiled
    low = np.uint64(_LOW)
    for i in range(flat.size):
        f = flat[i]
        block = f >> np.uint64(2)
        lanes = _rounds(block & low, block >> np.uint64(32), word, np.uint64(0), k0, k1)
        even = lanes[2] if f & np.uint64(2) else lanes[0]
        odd = lanes[3] if f & np.uint64(2) else lanes[1]
        out[i] = np.uint32(odd if f & np.uint64(1) else even)


@kernel
def _fill(k0: Word, k1: Word, word: Word, first: Word, out: Words) -> None:  # pragma: no cover - compiled
    for chunk in range((out.shape[0] + _CHUNK - 1) // _CHUNK):
        start = chunk * _CHUNK
        _fill_chunk(k0, k1, word, first + np.uint64(start), out[start : start + _CHUNK])


@kernel
def _fill_chunk(k0: Word, k1: Word, word: Word, first: Word, out: Words) -> None:  # pragma: no cover - compiled
    # One buffer a lane keeps the stores contiguous, without which the rounds do not vectorise (four times slower).
    lanes = np.empty((4, _CHUNK), dtype=np.uint32)
    for i in range(out.shape[0]):
        block = first + np.uint64(i)
        c0, c1, c2, c3 = _rounds(block & np.uint64(_LOW), block >> np.uint64(32), word, np.uint64(0), k0, k1)
        lanes[0, i] = np.uint32(c0)
        lanes[1, i] = np.uint32(c1)
        lanes[2, i] = np.uint32(c2)
        lanes[3, i] = np.uint32(c3)
    for i in range(out.shape[0]):
        for lane in range(4):
            out[i, lane] = lanes[lane, i]


def _parameters(key: int, word: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    if not 0 <= key < 2**64:
        raise SltkError(f"key must satisfy 0 <= key < 2**64, but got {key}; take one from sltk.core.rng.key.")
    (word,) = _require_words("word", (word,), 1)
    return np.uint64(key & _LOW), np.uint64(key >> 32), np.uint64(word)


def _require_words(name: str, values: Sequence[int], count: int) -> list[int]:
    found = [int(value) for value in values]
    if len(found) != count or not all(0 <= value <= _LOW for value in found):
        raise SltkError(f"{name} must hold {count} words in [0, 2**32), but got {list(values)}.")
    return found
