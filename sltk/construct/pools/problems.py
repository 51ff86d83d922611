"""The problems of a construction by stage and kind, with the law of their pools, before any source is drawn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sltk.construct.methods.roles import Constants, Role, SourcePlan
from sltk.construct.recipe import Recipe
from sltk.core.arrays import Values
from sltk.networks.affine import Affine
from sltk.networks.network import Network
from sltk.subset_sum.laws import Law, parse_law
from sltk.subset_sum.probability import PoolDraw

Shared = Callable[[np.random.Generator, int], Values]  # (generator, count) -> (count, sides, n) factors
ParameterKind = Literal["weight", "bias"]


@dataclass(frozen=True)
class ProblemFamily:
    """The problems of one stage that have one kind of pool.

    Args:
        stage, kind: which parameters of the target.
        targets: ``(m,)`` in units of the sums; eps: tolerance in the same units.
        group: ``(m,)`` which draw of the shared factors a problem reads.
        copies: problems with the same target and the same shared factors.
        sides: sums a parameter needs, each with its own shared factors.
        n: samples of a pool.
        law: of the outgoing weights; scale: their powers of two by sample, and a constant factor if there is one.
        shared: random factors that the problems of a group have in common; ``None`` where pools are independent.
        origin: layer of the source that the constants of biases are in, -1 where there are none of their own: the two
            ways around a block read the same ones.
    """

    stage: int
    kind: ParameterKind
    targets: Values
    eps: float
    group: NDArray[np.int64]
    copies: int
    sides: int
    n: int
    law: Law
    scale: Values
    shared: Shared | None
    origin: int = -1

    @property
    def problems(self) -> int:
        """Number of subset-sum problems."""
        return self.targets.size * self.copies * self.sides

    def marginal(self) -> PoolDraw:
        """One pool with everything random, a side drawn at random where there are two."""

        def draw(generator: np.random.Generator, count: int) -> Values:
            outgoing = self.scale * self.law.sample(generator, (count, self.n))
            if self.shared is None:
                return outgoing
            factors = self.shared(generator, count)
            return outgoing * factors[np.arange(count), generator.integers(self.sides, size=count)]

        return draw


def problem_parts(
    network: Network,
    recipe: Recipe,
    plan: SourcePlan,
    tolerances: Sequence[float] | None = None,
    prune_below: float | None = None,
) -> tuple[tuple[ProblemFamily, ...], tuple[str, ...]]:
    """The problems of a construction by stage and kind, and in words those that are left out.

    Raises:
        SltkError: the recipe aims at a sup error and no tolerances are given.
    """
    by_stage = recipe.stage_tolerances(len(network.stages), tolerances, "a prediction")
    law, parts, left_out = parse_law(recipe.law), [], []
    for role in plan.roles:
        tolerance = by_stage[role.stage]
        prune = tolerance if prune_below is None else prune_below
        affine = network.stages[role.stage].affine
        parts.append(_weights(plan, role, law, affine, tolerance, prune))
        if role.constants is None:
            continue
        if role.activation is not None and role.activation.intercept != 0.0:
            left_out.append(f"biases of stage {role.stage + 1}: intercepts of {role.activation.name} make them random")
        else:
            parts.append(_biases(plan, role, role.constants, law, affine, tolerance, prune))
    return tuple(part for part in parts if part.problems), tuple(left_out)


def joined(parts: Sequence[ProblemFamily]) -> tuple[tuple[ProblemFamily, ...], tuple[str, ...]]:
    """Biases that share their constants as one part, and in words those whose pools differ too much for that."""
    found: list[ProblemFamily] = []
    apart: list[str] = []
    for part in parts:
        same = [i for i, other in enumerate(found) if part.shared is not None and part.origin == other.origin >= 0]
        if not same:
            found.append(part)
        elif _alike(found[same[0]], part):
            first = found[same[0]]
            targets, group = np.concatenate([first.targets, part.targets]), np.concatenate([first.group, part.group])
            found[same[0]] = replace(first, targets=targets, group=group)
        else:
            found.append(part)
            apart.append(f"biases of stages {found[same[0]].stage + 1} and {part.stage + 1} share constants; taken as "
                         "independent")  # fmt: skip
    return tuple(found), tuple(apart)


def _alike(one: ProblemFamily, other: ProblemFamily) -> bool:
    same = (one.eps, one.copies, one.n) == (other.eps, other.copies, other.n)
    return same and np.array_equal(one.scale, other.scale)


def _weights(plan: SourcePlan, role: Role, law: Law, affine: Affine, tolerance: float, prune: float) -> ProblemFamily:
    weight = affine.weight.numpy().reshape(role.outputs, role.inputs, role.inner)
    j, i, s = np.nonzero(np.abs(weight) > prune)
    scale = plan.layers[role.combine].column_factors[: role.samples]
    slope, spread, sides, shared = 1.0, 1.0, 1, None
    if role.first is not None:
        slope, spread, sides = _slopes(role)
        shared = _incoming(law, role)
        scale = scale * math.ldexp(1.0, plan.layers[role.first].columns[0][1])
    return ProblemFamily(
        role.stage, "weight", weight[j, i, s] / slope, tolerance / spread, i, role.copies_out, sides,
        role.samples, law, scale, shared,
    )  # fmt: skip


def _slopes(role: Role) -> tuple[float, float, int]:
    """What a parameter is divided by, what its tolerance is divided by, and the number of sums."""
    phi = role.activation
    assert phi is not None
    right, left = phi.slope_positive, phi.slope_negative
    if role.sides == "split":
        return right + left, abs(right) + abs(left), 2
    slope = left if role.sides == "negative" else right
    return slope, abs(slope), 1


def _incoming(law: Law, role: Role) -> Shared:
    """Weights into the first n usable copies of an input, by side; 0 where there are fewer."""
    signs = {"smooth": (0.0,), "split": (1.0, -1.0), "positive": (1.0,), "negative": (-1.0,)}[role.sides]

    def draw(generator: np.random.Generator, count: int) -> Values:
        drawn = law.sample(generator, (count, role.copies_in))
        if role.sides == "smooth":
            return drawn[:, None, : role.samples]
        return np.stack([_first(drawn, np.sign(drawn) == sign, role.samples) for sign in signs], axis=1)

    return draw


def _first(drawn: Values, wanted: NDArray[np.bool_], samples: int) -> Values:
    """The first ``samples`` wanted numbers of each row, padded with zeros."""
    rank = np.cumsum(wanted, axis=1)
    row, column = np.nonzero(wanted & (rank <= samples))
    picked = np.zeros((drawn.shape[0], samples))
    picked[row, rank[row, column] - 1] = drawn[row, column]
    return picked


def _biases(
    plan: SourcePlan, role: Role, constants: Constants, law: Law, affine: Affine, tolerance: float, prune: float
) -> ProblemFamily:
    bias = affine.bias.numpy()
    target = bias[np.abs(bias) > prune]
    factors = plan.layers[role.combine].column_factors[role.inputs * role.copies_in :]
    n, shared = min(constants.samples, constants.count * len(role.taps)), None
    if constants.intercept:
        scale = abs(constants.activation.intercept) * factors[np.arange(n) % constants.count]
    else:
        scale, shared = np.ones(n), _emitted(law, constants, len(role.taps), factors)
    none = np.zeros(target.size, dtype=np.int64)
    return ProblemFamily(
        role.stage, "bias", target, tolerance, none, role.copies_out, 1, n, law, scale, shared, role.below
    )


def _emitted(law: Law, constants: Constants, taps: int, factors: Values) -> Shared:
    """Constants ``phi(b)`` that are not zero, times the factors of their weights, over every tap in turn, up to the
    samples of a pool."""
    n = min(constants.samples, constants.count * taps)

    def draw(generator: np.random.Generator, count: int) -> Values:
        drawn = constants.activation(torch.from_numpy(law.sample(generator, (count, constants.count)))).numpy()
        usable = np.count_nonzero(drawn, axis=1)[:, None]
        packed = _first(drawn * factors, drawn != 0.0, constants.count)
        sample = np.arange(n)
        values = np.take_along_axis(packed, sample % np.maximum(usable, 1), axis=1)
        return np.where(sample < usable * taps, values, 0.0)[:, None, :]

    return draw
