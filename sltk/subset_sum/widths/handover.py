r"""The last samples: from a nearly covered wide interval to a covered window.

Lemma. Let ``J = [-t, t]`` lie inside ``K = [-a, a]``, and let A_0 in K be the set covered so far; ``A_j = A_{j-1} |
(K & (A_{j-1} + x_j))``. Put ``u = |J - A_0|`` and ``b = |K - A_0|``. For samples with a density at least ``p``,
symmetric and non-increasing in ``|x|``, with ``Q(x) = int_0^x p``, every z in J is reached from A_{j-1} with
probability at least

    ``1 - rho(b) = Q(a - t) + Q(a + t) - 2 Q(b/2)``:

the first two terms are ``P(z - x in K)`` at the end of J, where it is least, and the worst set of measure b that can be
missing is the interval around z. So after k samples ``E |J - A_k| <= u rho(b)^k``, and by Markov's inequality

    ``P(|J - A_k| >= 2 s | A_0) <= min(1, u rho(b)^k / (2 s)) <= alpha u + beta b``

for every ``alpha, beta >= 0`` for which the second inequality holds for all ``0 <= u <= b <= 2 a``. Put ``v(b) = 2 s /
rho(b)^k``: it is enough that ``alpha v(b) + beta b >= 1`` for all b with ``v(b) <= b``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.subset_sum.laws import Law

optimize = later("scipy.optimize")

CELLS = 4000
_OUTER_SHARE = 1.3  # guess of how much more of K than of J is missing; only the size of the bound depends on it
_MARGIN = 1e-9  # relative, far above the rounding of what it guards


@dataclass(frozen=True)
class Handover:
    """``P(not covered in the end) <= inner |J - A_0| + outer |K - A_0|`` in the mean over A_0."""

    inner: float
    outer: float


def handover(law: Law, samples: int, slack: float, near: float, far: float) -> Handover:
    """The pair ``(alpha, beta)`` of the lemma that makes ``alpha |J| + 1.3 beta |K|`` least.

    Args:
        law: of the samples.
        samples: k, at least 0.
        slack: s > 0, in the units of ``law``.
        near: t.
        far: ``a >= t``.

    Raises:
        SltkError: ``near > far``, ``slack <= 0`` or ``samples < 0``.
    """
    if not 0.0 < slack <= near <= far or samples < 0:
        raise SltkError(
            f"handover needs 0 < slack <= near <= far and samples >= 0, but got slack={slack}, near={near}, "
            f"far={far}, samples={samples}."
        )
    b = np.linspace(0.0, 2.0 * far, CELLS + 1)
    q = law.first_integral
    rho = np.clip(1.0 - q(np.asarray(far - near)) - q(np.asarray(far + near)) + 2.0 * q(0.5 * b), 0.0, 1.0)
    with np.errstate(divide="ignore"):
        v = 2.0 * slack * (1.0 - _MARGIN) / (rho + _MARGIN) ** samples
    cells = v[1:] <= b[1:]  # v falls and b grows: a cell whose right end is not concerned has no point that is
    least, below = v[1:][cells], b[:-1][cells]
    solver: Any = optimize  # untyped
    found = solver.linprog(
        [2.0 * near, 2.0 * far * _OUTER_SHARE], A_ub=-np.stack([least, below], axis=1), b_ub=-np.ones(least.size)
    )
    alpha, beta = np.maximum(found.x, 0.0)
    worst = float((alpha * least + beta * below).min()) * (1.0 - _MARGIN)
    return Handover(float(alpha / worst), float(beta / worst))
