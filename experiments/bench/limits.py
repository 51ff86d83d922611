"""What the search for least errors could reach, about: its own steps at the speed at which they run on their own.

A pool of medium size takes compare-exchanges of sixteen problems at once (``sltk.subset_sum.kernels.network``): sorting
``2^h`` sums ``(h - 1) 2^h + 1``, merging two such lists ``(h + 1) 2^h``. A larger one takes steps (``least_error``), of
which each looks at two sums: a list is written in ``2^(h+1) - 2``, and walked through with another in ``2^(h+1)``. How
many of them a core does a second is measured in the same run, on what fits into registers or the first cache.
"""

from statistics import median

import numpy as np

from experiments.bench.timing import seconds_of
from sltk.core.numerics.arrays import Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels import side_by_side
from sltk.subset_sum.kernels.lanes import LANES, Rows, exchange
from sltk.subset_sum.kernels.least_error import half
from sltk.subset_sum.kernels.merge import merge_four

TURNS, TIMES = 7, 20_000
Limits = dict[int, tuple[float, str]]  # by size of the pool: targets a second at most, and the arithmetic
Four = tuple[Values, Values, Values, Values]
CACHED = 256  # sums of a list


@kernel
def _exchange(rows: Rows, times: int) -> None:
    for _ in range(times):
        exchange(rows, 0, 1, 16)


@kernel
def _merge(lists: Four, moved: Four, out: Four, times: int) -> None:
    for _ in range(times):
        merge_four(lists, moved, (0.1, 0.2, 0.3, 0.4), out, CACHED)


def exchanges(n: int) -> int:
    """Compare-exchanges of a pool: two lists, and a merge for each way to take the samples that are left."""
    h = half(n)
    size, ways = 1 << h, 1 << n - 2 * h
    return 2 * ((h - 1) * size + 1) + ways * (h + 1) * size


def steps(n: int) -> int:
    """Steps of a pool: two lists, and a walk for each way."""
    h = half(n)
    size, ways = 1 << h, 1 << n - 2 * h
    return 2 * (2 * size - 2) + ways * 2 * size


def exchanges_a_second() -> float:
    """Of one core, sixteen problems counted as sixteen."""
    rows = np.arange(16 * LANES, dtype=np.int32)
    each = 4 * 8  # four strides of eight
    return each * LANES * TIMES / median(seconds_of(lambda: _exchange(rows, TIMES), TURNS))


def steps_a_second() -> float:
    """Of one core."""
    a, b, c, d = (np.sort(np.random.default_rng(k).uniform(size=CACHED)) for k in range(4))
    lists, moved, out = (a, b, c, d), _four(CACHED), _four(2 * CACHED)
    times = TIMES // 40
    return 4 * 2 * CACHED * times / median(seconds_of(lambda: _merge(lists, moved, out, times), TURNS))


def limits(sizes: list[int], cores: int) -> Limits:
    """By size of the pool: targets a second at most, and the arithmetic."""
    each, step = exchanges_a_second(), steps_a_second()
    found: Limits = {}
    for n in sizes:
        medium = side_by_side.SMALLEST <= n <= side_by_side.LARGEST
        count, rate = (exchanges(n), each) if medium else (steps(n), step)
        what = "compare-exchanges in registers" if medium else "steps in the first cache"
        said = f"n={n}: {cores} x {rate / 1e9:.1f}e9 {what} a second / {count:,} = {cores * rate / count:,.0f}"
        found[n] = cores * rate / count, said
    return found


def _four(size: int) -> Four:
    a, b, c, d = (np.empty(size) for _ in range(4))
    return a, b, c, d
