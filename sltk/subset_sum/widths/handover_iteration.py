r"""The last samples, one at a time: what is missing of the window and of a wide interval shrink together.

``J``, ``K``, ``u``, ``b`` and ``rho`` are those of ``sltk.subset_sum.widths.handover``. There b is taken as it was at
the hand-over; but each sample covers part of K as well. With the lemma of ``sltk.subset_sum.widths.width_gain`` for
K, of length ``2 a``, one more sample leaves in the mean at most

    ``u rho(b)`` of J and ``sigma(b) = b - max(G(b), G(2 a - b))`` of K,

and both can only shrink; rho and sigma do not fall with b. Let ``P_k(u, b)`` be the largest probability that ``2 s`` or
more of J is missing after k samples. ``P_0 <= min(1, u / (2 s))``. If ``P_k <= f_k``, the minimum of affine functions
``c + alpha u + beta b`` with ``alpha, beta >= 0``, then, the mean being linear,

    ``P_{k+1}(u, b) <= min_i (c_i + alpha_i rho(b) u + beta_i sigma(b))``,

and any affine functions above that on ``0 <= u <= b <= 2 a``, ``u <= 2 t`` make an ``f_{k+1}``.

On a grid of b: over the cell ``[b_0, b_1]`` the bound is at most its value with rho and sigma at ``b_1``, which is
concave and piecewise linear in u; a plane that lies above its vertices, taken at ``b_0``, lies above it on the cell.
The planes have slopes of the upper hull of all vertices and are raised to be above; any choice is a bound.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Values
from sltk.subset_sum.laws import Law
from sltk.subset_sum.widths.handover_kernel import lower_envelopes
from sltk.subset_sum.widths.width_gain import certain_gain

optimize, spatial = later("scipy.optimize"), later("scipy.spatial")

FIRST, RATIO = 1e-3, 1.01  # the first cell ends at FIRST s, each further one RATIO times farther
_APART = 0.1  # of planes whose slopes agree within this factor's logarithm one is kept
_FLAT = 1e-3  # slopes below it, in units of the intervals, count as equal
_MARGIN = 1e-9  # far above the rounding of what it guards


@dataclass(frozen=True)
class IteratedHandover:
    """``P(not covered in the end) <= base + inner |J - A_0| + outer |K - A_0|`` in the mean over A_0.

    ``planes[j]`` are the rows ``(c, alpha, beta)`` of ``f_j``, the proof of it.
    """

    base: float
    inner: float
    outer: float
    planes: tuple[Values, ...]


@dataclass(frozen=True)
class _Cells:
    """Low ends of the cells of b; rho, sigma and the largest u of each, at its high end."""

    low: Values
    rho: Values
    sigma: Values
    top: Values


def iterated_handover(
    law: Law, samples: int, slack: float, near: float, far: float, share: float = 1.3
) -> IteratedHandover:
    """The ``(inner, outer)`` of the theorem that make ``inner |J| + share outer |K|`` least.

    Args:
        law: of the samples; symmetric and unimodal.
        samples: k, at least 1.
        slack: s > 0, in the units of ``law``.
        near: t, half the length of J.
        far: ``a >= t``, half the length of K.
        share: how much more of K is expected to be missing than of J; only the size of the bound depends on it.

    Raises:
        SltkError: ``near > far``, ``slack <= 0``, ``samples < 1`` or ``share <= 0``.
    """
    if not 0.0 < slack <= near <= far or samples < 1 or not share > 0.0:
        raise SltkError(
            f"iterated_handover needs 0 < slack <= near <= far, samples >= 1 and share > 0, but got slack={slack}, "
            f"near={near}, far={far}, samples={samples}, share={share}."
        )
    cells = _cells(law, slack, near, far)
    planes = [np.array([[1.0, 0.0, 0.0], [0.0, (1.0 + _MARGIN) / (2.0 * slack), 0.0]])]
    vertices = _vertices(planes[0], cells)
    for _ in range(samples - 1):
        planes.append(_planes_above(vertices, 2.0 * near, 2.0 * far))
        vertices = _vertices(planes[-1], cells)
    return IteratedHandover(*_line_above(vertices, 2.0 * near, 2.0 * far * share), tuple(planes))


def _cells(law: Law, slack: float, near: float, far: float) -> _Cells:
    count = int(np.ceil(np.log(2.0 * far / (FIRST * slack)) / np.log(RATIO)))
    ends = np.concatenate([[0.0], np.minimum(FIRST * slack * RATIO ** np.arange(count + 1.0), 2.0 * far)])
    low, high = ends[:-1], ends[1:]
    q = law.first_integral
    reached = float(q(np.asarray(far - near)) + q(np.asarray(far + near)))
    rho = np.clip(1.0 - reached + 2.0 * q(0.5 * high) + _MARGIN, 0.0, 1.0)
    sigma = np.maximum(high - certain_gain(law, 2.0 * far, 2.0 * far - high, high), 0.0) + _MARGIN
    return _Cells(low, rho, np.maximum.accumulate(sigma), np.minimum(high, 2.0 * near))


def _vertices(planes: Values, cells: _Cells) -> Values:
    """Rows ``(u, b, height)``: the vertices of ``min_i (c_i + alpha_i rho u + beta_i sigma)`` over each cell."""
    heights = planes[:, 0] + cells.sigma[:, None] * planes[:, 2]
    return lower_envelopes(heights, planes[:, 1].copy(), cells.rho, cells.top, cells.low)


def _planes_above(vertices: Values, inner: float, outer: float) -> Values:
    scale = np.array([inner, outer, 1.0])
    floor = np.array([[u, b, -0.1] for u in (0.0, 1.0) for b in (0.0, 1.0)])
    geometry: Any = spatial  # untyped
    facets: Values = geometry.ConvexHull(np.concatenate([vertices / scale, floor])).equations
    facets = facets[facets[:, 2] > 1e-7]
    slopes = -facets[:, :2] / facets[:, 2:3]
    slopes = slopes[(slopes >= -_MARGIN).all(axis=1)]
    keys = np.round(np.log(np.maximum(slopes, _FLAT)) / _APART)
    _, kept = np.unique(keys, axis=0, return_index=True)
    slopes = np.maximum(slopes[kept], 0.0) / scale[:2]
    constants = np.array([(vertices[:, 2] - vertices[:, :2] @ slope).max() for slope in slopes]) + _MARGIN
    return np.concatenate([[[1.0, 0.0, 0.0]], np.column_stack([constants, slopes])])


def _line_above(vertices: Values, inner: float, outer: float) -> tuple[float, float, float]:
    first = vertices[:, 1] == 0.0
    base = float(vertices[first, 2].max()) + _MARGIN  # a line through the origin cannot lie above the first cell
    above = vertices[~first & (vertices[:, 2] > base)]
    solver: Any = optimize  # untyped
    found = solver.linprog([inner, outer], A_ub=-above[:, :2], b_ub=base - above[:, 2])
    slopes = np.maximum(found.x, 0.0)
    worst = float(((above[:, :2] @ slopes) / (above[:, 2] - base)).min()) * (1.0 - _MARGIN)
    return base, float(slopes[0] / worst), float(slopes[1] / worst)
