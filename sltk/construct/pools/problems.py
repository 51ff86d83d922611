"""The problems of a construction by stage and kind, with the law of their pools, before any source is drawn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sltk.construct.methods.roles import Constants, Role, SourcePlan
from sltk.construct.pools.places import constant_places, of_sign, picked
from sltk.construct.recipe import Search
from sltk.core.numerics.arrays import Values
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.affine import Affine
from sltk.networks.network import Network
from sltk.subset_sum.laws import Law
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


def problem_families(
    network: Network, plan: SourcePlan, law: Law, tolerances: Sequence[float], search: Search
) -> tuple[tuple[ProblemFamily, ...], tuple[str, ...]]:
    """The problems of a construction by stage and kind, and in words those that are left out.

    Args:
        network: the target.
        plan, law: of the source.
        tolerances: of the parameters, by stage.
        search: says which parameters are left out.
    """
    families, left_out = list[ProblemFamily](), list[str]()
    for role in plan.roles:
        tolerance = tolerances[role.stage]
        prune = search.pruned(tolerance)
        affine = network.stages[role.stage].affine
        families.append(_weights(plan, role, law, affine, tolerance, prune))
        if role.constants is None:
            continue
        if role.intercept != 0.0:
            assert role.activation is not None
            left_out.append(f"biases of stage {role.stage + 1}: intercepts of {role.activation.name} make them random")
        else:
            families += [
                _biases(plan, role, role.constants, law, affine, (tolerance, prune, len(taps))) for taps in role.phases
            ]
    return tuple(family for family in families if family.problems), tuple(left_out)


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
    weight = affine.weight.numpy().reshape(role.outputs, role.fan, role.inner)
    j, i, s = np.nonzero(np.abs(weight) > prune)
    parameter, i = weight[j, i, s], role.input_of(j, i)
    scale = plan.layers[role.combine].column_factors[: role.samples]
    one, shared = role.sums[0], None
    if role.first is not None:
        shared = _incoming(law, role)
        scale = scale * math.ldexp(1.0, plan.layers[role.first].columns[0][1])
    return ProblemFamily(
        role.stage, "weight", parameter / one.slope, tolerance / one.gain, i, role.copies_out, len(role.sums),
        role.samples, law, scale, shared,
    )  # fmt: skip


def _incoming(law: Law, role: Role) -> Shared:
    """Weights into the first n usable copies of an input, by side; 0 where there are fewer."""

    def draw(generator: np.random.Generator, count: int) -> Values:
        drawn = law.sample(generator, (count, role.copies_in))
        return np.stack([picked(drawn, of_sign(drawn, one.sign, role.samples)) for one in role.sums], axis=1)

    return draw


def _biases(
    plan: SourcePlan, role: Role, constants: Constants, law: Law, affine: Affine, limits: tuple[float, float, int]
) -> ProblemFamily:
    tolerance, prune, taps = limits
    bias = affine.bias.numpy()
    target = bias[np.abs(bias) > prune]
    factors = plan.layers[role.combine].column_factors[role.inputs * role.copies_in :]
    shared = None
    if constants.intercept:
        value = abs(constants.activation.intercept)
        scale = value * factors[constant_places(np.full((1, constants.count), value), taps, constants.samples)[0][0]]
    else:
        scale, shared = np.ones(min(constants.samples, constants.count * taps)), _emitted(law, constants, taps, factors)
    none = np.zeros(target.size, dtype=np.int64)
    return ProblemFamily(
        role.stage, "bias", target, tolerance, none, role.copies_out, 1, scale.size, law, scale, shared, role.below
    )


def _emitted(law: Law, constants: Constants, taps: int, factors: Values) -> Shared:
    """Constants ``phi(b)``, times the factors of their weights, as the samples of a pool read them."""

    def draw(generator: np.random.Generator, count: int) -> Values:
        drawn = constants.activation(tensor_of(law.sample(generator, (count, constants.count)))).numpy()
        return picked(drawn * factors, constant_places(drawn, taps, constants.samples)[0])[:, None, :]

    return draw
