"""Whether pools reach targets at all: the question of a failure probability, which asks for no subset."""

from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags, Indices
from sltk.core.threads import over_cores, piece
from sltk.subset_sum.kernels import missed as kernels
from sltk.subset_sum.problem import array

LARGEST = 40  # samples: two halves of 2^20 sums


def missed(pool: Any, target: Any, eps: float, count: Indices | None = None) -> Flags:
    """Which targets have no subset of their pool within ``eps``; several targets may share a pool.

    What ``~solve(...).reached`` says, several times faster, since no subset is asked for. Errors within
    ``(n + 4) 2^-52 (|z| + sum |x|)`` of ``eps`` may count on either side.

    Args:
        pool: ``(P, n)``, ``1 <= n <= 40``.
        target: ``(P, T)``.
        eps: tolerance > 0, in the units of ``pool``.
        count: ``(P,)`` how many targets of each row are meant; the others are never missed. All by default.

    Returns:
        ``(P, T)`` bool.

    Raises:
        SltkError: other shapes, numbers that are not finite, ``eps <= 0``.
    """
    pools, targets = (np.ascontiguousarray(array(name, v)) for name, v in (("pool", pool), ("target", target)))
    if pools.ndim != 2 or targets.ndim != 2 or len(pools) != len(targets) or not 1 <= pools.shape[1] <= LARGEST:
        raise SltkError(
            f"missed needs pools (P, n) with 1 <= n <= {LARGEST} and targets (P, T), but got {pools.shape} and "
            f"{targets.shape}."
        )
    if not (eps > 0.0 and np.isfinite(eps)):
        raise SltkError(f"missed needs a finite eps > 0, but got eps={eps}.")
    rows, n = pools.shape
    wanted = np.full(rows, targets.shape[1], dtype=np.int64) if count is None else count
    out, sizes = np.zeros(targets.shape, dtype=bool), kernels.looks(n)

    def search(workspace: kernels.Workspace, low: int, high: int) -> None:
        kernels.missed(workspace, pools, targets, wanted, eps, sizes, out, low, high)

    over_cores(search, rows, piece(rows, 4 * 2 ** (n / 2)), lambda: kernels.workspace(n))
    return out
