"""What is chosen for one stage: the scales of its samples, the trade of its search, and what is predicted of both."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sltk.construct.choose.cascade import Cascade
from sltk.construct.choose.rehearsal import Pools, Rehearsal, rehearse_weights, seconds_of_biases
from sltk.construct.choose.target_class import Sizes
from sltk.core.threads import threads
from sltk.networks.network import Stage

# Of the samples to the class's octave, the smallest first: where a stage is univariate, and where it picks from copies.
OFFSETS = {True: (-3, -2, -1, 0, 1, 2), False: (0, 1, 2, 3)}
BIAS_OFFSETS = (-1, 0, 1, 2, 3, 4)
TRADES = {True: (0.0001,), False: (0.003, 0.01)}  # smaller ones take longer, and gain less than the rounding


@dataclass(frozen=True)
class StageChoice:
    """One stage.

    Attributes:
        octave: of the class, which fixes the tolerance; offset: of the samples to it.
        biases: exponent of two of the samples of biases; cascade: of the coarsest constants against intercepts.
        trade: of a sum's error against its samples' sizes.
        problems: how many; kept: weights that their subsets take, expected.
        missed: expected failures among them.
        growth: ``g``: what the stage multiplies the copies' own errors with, ``T sqrt(sum v^2)``, or what it multiplies
            them with relative to the values, ``sqrt(sum v^2 / sum theta^2)``, whichever is less; 0 where its inputs
            have no copies.
        own: expected error of the copies' own, relative to their values.
        seconds: of the search, on all threads.
        first: samples of a weight's pool that are searched first.
        rehearsal: in units of the samples; ``None`` where there are no weights.
    """

    octave: int
    offset: int
    biases: int
    cascade: int
    trade: float
    problems: int
    kept: float
    missed: float
    growth: float
    own: float
    seconds: float
    first: int
    rehearsal: Rehearsal | None


Scales = tuple[tuple[int, float], tuple[int, float]]  # of weights and biases: offset, and expected failures


@dataclass(frozen=True)
class StageQuestion:
    """What is known of a stage when its scales are chosen.

    Args:
        stage: of the target, for its activation and its number of outputs.
        weights, biases: sizes of its parameters.
        pools: of weights and biases, in units of the class; the tolerance in units of the samples' own scale.
        univariate: whether it starts with a univariate layer.
        allowed: expected failures that it may have.
        cascade: of its constants where univariate neurons have intercepts.
    """

    stage: Stage
    weights: Sizes
    biases: Sizes
    pools: Mapping[str, Pools]
    univariate: bool
    allowed: float
    before: float = 0.0
    cascade: Cascade | None = None

    @property
    def samples(self) -> int:
        """Of a weight's pool; 1 where there are no weights."""
        return self.pools["weight"].family.n if "weight" in self.pools else 1

    @property
    def copies(self) -> int:
        """Of its neurons; 1 where it has no parameters."""
        return max((pools.family.copies for pools in self.pools.values()), default=1)

    def of_copies(self, first: int, read: int) -> "StageQuestion":
        """The same where weights are searched over the ``first`` copies below, for ``read`` copies of its neurons."""
        pools = {kind: pools.for_copies(read) for kind, pools in self.pools.items()}
        if "weight" in pools:
            pools["weight"] = pools["weight"].smallest(first)
        return replace(self, pools=pools)

    def scales(self) -> Scales:
        """Smallest samples that reach the parameters, and those that reach the biases; whatever is below."""
        octave, pools, constants = self.weights.octave, self.pools.get("weight"), self.pools.get("bias")
        own = (constants, self.biases, octave, self.biases.octave, BIAS_OFFSETS, 0.25 * self.allowed)
        of_weights = (pools, self.weights, octave, octave, OFFSETS[self.univariate], 0.75 * self.allowed)
        return _smallest(*of_weights), _smallest(*own)

    def choose(self, scales: Scales) -> StageChoice:
        """The trade with the least own error for those samples."""
        octave, pools, constants = self.weights.octave, self.pools.get("weight"), self.pools.get("bias")
        (offset, missed), (shift, missed_biases) = scales
        problems, kept, seconds, growth, after = 0, 0.0, 0.0, 0.0, self.before
        trade, rehearsal, coarse = TRADES[self.univariate][0], None, (0, 0.0)
        if pools is not None:
            sizes = self.weights.in_units(octave + offset)
            trade, rehearsal = self._trade(pools, sizes)
            growth, after = self._growth(rehearsal, sizes)
            problems = pools.family.copies * pools.family.sides * sizes.total
            ends, counts = sizes.largest()
            each = (rehearsal.at(what, ends) for what in (rehearsal.seconds, rehearsal.taken))
            seconds, kept = (pools.family.copies * pools.family.sides * float((counts * of).sum()) for of in each)
            coarse = self._coarsest(rehearsal, sizes, octave + offset)
        if constants is not None:
            count = constants.family.copies * self.biases.total
            problems, seconds = problems + count, seconds + count * seconds_of_biases(constants)
        return StageChoice(
            octave, offset, self.biases.octave + shift, coarse[0], trade, problems, kept,
            missed + missed_biases + coarse[1], growth, after, seconds / threads(), self.samples, rehearsal,
        )  # fmt: skip

    def _trade(self, pools: Pools, sizes: Sizes) -> tuple[float, Rehearsal]:
        tried = {trade: rehearse_weights(pools, trade) for trade in TRADES[self.univariate]}

        best = min(tried, key=lambda trade: own_variance(tried[trade], sizes, self.before))
        return best, tried[best]

    def _coarsest(self, rehearsal: Rehearsal, sizes: Sizes, unit: int) -> tuple[int, float]:
        """Exponent of the constants against intercepts, and their expected failures; 0 where there are none."""
        if self.cascade is None:
            return 0, 0.0
        ends, counts = sizes.largest()
        copies, outputs = self.pools["weight"].family.copies, self.stage.affine.geometry.shape[0]
        square = float((counts * rehearsal.at(rehearsal.square, ends)).sum()) / outputs
        exponent, missed = self.cascade.coarsest(square, copies * outputs, 0.25 * self.allowed)
        return unit + exponent, missed

    def _growth(self, rehearsal: Rehearsal, sizes: Sizes) -> tuple[float, float]:
        error, square, parameters = _means(rehearsal, sizes)
        phi, outputs = self.stage.activation, self.stage.affine.geometry.shape[0]
        lipschitz = 1.0 if phi is None else phi.lipschitz
        relative, absolute = math.sqrt(square / parameters), lipschitz * math.sqrt(square * sizes.total / outputs)
        growth = 0.0 if self.univariate else min(relative, absolute)
        handed_on = 0.0 if self.univariate else square * self.before**2
        return growth, math.sqrt((error + handed_on) / parameters)


def own_variance(rehearsal: Rehearsal, sizes: Sizes, before: float) -> float:
    """Mean square of what the copies of a neuron do not share, a parameter, in units of the samples.

    Args:
        rehearsal: of the samples; sizes: of the parameters, in the same units.
        before: what the copies below do not share, relative to their values.
    """
    error, square, _ = _means(rehearsal, sizes)
    return error + square * before**2


def _smallest(
    pools: Pools | None, sizes: Sizes, octave: int, own: int, offsets: Sequence[int], allowed: float
) -> tuple[int, float]:
    """The smallest offset to ``own`` with at most ``allowed`` failures, else the last; ``octave`` has the tolerance."""
    missed = 0.0
    if pools is None or not sizes.total:
        return 0, missed
    for offset in offsets:
        exponent = own + offset
        missed = pools.within(math.ldexp(1.0, octave - exponent)).missed(sizes.in_units(exponent))
        if missed <= allowed:
            return offset, missed
    return offsets[-1], missed


def _means(rehearsal: Rehearsal, sizes: Sizes) -> tuple[float, float, float]:
    """Mean squares over the parameters, in units of the samples: of their errors, ``sum v^2``, and themselves."""
    ends, counts = sizes.largest()
    share = counts / counts.sum()
    error, square = rehearsal.at(rehearsal.error_sq, ends), rehearsal.at(rehearsal.square, ends)
    middle = ends / 2.0**0.25
    return float((share * error).sum()), float((share * square).sum()), float((share * middle**2).sum())
