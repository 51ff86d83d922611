r"""Machine-certified sizes by second moments: first cover most of a wide interval, then hand over.

Theorem. Split the law into bins ``[w g, w (g + 1)]``: with probability ``q_g`` (below the law's least density in the
bin, times w) a sample is uniform in bin g, otherwise it is idle. Draw until ``m`` samples are not idle, and then
``k`` more. Given the counts ``c`` of the bins, a target z that no sum comes within r of has
``N(z) = sum_I W_I 1{|x_I - z| <= r} = 0`` for all weights ``W_I``. So ``1{z missed} <= (1 - N(z))^2``, and with
``mu = alpha 1_J + beta 1_K`` of ``sltk.subset_sum.widths.handover`` or, with wide intervals by stratum, of
``sltk.subset_sum.widths.handover_iteration``,

    ``P(some target of the window is missed | c) <= int mu(z) E (1 - N(z))^2 dz = mu(K) - 2 W.b + W.Q W``.

The weights are those of ``sltk.subset_sum.widths.moment_stratum``, b and Q come from its ``moment_table``; W is chosen
by least squares, any W gives a bound. The counts are multinomial. The number of draws until m samples are in use is a
stopping time, so the k later ones are fresh; ``n`` samples fail to contain both with probability
``P(Bin(n - k, q) < m)``, ``q = sum q_g``.

Why it is rigorous: what is added up is positive, or its rounding is bounded and added on the unsafe side
(``ENTRY_ERROR``). See ``docs/width-certificate.md``.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Values
from sltk.core.statistics.binomial import lower_tail
from sltk.subset_sum.laws import Law
from sltk.subset_sum.widths.handover import handover
from sltk.subset_sum.widths.handover_iteration import iterated_handover
from sltk.subset_sum.widths.moment_stratum import stratum_failure
from sltk.subset_sum.widths.moment_table import BINS, PairTable, Targets

_RARE = 1e-8  # strata below this probability count as failures: not worth their time
_REL = 1.0 + 1e-9  # the sum over strata, multinomial probabilities included


@dataclass(frozen=True)
class Wide:
    """The wide interval of the strata whose scarcer sign has at most ``scarce`` samples (and no earlier one's).

    Attributes:
        scarce: how many samples of the scarcer sign a stratum of this class has at most.
        far: half the length of the wide interval.
        share: how much more of it than of the window is expected to be missing; it only sets what is minimised.
    """

    scarce: int
    far: float
    share: float = 1.3


@dataclass(frozen=True)
class Stratified:
    """How the samples are used.

    Attributes:
        samples: m, samples in use before the hand-over.
        rest: k, samples after it.
        slack: s, in the units of the law; the balls have radius ``eps - s``.
        far: half the length of the wide interval; not used where ``wide`` is given.
        width: w of the bins.
        lows: low ends of the bins in units of w, such as ``(-2, -1, 0, 1)``; at most four, strictly
            increasing and symmetric about 0.
        wide: wide intervals by stratum, the last for all that are left: then the hand-over is iterated and the weights
            depend on the rest of the pool.
    """

    samples: int
    rest: int
    slack: float
    far: float
    width: float
    lows: tuple[int, ...]
    wide: tuple[Wide, ...] = ()


def bin_weights(law: Law, plan: Stratified) -> Values:
    """``q_g``: the least density on bin g, times w, less a relative ``1e-12`` for its rounding.

    The bins must be disjoint, or a sample would be counted twice, and in order, or what is mirrored is not the mirror
    image: of ``(-1, -1, 0, 0)`` and ``(0, -1, -2, 1)`` the certificate would prove what is false.

    Raises:
        SltkError: a law that is not unimodal, bins that do not increase or are not symmetric, or a total above 1.
    """
    lows, mirrored = plan.lows, tuple(-1 - g for g in reversed(plan.lows))
    increasing = all(low < high for low, high in itertools.pairwise(lows))
    if not law.unimodal or not increasing or mirrored != lows or not 0 < len(lows) <= BINS or not plan.width > 0.0:
        raise SltkError(
            f"the second-moment certificate needs a symmetric unimodal law and at most {BINS} bins of width > 0 with "
            f"strictly increasing low ends, symmetric about 0, but got {law.spec()}, width={plan.width} and "
            f"lows={lows}; two bins are (-1, 0)."
        )
    ends = np.array([max(abs(g), abs(g + 1)) for g in lows]) * plan.width
    weights = law.density(ends) * plan.width * (1.0 - 1e-12)
    if not weights.sum() <= 1.0:
        raise SltkError(f"the bins of {plan} weigh {weights.sum()} under {law.spec()}, above 1; its density is wrong.")
    return np.minimum(weights, weights[::-1])


def moment_failure(n: int, eps: float, law: Law, window: float, plan: Stratified) -> float:
    """Upper bound of ``P(some z in [-window/2, window/2] is farther than eps from S(x))`` for ``n`` samples.

    Args:
        n: samples.
        eps: tolerance, in the units of ``law``.
        law: symmetric and unimodal, taken as continuous.
        window: length of the interval of targets.
        plan: how the samples are used; ``n >= samples + rest``.

    Raises:
        SltkError: a plan that does not fit ``n``, ``eps`` or ``window``.
    """
    near, ends = 0.5 * window + plan.slack, [wide.far for wide in plan.wide] or [plan.far]
    if n < plan.samples + plan.rest or not 0.0 < plan.slack < eps or min(ends) < near:
        raise SltkError(f"{plan} does not fit n={n}, eps={eps}, window={window}; see the attributes of Stratified.")
    if plan.wide and plan.wide[-1].scarce < plan.samples // 2:
        raise SltkError(f"the last of wide={plan.wide} must take all strata: scarce >= {plan.samples // 2}.")
    weights = bin_weights(law, plan)
    used = float(weights.sum())
    idle = float(lower_tail(np.array(n - plan.rest), np.array(plan.samples - 1), used))
    total = sum(_over_strata(case, weights / used) for case in _cases(eps, law, near, plan))
    return min(1.0, (idle + total) * _REL)


@dataclass(frozen=True)
class _Case:
    """Strata with ``after < scarcer sign's samples <= scarce``, their table, and the failure that is certain."""

    table: PairTable
    base: float
    after: int
    scarce: int


def _cases(eps: float, law: Law, near: float, plan: Stratified) -> Iterator[_Case]:
    radius = (eps - plan.slack) * (1.0 - 1e-12)  # radius and slack add up to less than eps, whatever was rounded
    if not plan.wide:
        pair = handover(law, plan.rest, plan.slack, near, plan.far)
        targets = Targets(near, plan.far, pair.inner, pair.outer)
        yield _Case(PairTable(plan.samples, plan.width, plan.lows, radius, targets), 0.0, -1, plan.samples)
    after = -1
    for wide in plan.wide:
        lines = iterated_handover(law, plan.rest, plan.slack, near, wide.far, wide.share)
        targets = Targets(near, wide.far, lines.inner, lines.outer)
        table = PairTable(plan.samples, plan.width, plan.lows, radius, targets, statistics=True)
        yield _Case(table, lines.base, after, wide.scarce)
        after = wide.scarce


def _over_strata(case: _Case, share: Values) -> float:
    table, total = case.table, 0.0
    for counts in _strata(table.samples, len(table.lows)):
        mirrored = counts[::-1]
        negative = sum(c for c, g in zip(counts, table.lows, strict=True) if g < 0)
        if counts <= mirrored and case.after < min(negative, table.samples - negative) <= case.scarce:
            p = _multinomial(counts, share) * (1.0 if counts == mirrored else 2.0)
            total += p * (min(1.0, stratum_failure(table, counts) + case.base) if p > _RARE else 1.0)
    return total


def _strata(samples: int, bins: int) -> Iterator[tuple[int, ...]]:
    for head in itertools.product(range(samples + 1), repeat=bins - 1):
        if sum(head) <= samples:
            yield (*head, samples - sum(head))


def _multinomial(counts: tuple[int, ...], share: Values) -> float:
    ways = math.factorial(sum(counts)) // math.prod(math.factorial(c) for c in counts)
    return ways * math.prod(float(q) ** c for c, q in zip(counts, share, strict=True))
