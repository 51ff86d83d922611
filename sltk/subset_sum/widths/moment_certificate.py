r"""Machine-certified sizes by second moments: first cover most of a wide interval, then hand over.

Theorem. Split the law into bins ``[w g, w (g + 1)]``: with probability ``q_g`` (below the law's least density in the
bin, times w) a sample is uniform in bin g, otherwise it is idle. Draw until ``m`` samples are not idle, and then
``k`` more. Given the counts ``c`` of the bins, and with weights ``W_I`` that depend on the kind of a subset I only, a
target z that no sum comes within r of has ``N(z) = sum_I W_I 1{|x_I - z| <= r} = 0``. So ``1{z missed} <=
(1 - N(z))^2``, and with ``mu = alpha 1_J + beta 1_K`` of ``sltk.subset_sum.widths.handover``

    ``P(some target of the window is missed | c) <= int mu(z) E (1 - N(z))^2 dz = mu(K) - 2 W.b + W.Q W``.

The entries of b and Q are those of ``sltk.subset_sum.widths.moment_table``; W is chosen by least squares, any W gives a
bound. The counts are multinomial. The number of draws until m samples are in use is a stopping time, so the k later
ones are fresh; ``n`` samples fail to contain both with probability ``P(Bin(n - k, q) < m)``, ``q = sum q_g``.

Why it is rigorous: everything that is added up is positive, or its rounding is bounded and added on the unsafe side
(``ENTRY_ERROR``, ``_SUMMATION``). See ``docs/width-certificate.md``.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg  # pyright: ignore[reportMissingTypeStubs]

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.statistics.binomial import lower_tail
from sltk.subset_sum.laws import Law
from sltk.subset_sum.widths.handover import handover
from sltk.subset_sum.widths.moment_kernel import collect
from sltk.subset_sum.widths.moment_table import ENTRY_ERROR, PairTable, Targets

BINS = 4  # the kernel's; fewer are filled up with bins that hold nothing
_SUMMATION = 2e-8  # relative; at most 1e8 positive terms are added, each addition within 2^-53
_RARE = 1e-8  # strata below this probability count as failures: not worth their time
_RIDGE = 1e-10  # keeps the least squares solvable and the weights small
_REL = 1.0 + 1e-9  # the sum over strata, multinomial probabilities included


@dataclass(frozen=True)
class Stratified:
    """How the samples are used.

    Attributes:
        samples: m, samples in use before the hand-over.
        rest: k, samples after it.
        slack: s, in the units of the law; the balls have radius ``eps - s``.
        far: half the length of the wide interval.
        width: w of the bins.
        lows: low ends of the bins in units of w, such as ``(-2, -1, 0, 1)``; at most four, strictly
            increasing and symmetric about 0.
    """

    samples: int
    rest: int
    slack: float
    far: float
    width: float
    lows: tuple[int, ...]


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
    near = 0.5 * window + plan.slack
    if n < plan.samples + plan.rest or not 0.0 < plan.slack < eps or plan.far < near:
        raise SltkError(f"{plan} does not fit n={n}, eps={eps}, window={window}; see the attributes of Stratified.")
    weights = bin_weights(law, plan)
    used = float(weights.sum())
    idle = float(lower_tail(np.array(n - plan.rest), np.array(plan.samples - 1), used))
    pair = handover(law, plan.rest, plan.slack, near, plan.far)
    radius = (eps - plan.slack) * (1.0 - 1e-12)  # radius and slack add up to less than eps, whatever was rounded
    table = PairTable(plan.samples, plan.width, plan.lows, radius, Targets(near, plan.far, pair.inner, pair.outer))
    return min(1.0, (idle + _over_strata(table, weights / used)) * _REL)


def _over_strata(table: PairTable, share: Values) -> float:
    total = 0.0
    for counts in _strata(table.samples, len(table.lows)):
        mirrored = counts[::-1]
        if counts <= mirrored:
            p = _multinomial(counts, share) * (1.0 if counts == mirrored else 2.0)
            total += p * (stratum_failure(table, counts) if p > _RARE else 1.0)
    return total


def stratum_failure(table: PairTable, counts: tuple[int, ...]) -> float:
    """Upper bound of ``int mu(z) P(z missed | counts) dz``, at most 1."""
    kinds, ways = _kinds(table, counts)
    expected = np.array([ways[kind] * table.expected[_number(table, kind)] for kind in kinds])
    quadratic = _quadratic(table, counts, kinds)
    scale = 1.0 / np.sqrt(np.diag(quadratic))
    unit = scale[:, None] * quadratic * scale + _RIDGE * np.eye(scale.size)
    algebra: Any = linalg  # untyped
    weights: Values = scale * algebra.cho_solve(algebra.cho_factor(unit), scale * expected)
    size = np.abs(weights)
    spread = float(size @ np.array([float(ways[kind]) for kind in kinds]))
    rounding = _SUMMATION * float(size @ quadratic @ size + 2.0 * size @ expected)
    rounding += ENTRY_ERROR * table.targets.mass * (spread + 1.0) ** 2
    value = table.targets.mass - 2.0 * float(expected @ weights) + float(weights @ quadratic @ weights)
    return min(1.0, value + rounding)


def _kinds(table: PairTable, counts: tuple[int, ...]) -> tuple[list[tuple[int, int]], dict[tuple[int, int], int]]:
    """Kinds of subsets worth a weight, and how many subsets there are of each."""
    ways: dict[tuple[int, int], int] = {}
    for taken in itertools.product(*(range(c + 1) for c in counts)):
        kind = (sum(taken), sum(a * g for a, g in zip(taken, table.lows, strict=True)))
        ways[kind] = ways.get(kind, 0) + math.prod(math.comb(c, a) for c, a in zip(counts, taken, strict=True))
    worth = [kind for kind, count in ways.items() if count * table.expected[_number(table, kind)] > 1e-6]
    return worth, ways


def _quadratic(table: PairTable, counts: tuple[int, ...], kinds: list[tuple[int, int]]) -> Values:
    feature = np.full_like(table.place, -1)
    for number, (m, g) in enumerate(kinds):
        feature[m, g + table.shift] = number
    lists = [_ways(c) for c in (*counts, *([0] * (BINS - len(counts))))]
    ways = np.zeros((BINS, max(map(len, lists)), 4))
    for b, entries in enumerate(lists):
        ways[b, : len(entries)] = entries
    lows: Indices = np.array([*table.lows, *([0] * (BINS - len(counts)))], np.int64)
    out = np.zeros((len(kinds), len(kinds)))
    lengths = np.array([len(entries) for entries in lists], np.int64)
    collect(lows, ways, lengths, table.shift, table.place, feature, table.first, table.size, table.entries, out)
    return out


def _ways(count: int) -> list[tuple[int, int, int, float]]:
    """``(common, only I, only J, multinomial)`` for a bin of ``count`` samples."""
    return [
        (p, a, c, float(math.comb(count, p) * math.comb(count - p, a) * math.comb(count - p - a, c)))
        for p in range(count + 1)
        for a in range(count - p + 1)
        for c in range(count - p - a + 1)
    ]


def _number(table: PairTable, kind: tuple[int, int]) -> int:
    return int(table.place[kind[0], kind[1] + table.shift])


def _strata(samples: int, bins: int) -> Iterator[tuple[int, ...]]:
    for head in itertools.product(range(samples + 1), repeat=bins - 1):
        if sum(head) <= samples:
            yield (*head, samples - sum(head))


def _multinomial(counts: tuple[int, ...], share: Values) -> float:
    ways = math.factorial(sum(counts)) // math.prod(math.factorial(c) for c in counts)
    return ways * math.prod(float(q) ** c for c, q in zip(counts, share, strict=True))
