r"""Another check of the iterated hand-over for U[-1, 1]: every plane against every crossing of the lines before it.

The package walks along the least of its lines and takes hulls. Here nothing is walked: over each cell of b, all pairs
of lines are made to cross, and a plane of the next step must lie above the least line at both ends and at every
crossing on it; its vertices are among those points. Double precision; what is compared is within ``1e-12``, and
the planes are asked to hold with ``SPARE`` to spare.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from sltk.subset_sum.widths.handover_iteration import IteratedHandover

Floats = NDArray[np.float64]

SPARE = 1e-10
CELLS_FROM, CELLS_RATIO = 1e-3, 1.01  # of b: finer cells would only make the planes easier to confirm


def lines_hold(
    lines: IteratedHandover, slack: float, near: float, far: float, reached: float = 1.0, gained: float = 1.0
) -> bool:
    """``base + inner u + outer b`` bounds the failure, plane by plane; the shares make samples reach or gain less."""
    low, high = _cells(slack, far)
    rho = np.minimum(1.0 - reached * 0.5 * (min(far - near, 1.0) + min(far + near, 1.0)) + 0.5 * high, 1.0)
    sigma = high - gained * _gain(2.0 * far, high)
    top = np.minimum(high, 2.0 * near)
    holds = _starts(lines.planes[0], slack)
    for before, after in itertools.pairwise(lines.planes):
        holds = holds and bool((after[:, 1:] >= 0.0).all()) and _above(after, _points(before, rho, sigma, top, low))
    last = np.array([[lines.base, lines.inner, lines.outer]])
    return holds and _above(last, _points(lines.planes[-1], rho, sigma, top, low))


def _starts(planes: Floats, slack: float) -> bool:
    """The first planes are 1 and ``u / (2 s)``, or above."""
    one = (planes[:, 0] >= 1.0) | (planes[:, 1] >= 1.0 / (2.0 * slack))
    return bool(one.all() and (planes >= 0.0).all())


def _cells(slack: float, far: float) -> tuple[Floats, Floats]:
    ends = [0.0, CELLS_FROM * slack]
    while ends[-1] < 2.0 * far:
        ends.append(min(ends[-1] * CELLS_RATIO, 2.0 * far))
    return np.array(ends[:-1]), np.array(ends[1:])


def _gain(length: float, missing: Floats) -> Floats:
    """``max(G(b), G(l - b))`` of U[-1, 1], by its own second integral."""

    def p(t: Floats) -> Floats:
        return np.where(t <= 1.0, 0.25 * t * t, 0.5 * t - 0.25)

    whole = p(np.array(length))
    both = [2.0 * (p(v / 2.0) + whole - p(length - v / 2.0) - p(v)) for v in (missing, length - missing)]
    return np.maximum(np.maximum(both[0], both[1]), 0.0)


def _points(planes: Floats, rho: Floats, sigma: Floats, top: Floats, low: Floats) -> Floats:
    """Rows ``(u, b, least line)`` at all crossings within each cell that are on the least line, and at its ends."""
    height = planes[:, 0] + sigma[:, None] * planes[:, 2]
    slope = rho[:, None] * planes[:, 1]
    i, j = np.triu_indices(len(planes), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (height[:, j] - height[:, i]) / (slope[:, i] - slope[:, j])
    inside = (crossing >= 0.0) & (crossing <= top[:, None])
    u = np.concatenate([np.where(inside, crossing, 0.0), np.zeros_like(low)[:, None], top[:, None]], axis=1)
    least = np.full(u.shape, np.inf)
    for line in range(len(planes)):
        np.minimum(least, height[:, line, None] + slope[:, line, None] * u, out=least)
    own = np.concatenate([height[:, i] + slope[:, i] * u[:, :-2], least[:, -2:]], axis=1)
    kept = own <= least + 1e-9  # a crossing above the least line is no vertex of it; some are kept for nothing
    lows = np.broadcast_to(low[:, None], u.shape)
    return np.stack([u[kept], lows[kept], least[kept]], axis=-1)


def _above(planes: Floats, points: Floats) -> bool:
    """No plane is below a point, but for the plane 1, which needs no reason."""
    over = (c >= 1.0 or bool((c + a * points[:, 0] + b * points[:, 1] >= points[:, 2] + SPARE).all())
            for c, a, b in planes)  # fmt: skip
    return all(over)
