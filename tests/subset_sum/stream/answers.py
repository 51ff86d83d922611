"""What streams are asked in these tests, and what their answers are held against."""

from collections.abc import Iterable, Iterator

import numpy as np

from sltk.subset_sum import Solution

FIELDS = ("mask", "value", "error", "reached")
EACH = {
    "error": {"objective": "error"},
    "cardinality": {"objective": "cardinality", "eps": 0.5},
    "mass": {"objective": "mass", "eps": 0.5},
    "weighted": {"objective": "weighted", "alpha": 2.0, "eps": 1.5},
}
COUNT, N = 700, 9


def problems(count: int = COUNT, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Pools and targets of small integers, where most subsets share their sum with others."""
    rng = np.random.default_rng([16, n])
    return rng.integers(-5, 6, (count, n)).astype(float), rng.integers(-20, 21, count).astype(float)


def cut(rows: np.ndarray, *sizes: int) -> Iterator[np.ndarray]:
    """The rows in chunks of these sizes, and then again, in one buffer that is written over."""
    at = 0
    buffer = np.empty((max(sizes), *rows.shape[1:]), rows.dtype)
    while at < len(rows):
        for size in sizes:
            part = rows[at : at + size]
            buffer[: len(part)] = part
            at += len(part)
            yield buffer[: len(part)]


def joined(parts: Iterable[Solution]) -> Solution:
    """All of them as one."""
    parts = list(parts)
    return Solution(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))


def same(one: Solution, other: Solution) -> bool:
    """Bit for bit."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)
