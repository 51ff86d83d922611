"""Exact subset sum for many targets at once: least error, fewest samples, least mass, or a weighted mixture."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags, Values, fixed
from sltk.core.numerics.compiled import kernel
from sltk.core.threads import over_cores, piece
from sltk.subset_sum.backends import Backend, backend_named, backend_on
from sltk.subset_sum.problem import Problem, read
from sltk.subset_sum.restrict import restriction

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Solution:
    """One subset a target.

    Args:
        mask: ``(..., n)`` bool, the samples taken.
        value: ``(...)`` float64, their sum, added in index order from ``mask`` alone.
        error: ``(...)`` float64, ``|target - value|``.
        reached: ``(...)`` bool, ``error <= eps``; true where no tolerance was asked for.
    """

    mask: Flags
    value: Values
    error: Values
    reached: Flags


def solve(
    pool: Any,
    target: Any,
    *,
    eps: Any = None,
    objective: str = "error",
    costs: Any = None,
    alpha: Any = None,
    size: Any = None,
    locked: Any = None,
    backend: str | Backend = "auto",
    device: str = "cpu",
) -> Solution:
    r"""Choose for each target ``z`` a subset ``I`` of its pool ``x_1..x_n``, exactly, by meeting in the middle.

    - ``error``: the least ``|z - sum_I x|``.
    - ``cardinality``: the fewest samples with error at most ``eps``, then the least error.
    - ``mass``: the least ``sum_I costs`` with error at most ``eps``, then the least error.
    - ``weighted``: the least ``alpha |z - sum_I x| + sum_I costs`` with error at most ``eps``, then the least error.

    Where no subset is within ``eps`` the last three give a subset of least error, and ``reached`` is false.
    For more targets than memory holds there is ``solve_stream``.

    Rounding. With ``s = (n + 4) 2^-52 (|z| + sum |x|)``: the returned error exceeds the least one by at most ``s``;
    a subset whose error is within ``s`` of ``eps`` may count on either side, but ``reached`` is always
    ``error <= eps`` for the very error returned; a weighted objective exceeds the least by at most
    ``(n + 4) 2^-52 (alpha (|z| + sum |x|) + sum costs)``, a mass by ``(n + 4) 2^-52 sum costs``. Where all sums are
    exact in float64 (integers, say) there is no error at all. A search by ``size`` has ``8 n`` times the slack.

    Ties: of subsets with one objective, one of least error is taken (where sums are not exact, objectives that differ
    by their rounding may count as one or as two). Of several with one error as well, the order of the search decides,
    which depends on pool, target, eps, costs, alpha and backend only: not on the batch, the machine, the device or the
    number of threads; ``torch``, which runs on any device, takes the subset that ``meet-in-the-middle`` takes. A pool
    shared by a vector of targets may be searched in another order than the same pool given once each.

    Args:
        pool: ``(*target.shape, n)``, one pool a target, ``n <= 40``, or ``(n,)``, one for all targets: ``n <= 44``
            for ``error`` and ``n <= 40`` else; arrays or tensors, read as float64.
        target: any shape, in the units of ``pool``.
        eps: tolerance > 0, in the units of ``pool``: a number, or broadcast to ``target``. ``error`` needs it only for
            ``reached``; ``weighted`` takes ``None`` for no cap.
        objective: one of the four above.
        costs: >= 0, ``(*target.shape, n)`` or ``(n,)``; by default ``|x|``.
        alpha: >= 0, the price of a unit of error: a number, or broadcast to ``target``.
        size: exact number of samples, locked ones among them: an integer, or broadcast to ``target``.
        locked: bool, ``(n,)`` or ``(*target.shape, n)``: samples that every subset must take.
        backend: what searches: a name, or a ``Backend`` of your own; ``enumeration`` goes through all subsets of
            ``n <= 16`` samples.
        device: where the search runs that ``auto`` takes: compiled kernels on ``"cpu"``, torch operations on another
            device of torch, say ``"cuda"``. The masks are the same, ties among them, and sums and errors are added up
            from the mask on the CPU, whatever the device.

    Returns:
        A ``Solution``; ``value`` and ``error`` carry at most ``n 2^-53 (|z| + sum |x|)`` of rounding.

    Raises:
        SltkError: for shapes that do not fit, numbers that are not finite, ``eps <= 0``, negative costs or alpha, sums
            that may overflow, pools that are too large, a device on which torch cannot compute here.

    Source: E. Horowitz and S. Sahni, J. ACM 21 (1974), meeting in the middle (remembered, not read again); the
    searches for mass and weight, by what the optimum can afford and by sliding windows, are derived here.
    """
    chosen = chosen_backend(backend, device)
    problem = read(pool, target, eps, objective, costs, alpha, chosen.limits)
    required = restriction(problem, size, locked)
    mask = required.completed(_searched(chosen, required.lifted(problem)))
    value, error = _sums(problem, mask)
    reached = np.ones(error.size, bool) if problem.eps is None else error <= problem.eps
    shape, n = problem.shape, problem.samples
    return Solution(
        mask=mask.view(np.bool_)[:, :n].reshape(*shape, n), value=value.reshape(shape),
        error=error.reshape(shape), reached=reached.reshape(shape),
    )  # fmt: skip


def chosen_backend(backend: str | Backend, device: str) -> Backend:
    """What searches where ``solve`` is given these.

    Raises:
        SltkError: an unknown backend, a device on which torch cannot compute here, or both asked for.
    """
    if device == "cpu":
        return backend_named(backend)
    if backend != "auto":
        raise SltkError(f"device={device!r} goes with backend='auto', but got backend={backend!r}; leave one out.")
    return backend_on(device)


def _searched(backend: Backend, problem: Problem) -> Mask:
    """Search within ``eps``, and once more within ``eps - slack`` where rounding lifts an error above ``eps``."""
    mask, found = backend.search(problem)
    if problem.objective == "error":
        return mask
    eps = problem.caps()
    beyond = found & (_sums(problem, mask)[1] > eps)
    if beyond.any():
        within = replace(problem.take(beyond), eps=(eps - problem.slack())[beyond])
        mask[beyond], found[beyond] = backend.search(within)
    if not found.all():
        # The same search whatever the pool's sharing, so that one target's answer does not hang on the others.
        mask[~found], _ = backend.search(replace(problem.take(~found), objective="error", looked_up=False))
    return mask


def _sums(problem: Problem, mask: Mask) -> tuple[Values, Values]:
    return added_up(problem.pool, problem.target, mask)


def added_up(pool: Values, target: Values, mask: Mask) -> tuple[Values, Values]:
    """Sum of each subset in index order, and its error, ``(P,)``: pools ``(P, n)`` or ``(1, n)``, masks ``(P, n)``."""
    value, error, count = np.empty_like(target), np.empty_like(target), target.size
    pool, target = fixed(pool), fixed(target)

    def add(_: None, low: int, high: int) -> None:
        _resum(pool, target, mask, value, error, low, high)

    over_cores(add, count, piece(count, 128), lambda: None)
    return value, error


@kernel
def _resum(pool: Values, target: Values, mask: Mask, value: Values, error: Values, low: int, high: int) -> None:
    own = pool.shape[0] > 1
    for p in range(low, high):
        row = p if own else 0
        total = 0.0
        for k in range(mask.shape[1]):
            total += pool[row, k] * mask[p, k]  # exact, and no branch that the processor has to guess
        value[p] = total
        error[p] = abs(target[p] - total)
