"""The lowest line above a difference of two values, entry by entry: what torch does in a thousand passes."""

from typing import Any

from sltk.core.numerics.compiled import kernel

Entries = Any  # float64 arrays


@kernel
def lowest_lines(
    least: Entries, most: Entries, over_left: Entries, over_right: Entries, low: Entries, high: Entries,
    slope: Entries, constant: Entries,
) -> None:  # fmt: skip
    """Of a few slopes, with the best constant of each, the line that is lowest in the middle of d.

    Args:
        least, most, over_left, over_right: of the cores, ``(cores, entries)``; see ``lines._Core``.
        low, high: ends of d, ``(entries,)``.
        slope, constant: results, ``(entries,)``.
    """
    cores = least.shape[0]
    for i in range(low.size):
        middle, best = (low[i] + high[i]) / 2, 1e308
        for place in range(4 * cores):
            s = _slope(place, i, least, most, over_left, over_right, low, high)
            c = 1e308
            for core in range(cores):
                c = min(c, _above(s, least[core, i], most[core, i], over_left[core, i], over_right[core, i],
                                  low[i], high[i]))  # fmt: skip
            if s * middle + c < best or place == 0:
                best = s * middle + c
                slope[i], constant[i] = s, c


@kernel
def _slope(
    place: int, i: int, least: Entries, most: Entries, over_left: Entries, over_right: Entries, low: Entries,
    high: Entries,
) -> float:  # fmt: skip
    """Both ends of a core's slopes, then the chord of its bound over d, without and with what is over."""
    cores = least.shape[0]
    if place < 2 * cores:
        return least[place // 2, i] if place % 2 == 0 else most[place // 2, i]
    core, over = (place - 2 * cores) // 2, place % 2
    a, b, width = least[core, i], most[core, i], high[i] - low[i]
    if not width > 0.0:
        return b
    rise = max(a * high[i], b * high[i]) - max(a * low[i], b * low[i])
    return (rise + over * (over_right[core, i] - over_left[core, i])) / width


@kernel
def _above(s: float, least: float, most: float, over_left: float, over_right: float, low: float, high: float) -> float:
    """Upper bound of ``phi(y) - phi(y - d) - s d``: convex on each side of 0, so largest at an end or at 0."""
    left = max(least * low, most * low) - s * low + (over_left if low <= 0.0 else over_right)
    right = max(least * high, most * high) - s * high + (over_right if high >= 0.0 else over_left)
    found = max(left, right)
    if low <= 0.0 <= high:
        found = max(found, max(over_left, over_right))
    return found
