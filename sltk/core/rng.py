"""Named random streams from one root seed.

Definition. A stream is keyed by ``SHA-256(tag, seed, names)``, where every name is written with its type and its
length, so that two different (seed, names) never give the same text. A stream therefore depends on its own seed
and names alone: streams can be added, dropped or reordered without changing any other.
"""

import hashlib
import numbers
from typing import TYPE_CHECKING

import numpy as np

from sltk.core.errors import SltkError

if TYPE_CHECKING:
    import torch

Name = str | int

SEED_LIMIT = 2**64
_TAG = b"sltk named stream 1"
_TORCH_HEADER = 3  # int64 words before the twister's 624 words in torch's CPU generator state
_TORCH_WORDS = 624


def key(seed: int, *names: Name) -> int:
    """64-bit key of the stream ``names`` under ``seed``, the first eight bytes of its hash (little endian).

    Two of ``k`` streams share a key with probability about ``k^2 / 2^65``.

    Args:
        seed: root seed, ``0 <= seed < 2**64``.
        names: strings and integers; their order and their types count.

    Raises:
        SltkError: a seed out of range, or a name that is neither a string nor an integer.
    """
    return int.from_bytes(_digest(seed, names)[:8], "little")


def stream(seed: int, *names: Name) -> np.random.Generator:
    """Independent numpy generator (Philox4x64 under a 128-bit key) of the stream ``names``; see ``key``."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(_digest(seed, names)[:16], "little")))


def torch_stream(seed: int, *names: Name) -> "torch.Generator":
    """Independent torch CPU generator of the stream ``names``; see ``key``.

    ``torch.Generator.manual_seed`` keeps only the low 32 bits of its seed on the CPU, which makes two of 77,000
    streams coincide with probability one half. All 624 words of the twister are therefore drawn from ``stream``.
    """
    import torch  # seconds, and numpy streams have no use for it

    generator = torch.Generator("cpu").manual_seed(key(seed, *names))
    state = generator.get_state()
    twister = state.view(torch.int64)[_TORCH_HEADER : _TORCH_HEADER + _TORCH_WORDS]
    words = stream(seed, *names).integers(0, 2**32, size=_TORCH_WORDS, dtype=np.uint32)
    twister.copy_(torch.tensor(words.astype(np.int64)))
    return generator.set_state(state)


def require_seed(seed: int) -> int:
    """``seed`` as a plain int.

    Raises:
        SltkError: not an integer (a bool is none here), or outside ``[0, 2**64)``.
    """
    if not _is_integer(seed):
        raise SltkError(f"seed must be an integer, but got {seed!r} ({type(seed).__name__}); pass one like seed=1.")
    if not 0 <= seed < SEED_LIMIT:
        raise SltkError(f"seed must satisfy 0 <= seed < 2**64, but got seed={seed}; reduce it modulo 2**64.")
    return int(seed)


def _digest(seed: int, names: tuple[Name, ...]) -> bytes:
    parts = [_TAG, require_seed(seed).to_bytes(8, "little"), *map(_encoded, names)]
    return hashlib.sha256(b"".join(parts)).digest()


def _encoded(name: Name) -> bytes:
    if isinstance(name, str):
        kind, text = b"s", name.encode()
    elif _is_integer(name):
        kind, text = b"i", str(int(name)).encode()
    else:
        raise SltkError(
            f"names of a stream must be strings or integers, but got {name!r} ({type(name).__name__}); "
            "write it as a string."
        )
    return kind + len(text).to_bytes(8, "little") + text


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
