"""The scale of the constants that absorb what the intercepts of univariate neurons bring along.

Every chosen sample ``v`` adds ``v d`` to its neuron, ``d = phi(0)``, and constants of the same ``d`` have to take it
away. In the worst case all samples of half of each pool agree in sign, and constants for that are hundreds of times
larger than what is there: their own sum then rounds more than all the rest of the stage. Which sign a sample has is,
given its pool's products, that of a symmetric draw, so that the sum over a neuron's parameters has mean 0 and the
variance ``sum v^2`` of rehearsed subsets; it is taken to be normal, whose tails are heavier than those of a sum of
bounded terms.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from sltk.construct.choose.obstructed import obstruction_probability
from sltk.construct.methods.scales import CASCADE_SAMPLES
from sltk.core.numerics.arrays import Values
from sltk.subset_sum.laws import Law

LEVELS = 512  # of the normal's size, at equal steps up to MOST
MOST = 8.0
SPREAD = 2.0  # a neuron's own deviation over the root mean square of its layer's


@dataclass(frozen=True)
class Cascade:
    """The constants against the intercepts of one stage.

    Attributes:
        law: of the weights.
        down: exponent of two of the weights into the univariate neurons.
    """

    law: Law
    down: int

    def coarsest(self, square: float, neurons: int, allowed: float) -> tuple[int, float]:
        """The smallest exponent of two of the coarsest pool, and the failures expected of it.

        Args:
            square: ``sum (v w)^2`` over the chosen samples of a neuron, in the mean of the layer, as if ``w`` were the
                largest weight of its scale but for the law.
            neurons: whose intercepts are to be absorbed.
            allowed: expected failures.
        """
        deviation = SPREAD * math.ldexp(math.sqrt(square), -self.down)
        if deviation == 0.0:
            return 0, 0.0
        exponent = math.ceil(math.log2(deviation / self.law.high)) - 2
        while (missed := neurons * _missed(self.law, math.ldexp(deviation, -exponent))) > allowed:
            exponent += 1
        return exponent, missed


@lru_cache(maxsize=1024)
def _missed(law: Law, deviation: float) -> float:
    """Probability that one pool of scale 1 cannot reach a normal target of this deviation."""
    size: Values = np.arange(1, LEVELS + 1, dtype=np.float64) * (MOST / LEVELS)
    normal = NormalDist()
    beyond = np.array([2.0 * (1.0 - normal.cdf(float(z))) for z in (*(size - MOST / LEVELS), MOST)])
    reached = obstruction_probability(law, np.ones((1, CASCADE_SAMPLES)), deviation * size)
    return float((-np.diff(beyond) * reached).sum() + beyond[-1])
