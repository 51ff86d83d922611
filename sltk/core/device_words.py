"""Philox4x32-10 on any device of torch: the words of ``sltk.core.philox``, bit for bit, by integer arithmetic alone.

Word ``word`` of flat index ``f`` under a key is lane ``f mod 4`` of block ``f div 4``, as there. What is drawn by (key,
index, word) needs no state, no host, and no order of draws, and is the same on every device.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from sltk.core.philox import ROUNDS
from sltk.core.rng import Name, key

_LOW = 0xFFFFFFFF
_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85


@lru_cache(maxsize=64)
def stream_keys(seeds: tuple[int, ...], names: tuple[Name, ...], device: torch.device) -> Tensor:
    """Keys ``(seeds,)`` of the streams ``names`` under each seed, as int64 of the same 64 bits; kept on ``device``."""
    signed = [own - 2**64 if own >= 2**63 else own for own in (key(seed, *names) for seed in seeds)]
    return torch.tensor(signed, dtype=torch.int64, device=device)


def lanes(keys: Tensor, blocks: Tensor, word: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The four words of every block under every key.

    Args:
        keys: ``(k,)`` int64, from ``stream_keys``.
        blocks: ``(n,)`` int64, at least 0, on the same device.
        word: which of the words that one draw takes, ``0 <= word < 2**32``.

    Returns:
        Four of ``(k, n)`` int64 in ``[0, 2**32)``; exact.
    """
    k0, k1 = (keys & _LOW)[:, None], ((keys >> 32) & _LOW)[:, None]
    c0, c1 = blocks & _LOW, blocks >> 32
    c2, c3 = torch.full_like(blocks, word), torch.zeros_like(blocks)
    for _ in range(ROUNDS):
        # Products of 32 bits by 32 wrap to the same 64 bits in signed integers; the mask takes the sign away.
        first, second = c0 * _M0, c2 * _M1
        c0, c1 = ((second >> 32) & _LOW) ^ c1 ^ k0, second & _LOW
        c2, c3 = ((first >> 32) & _LOW) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


def words_at(key: int, flat: Tensor, word: int = 0) -> Tensor:
    """Word ``word`` of every index in ``flat``, by random access: ``sltk.core.philox.words`` on another device.

    Args:
        key: ``0 <= key < 2**64``, say from ``sltk.core.rng.key``.
        flat: int64, at least 0, any shape and order.
        word: which of the words that one draw takes, ``0 <= word < 2**32``.

    Returns:
        int64 in ``[0, 2**32)``, of the shape of ``flat``, on its device; exact.
    """
    signed = torch.tensor([key - 2**64 if key >= 2**63 else key], dtype=torch.int64, device=flat.device)
    index = flat.reshape(-1)
    a, b, c, d = (lane[0] for lane in lanes(signed, index >> 2, word))
    odd, high = (index & 1).bool(), (index & 2).bool()
    return torch.where(high, torch.where(odd, d, c), torch.where(odd, b, a)).view(flat.shape)


def words_range(key: int, start: int, stop: int, word: int, device: torch.device) -> Tensor:
    """``words_at(key, arange(start, stop), word)`` at four words an evaluation.

    Args:
        key: ``0 <= key < 2**64``.
        start, stop: ``0 <= start <= stop < 2**63``.
        word: which of the words that one draw takes.
        device: where they are drawn.

    Returns:
        int64 in ``[0, 2**32)``, ``(stop - start,)``, on ``device``; exact.
    """
    first, last = start >> 2, (stop + 3) >> 2
    signed = torch.tensor([key - 2**64 if key >= 2**63 else key], dtype=torch.int64, device=device)
    drawn = torch.stack(lanes(signed, torch.arange(first, last, device=device), word), -1).flatten()
    return drawn[start - 4 * first : stop - 4 * first]


def below(words: Tensor, count: int) -> Tensor:
    """``floor(word * count / 2**32)``: uniform on ``0 .. count - 1`` to ``count / 2**32``; ``count < 2**31``."""
    return (words * count) >> 32


def orders(seeds: Sequence[int], names: tuple[Name, ...], word: int, total: int, device: torch.device) -> Tensor:
    """A random order of ``total`` rows for each seed, ``(seeds, total)``: rows by their 63 bits, equal ones by place.

    Row ``i`` has words ``2 i`` and ``2 i + 1`` of the stream ``names``; two of ``n`` rows are equal with probability
    below ``n^2 / 2^64``.
    """
    blocks = torch.arange((total + 1) // 2, device=device)
    a, b, c, d = lanes(stream_keys(tuple(seeds), names, device), blocks, word)
    drawn = torch.stack([(a << 31) | (b >> 1), (c << 31) | (d >> 1)], -1).flatten(1)[:, :total]
    return drawn.sort(dim=1, stable=True).indices
