"""Loops over the entries of a stage, in one pass each: what torch does in twenty is bound by memory.

Every number that bounds another is moved outward: by ``ROOM`` relative, which is far more than the few operations
behind it lose, and by ``TINY`` where anything is there, for what underflows. What is exactly 0 stays 0.
"""

from typing import Any

from sltk.core.numerics.compiled import kernel

ROOM = 2.0**-48
TINY = 1e-300

Entries = Any  # float64 arrays


@kernel
def centred(low: Entries, high: Entries, share: float, centre: Entries, size: Entries) -> None:
    """Middles of intervals, and upper bounds of their half widths plus ``share`` of the size of the middle; flat."""
    for i in range(low.size):
        c = 0.5 * low[i] + 0.5 * high[i]
        s = max(high[i] - c, c - low[i]) + share * abs(c)
        centre[i] = c
        size[i] = s * (1.0 + ROOM) + (TINY if s > 0.0 else 0.0)


@kernel
def joined(
    centre: Entries, radius: Entries, swelling: float, bias: Entries, slack: Entries, low: Entries, high: Entries
) -> None:
    """Ends of balls of radius ``swelling radius`` whose centres are moved by a bias; ``(n, rows, positions)``."""
    for i in range(centre.shape[0]):
        for row in range(centre.shape[1]):
            for p in range(centre.shape[2]):
                c = centre[i, row, p]
                moved = c + bias[row]
                r = radius[i, row, p] * swelling + slack[row] + ROOM * (abs(c) + abs(bias[row]))
                r = r * (1.0 + ROOM) + (TINY if r > 0.0 else 0.0)
                low[i, row, p] = moved - r
                high[i, row, p] = moved + r


@kernel
def half_lines(
    y_low: Entries, y_high: Entries, d_low: Entries, d_high: Entries, right: float, left: float,
    moved_low: Entries, moved_high: Entries, seen_low: Entries, seen_high: Entries,
) -> None:  # fmt: skip
    """Differences behind ``phi(x) = right x`` for ``x >= 0``, ``left x`` below, both slopes at least 0; and the ticket.

    Args:
        y_low, y_high: ``(n, entries)``, the target's values before it.
        d_low, d_high: ``(n, copies, entries)``, target minus ticket.
        moved_low, moved_high, seen_low, seen_high: results, ``(n, copies, entries)``.
    """
    for i in range(d_low.shape[0]):
        for k in range(d_low.shape[1]):
            for p in range(d_low.shape[2]):
                a, b, p_, q = y_low[i, p], y_high[i, p], d_low[i, k, p], d_high[i, k, p]
                s, t = a - q, b - p_
                if q != 0.0:
                    s -= ROOM * (abs(a) + abs(q)) + TINY
                if p_ != 0.0:
                    t += ROOM * (abs(b) + abs(p_)) + TINY
                steep, flat = max(right, left), min(right, left)
                least, most = min(a, s), max(b, t)
                if least >= 0.0:
                    steep = flat = right
                elif most <= 0.0:
                    steep = flat = left
                down = min(flat * p_, steep * p_)
                over = max(flat * q, steep * q)
                ya, yb, ta, tb = _phi(a, right, left), _phi(b, right, left), _phi(s, right, left), _phi(t, right, left)
                near = ya - tb - ROOM * (abs(ya) + abs(tb)) - (TINY if ya != tb else 0.0)
                far = yb - ta + ROOM * (abs(yb) + abs(ta)) + (TINY if yb != ta else 0.0)
                down = max(down - ROOM * abs(down), near)
                over = min(over + ROOM * abs(over), far)
                moved_low[i, k, p] = down
                moved_high[i, k, p] = over
                lower = ya - over - ROOM * (abs(ya) + abs(over))
                upper = yb - down + ROOM * (abs(yb) + abs(down))
                seen_low[i, k, p] = max(ta - ROOM * abs(ta), lower)
                seen_high[i, k, p] = min(tb + ROOM * abs(tb), upper)


@kernel
def _phi(x: float, right: float, left: float) -> float:
    return right * x if x >= 0.0 else left * x
