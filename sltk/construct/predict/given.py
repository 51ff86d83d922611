r"""Expected failures of a stage where what its problems share is given: univariate weights, or constants.

Given the factors ``f`` that a pool's outgoing weights are multiplied with, ``p(z | f)`` is the probability that no
subset comes near z, and the stage's problems fail ``L = R sum_theta p(theta | f)`` times on average (R copies). All
targets of one group read the same factors, so one pool is asked about all of them: the errors of a sum need no
independence to have mean 0. Where the law is symmetric the samples' signs are fair coins, independent of their sizes
and of f; pools fail where samples of the target's sign are scarce, so the number K of those is drawn from another law
q, and a trial counts ``P(K) / q(K)``. At most four, since a quarter of q is the true law. That makes 1e-4 a matter of a
few hundred pools. By symmetry a target may be taken by its size.

Success: ``(1 - L/R)_+^R <= prod_theta (1 - p(theta | f))^R <= exp(-L)``, since a sum of concave ``log(1 - p)`` is least
where one target has all of it.

Source: derived for this project and provable as stated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sltk.construct.pools.problems import ProblemFamily
from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.rng import stream
from sltk.subset_sum.missed import missed

special = later("scipy.special")

Factors = Callable[[np.random.Generator, Indices, Indices], Values]
"""``(generator, (r,) rows, (r, k) groups) -> (r, k, sides, n)``: the factors of k groups of each of these rows."""

PILOT = 32  # pools for each number of samples of the target's sign
FALL = 8.0  # by which failures are taken to get rarer with one more such sample, where the pilot saw none
TRUE_SHARE = 0.25  # of the true law in q
CHUNK = 2**15  # pools at a time


@dataclass(frozen=True)
class Tilted:
    """The law q of the number of samples that have their target's sign.

    Args:
        share: ``(n + 1,)`` q(K); ratio: ``P(K) / q(K)``.
    """

    share: Values
    ratio: Values


@dataclass(frozen=True)
class Targets:
    """Sizes of the targets by group, ``(groups, most)``, and how many there are of each."""

    size: Values
    count: Indices

    @classmethod
    def of(cls, part: ProblemFamily) -> "Targets":
        """Those of a family, in the order of ``np.unique(part.group)``."""
        _, group, count = np.unique(part.group, return_inverse=True, return_counts=True)
        size = np.zeros((count.size, int(count.max())))
        order = np.argsort(group, kind="stable")
        place = np.arange(group.size) - np.repeat(np.cumsum(count) - count, count)
        size[group[order], place] = np.abs(part.targets[order])
        return cls(size, count.astype(np.int64))


def fresh(part: ProblemFamily) -> Factors:
    """Factors drawn anew for every row and group."""
    draw = part.shared
    if draw is None:
        raise SltkError(f"the {part.kind} problems of stage {part.stage + 1} share nothing; split their pools instead.")

    def factors(generator: np.random.Generator, rows: Indices, groups: Indices) -> Values:
        return draw(generator, groups.size).reshape(*groups.shape, part.sides, part.n)

    return factors


def failures_given(part: ProblemFamily, factors: Factors, rows: int, trials: int, seed: int = 0) -> Values:
    """Estimates of ``L``, ``(rows, trials)``: one from each pool, unbiased given the factors of its row.

    Trials of a row are independent given its factors, but for this: where there are at most as many groups as trials,
    all groups are looked at equally often, and where there are more, none twice.

    Args:
        part: problems with a symmetric law that share something.
        factors: what they share, row by row.
        rows: sets of factors.
        trials: pools for each row.
        seed: of the named stream.

    Raises:
        SltkError: a law that is not symmetric, or numbers below 1.
    """
    if not part.law.symmetric or min(rows, trials) < 1:
        raise SltkError(
            f"failures_given needs a symmetric law and rows, trials >= 1, but got {part.law.spec()}, {rows}, {trials}."
        )
    generator = stream(seed, "given", part.stage, part.kind, part.n)
    pools = _Pools(part, Targets.of(part), tilted_for(part, generator))
    each = max(1, CHUNK // trials)
    blocks = [np.arange(start, min(start + each, rows)) for start in range(0, rows, each)]
    return np.concatenate([pools.failed(factors, block, trials, generator) for block in blocks])


def tilted_for(part: ProblemFamily, generator: np.random.Generator) -> Tilted:
    """The law q, from pools of which each K has as many; it decides how much a trial is worth, not its mean."""
    n, targets = part.n, Targets.of(part)
    positive = np.repeat(np.arange(n + 1), PILOT)
    true = np.asarray(special.comb(n, np.arange(n + 1))) / 2.0**n
    groups = generator.integers(targets.count.size, size=(positive.size, 1))
    own = fresh(part)(generator, np.arange(positive.size), groups)[:, 0, 0]
    count = _Pools(part, targets, Tilted(true, true)).missing(generator, own, groups[:, 0], positive)
    square = (count.reshape(n + 1, PILOT) ** 2.0).mean(axis=1)
    least = float(targets.count.mean()) / PILOT
    worth = true * np.sqrt(np.maximum(_falling(square, least), _falling(square[::-1], least)[::-1]))
    share = (1.0 - TRUE_SHARE) * worth / worth.sum() + TRUE_SHARE * true
    return Tilted(share, true / share)


def _falling(square: Values, least: float) -> Values:
    """``square`` from its start on, each at least its predecessor over ``FALL``: where none were seen, some may be."""
    found = np.maximum(square, 0.0)
    found[0] = max(found[0], least)
    for k in range(1, found.size):
        found[k] = max(found[k], found[k - 1] / FALL)
    return found


@dataclass(frozen=True)
class _Pools:
    part: ProblemFamily
    targets: Targets
    tilted: Tilted

    def failed(self, factors: Factors, rows: Indices, trials: int, generator: np.random.Generator) -> Values:
        """``(rows, trials)``: each an unbiased estimate of its row's expected failures, from one pool."""
        part, groups = self.part, self.targets.count.size
        looked, shape = min(trials, groups), (rows.size, trials)
        chosen = generator.permuted(np.broadcast_to(np.arange(groups), (rows.size, groups)), axis=1)[:, :looked]
        held = factors(generator, rows, chosen)
        row, slot = np.arange(rows.size)[:, None], np.broadcast_to(np.arange(trials) % looked, shape)
        own = held[row, slot, generator.integers(part.sides, size=shape)].reshape(-1, part.n)
        positive = generator.choice(part.n + 1, p=self.tilted.share, size=len(own))
        count = self.missing(generator, own, chosen[row, slot].reshape(-1), positive)
        return (groups * part.sides * part.copies * self.tilted.ratio[positive] * count).reshape(shape)

    def missing(self, generator: np.random.Generator, own: Values, group: Indices, positive: Indices) -> Values:
        """How many targets of its group each pool misses, ``positive`` of its samples having their sign."""
        part = self.part
        size = np.abs(part.law.sample(generator, own.shape) * (part.scale * own))
        pool = np.where(generator.random(own.shape).argsort(axis=1) < positive[:, None], size, -size)
        missing = missed(pool, self.targets.size[group], part.eps, self.targets.count[group])
        return missing.sum(axis=1).astype(np.float64)
