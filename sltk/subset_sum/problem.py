"""Reading and checking what ``solve`` is given: arrays or tensors of any float type, one row a problem."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags, Indices, Values

Objective = Literal["error", "cardinality", "mass", "weighted"]
RANGE = np.finfo(np.float64).max / 4  # sums up to here cannot overflow, whatever their order


@dataclass(frozen=True)
class Limits:
    """Largest pools of a search: with ``own`` samples where each target has one, ``shared`` for least errors of one."""

    own: int
    shared: int


@dataclass(frozen=True)
class Problem:
    """``P`` targets with pools ``(R, n)`` and costs ``(R, n)``, where ``R`` is ``P``, or 1 for a shared pool.

    Attributes:
        objective: what is to be least.
        pool: ``(R, n)``; at least one sample, a zero where none was given.
        target: ``(P,)``.
        eps: ``(P,)`` tolerances, or ``None`` for any error.
        costs: ``(R, n)``, where the objective has any.
        alpha: ``(P,)`` price of a unit of error, 0 unless weighted.
        shape: of the targets as they were given.
        samples: width of the masks that are returned; the pool is one wider where it was empty.
        looked_up: several targets and one pool.
    """

    objective: Objective
    pool: Values
    target: Values
    eps: Values | None
    costs: Values | None
    alpha: Values
    shape: tuple[int, ...]
    samples: int
    looked_up: bool

    @property
    def count(self) -> int:
        """``P``."""
        return self.target.size

    @property
    def mask_shape(self) -> tuple[int, int]:
        """``(P, n)``."""
        return self.count, self.pool.shape[1]

    def empty_mask(self) -> NDArray[np.uint8]:
        """``(P, n)`` zeros."""
        return np.zeros(self.mask_shape, np.uint8)

    def caps(self) -> Values:
        """``(P,)`` tolerances, infinite where there is none."""
        return np.full(self.count, np.inf) if self.eps is None else self.eps

    def prices(self) -> Values:
        """``costs`` of an objective that has them."""
        assert self.costs is not None
        return self.costs

    def take(self, rows: Flags | Indices) -> "Problem":
        """Return the problems ``rows``."""
        eps = None if self.eps is None else self.eps[rows]
        part = replace(self, target=self.target[rows], alpha=self.alpha[rows], eps=eps)
        if self.pool.shape[0] == 1:
            return part
        return replace(part, pool=self.pool[rows], costs=None if self.costs is None else self.costs[rows])

    def slack(self) -> Values:
        """``(P,)`` bound of what rounding adds to an error: ``(n + 4) 2^-52 (|z| + sum |x|)``."""
        size = np.abs(self.target) + np.abs(self.pool).sum(axis=-1)
        return (self.pool.shape[1] + 4) * np.finfo(np.float64).eps * size


def array(name: str, given: Any) -> Values:
    """Return ``given`` as finite float64, or say which entry is not."""
    values = floats(name, given)
    _require_finite(name, values)
    return values


def floats(name: str, given: Any) -> Values:
    """Return ``given`` as float64, whatever its entries."""
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SltkError(f"{name} must hold real numbers, but reading it failed: {error}.") from error


def _require_finite(name: str, values: Values) -> None:
    if not np.isfinite(values).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(values))[0])
        raise SltkError(f"{name} must be finite, but {name}[{where}] = {values[where]}; remove or repair that entry.")


def _spread(name: str, given: Any, shape: tuple[int, ...]) -> Values:
    values = array(name, given)
    try:
        return np.ascontiguousarray(np.broadcast_to(values, shape).reshape(-1))
    except ValueError:
        raise SltkError(
            f"{name} must be a number or broadcast to the targets' shape {shape}, but its shape is {values.shape}."
        ) from None


def _tolerances(given: Any, objective: str, shape: tuple[int, ...]) -> Values | None:
    if given is None:
        if objective in ("cardinality", "mass"):
            raise SltkError(
                f"objective={objective!r} needs a tolerance, but eps=None; pass eps > 0, or ask for the least error."
            )
        return None
    eps = _spread("eps", given, shape)
    if (eps <= 0).any():
        raise SltkError(
            f"solve needs eps > 0, but got eps={eps[eps <= 0][0]}; or pass eps=None with objective='error'."
        )
    return eps


def _weights(given: Any, objective: str, shape: tuple[int, ...]) -> Values:
    if objective != "weighted":
        if given is not None:
            raise SltkError(f"alpha is used by objective='weighted' only, but objective={objective!r}; leave it out.")
        return np.zeros(int(np.prod(shape)))
    if given is None:
        raise SltkError("objective='weighted' needs alpha >= 0, the price of one unit of error, but alpha=None.")
    alpha = _spread("alpha", given, shape)
    if (alpha < 0).any():
        raise SltkError(f"solve needs alpha >= 0, but got alpha={alpha[alpha < 0][0]}.")
    return alpha


def _costs(given: Any, objective: str, pool: Values, target: Values) -> Values | None:
    if objective in ("error", "cardinality"):
        if given is not None:
            raise SltkError(
                f"costs are used by objective='mass' and 'weighted', but objective={objective!r}; leave them out."
            )
        return None
    if given is None:
        return np.abs(pool)
    costs, full = array("costs", given), (*target.shape, pool.shape[-1])
    if costs.shape not in (full, full[-1:]):
        raise SltkError(
            f"costs must have one entry a pool sample, shape {full} or {full[-1:]}, but their shape is {costs.shape}."
        )
    if (costs < 0).any():
        raise SltkError(f"costs must be >= 0, but one is {costs[costs < 0][0]}; shift or clip them.")
    return costs


def _check_pool(pool: Values, target: Values, limits: Limits, objective: str) -> None:
    if pool.ndim == 0:
        raise SltkError("pool must have shape (n,) or (..., n), but it is a single number; write [x].")
    if pool.ndim > 1 and pool.shape[:-1] != target.shape:
        raise SltkError(
            f"pool must have shape (n,), shared by all targets, or the targets' shape and n, but pool has shape "
            f"{pool.shape} and target {target.shape}."
        )
    n, limit = pool.shape[-1], limits.shared if pool.ndim == 1 and objective == "error" else limits.own
    if n > limit:
        raise SltkError(
            f"solve searches pools of n <= {limit} samples here, but n={n}; pass a sub-pool such as "
            f"pool[..., :{limits.own}], or, for objective='error', one pool (n,) for all targets with "
            f"n <= {limits.shared}."
        )


def _rows(values: Values, count: int, spread: bool) -> Values:
    """Lay out as ``(count, n)``, or ``(1, n)`` for values shared by all and not to be spread."""
    n = values.shape[-1]
    if values.ndim > 1:
        return np.ascontiguousarray(values.reshape(count, n))
    return np.ascontiguousarray(np.broadcast_to(values, (count if spread else 1, n)))


def _largest(values: Values) -> float:
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def _check_range(problem: Problem, pools: Values) -> None:
    """One pass over the pools for the common case: a sum that is neither NaN nor large settles both questions."""
    n, costs = problem.pool.shape[1], problem.costs
    rough = _largest(problem.target) + n * _largest(problem.pool)
    rough += _largest(problem.alpha) * rough + (0.0 if costs is None else n * _largest(costs))
    if rough <= RANGE:
        return
    _require_finite("pool", pools)
    with np.errstate(over="ignore"):
        size = np.abs(problem.target) + np.abs(problem.pool).sum(axis=-1)
        if costs is not None:
            size = size + problem.alpha * size + costs.sum(axis=-1)
    if not (size <= RANGE).all():
        raise SltkError(
            f"|target| + sum |pool| (with alpha and costs, where given) must stay below {RANGE:.3g} for sums not "
            "to overflow; divide pool and target by a common power of two."
        )


def _with_a_zero(rows: Values) -> Values:
    """A zero sample in place of none, so that no search has to treat an empty pool."""
    return rows if rows.shape[-1] else np.zeros((*rows.shape[:-1], 1))


def _objective(name: str) -> Objective:
    for known in get_args(Objective):
        if name == known:
            return known
    raise SltkError(f"objective must be one of {', '.join(get_args(Objective))}, but got {name!r}.")


def read(pool: Any, target: Any, eps: Any, objective: str, costs: Any, alpha: Any, limits: Limits) -> Problem:
    """Check all arguments of ``solve`` and lay them out row by row."""
    aim = _objective(objective)
    targets, pools = array("target", target), floats("pool", pool)
    given = pools
    _check_pool(pools, targets, limits, objective)
    priced = _costs(costs, objective, pools, targets)
    pools, samples = _with_a_zero(pools), pools.shape[-1]
    rows = _rows(pools, targets.size, spread=priced is not None and priced.ndim > pools.ndim)
    if priced is not None:
        priced = _rows(_with_a_zero(priced), targets.size, spread=pools.ndim > 1)
    problem = Problem(
        objective=aim, pool=rows, target=np.ascontiguousarray(targets.reshape(-1)), costs=priced, shape=targets.shape,
        eps=_tolerances(eps, objective, targets.shape), alpha=_weights(alpha, objective, targets.shape),
        samples=samples, looked_up=pools.ndim == 1 and targets.ndim > 0,
    )  # fmt: skip
    _check_range(problem, given)
    return problem
