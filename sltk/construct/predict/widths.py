r"""Widths of a whole network: how large a random source must be so that it contains a ticket, with probability.

Theorem. Let stage ``l`` have tolerance ``eps_l`` and ``q_l`` events that may go wrong: subset-sum problems, and draws
that have to bring enough usable neurons. If every pool of stage ``l`` has ``n_l = n(eps_l, delta / (L q_l))`` samples,
where ``n`` samples reach all targets of the stage's window within ``eps_l`` except with that probability, then with
probability at least ``1 - delta`` a mask exists under which all problems are solved, and the a priori certificate of
these tolerances and sizes bounds its error over the domain (union bound; ``sltk.certify.a_priori``).

The tolerances are allocated from the last stage back: half of a stage's budget pays for its own parameters, the other
half for the errors that arrive, amplified by ``A_l``. Under ``plus-one`` the copies err apart, and ``A_l = s n_l a``,
the mass of all samples (support ``s``, largest weight ``a``): nothing is known of a subset before it is chosen. It
needs ``n_l``, which needs ``eps_l`` alone; and ``n_l`` copies below make as many problems. So one pass from the back
settles everything, without a fixed point. Under ``two-layer`` ``A_l = max_j ||W_j||_1 + s eps_l``.

The source is the one of the theorem: ``n_l`` by stage, biases from constants that read one tap each. A ticket of
``sltk.construct.strong_ticket`` has one ``n`` for all stages and searches for the mass it can spare, so it needs less.

Source: derived for this project and provable as stated; the constructions as in ``sltk.construct.methods.plan``.
"""

import math
from dataclasses import dataclass

from torch import nn

from sltk.certify.a_priori import Pools, a_priori
from sltk.certify.certificate import Certificate
from sltk.certify.intervals import Box, ranges
from sltk.construct.construction import target_and_box
from sltk.construct.declaration import first_activation_of
from sltk.construct.methods.allocate import StageClass, hand_on, share_out
from sltk.construct.methods.base import Method, method_named
from sltk.construct.methods.sums import DIRECT, Sides, Sum, sides_of, sums
from sltk.construct.recipe import DEFAULT_LAW
from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.wiring import INPUT
from sltk.subset_sum.laws import Law, Product, law_of
from sltk.subset_sum.widths.required_size import SizeMethod, required_size

stats = later("scipy.stats")

MARGIN = 1.0 - 2.0**-20  # a part in 2^20 is left for the outward rounding of the certificate
SMALLEST_SCALE = 60  # as in sltk.construct.methods.scales: beyond 2^-60, products of two weights leave float32


@dataclass(frozen=True)
class PoolWidth:
    """What the pools of one kind need in one stage.

    Attributes:
        stage: name of the target's layer.
        kind: ``"weight"`` or ``"bias"``.
        law: of a sample, as text.
        tolerance: ``eps_l``, of the parameter.
        window: length of the interval of targets, ``2 max |theta|``.
        problems: subset sums over pools of this kind, all copies and sides.
        delta: probability with which each of them may fail.
        floor, certificate, closed_form: samples of a pool, by ``required_size``.
        drawn: neurons that have to be drawn for one pool so that enough of them are usable.
    """

    stage: str
    kind: str
    law: str
    tolerance: float
    window: float
    problems: int
    delta: float
    floor: int
    certificate: int
    closed_form: int
    drawn: int


@dataclass(frozen=True)
class NetworkWidths:
    """Widths that suffice for ``P[some mask: sup_x ||f_T - f_P||_inf <= eps] >= 1 - delta``.

    Attributes:
        pools: one entry for each stage and kind.
        certificate: the a priori certificate of these tolerances and sizes; its bound is at most ``eps``.
        scale: power of two of the weights below a curved first activation; 0 elsewhere.
    """

    method: str
    eps: float
    delta: float
    pools: tuple[PoolWidth, ...]
    certificate: Certificate
    scale: int


@dataclass(frozen=True)
class _Question:
    network: Network
    box: Box
    method: Method
    eps: float
    delta: float
    law: Law
    phi: Activation
    nonnegative: tuple[bool, ...]

    def sides(self, index: int) -> Sides:
        return sides_of(self.phi, self.nonnegative[index])

    def sums(self, index: int) -> tuple[Sum, ...]:
        return sums(self.phi, self.sides(index)) if self.method.univariate(index) else (DIRECT,)


def required_widths(
    target: nn.Module | Network,
    *,
    method: str,
    eps: float,
    delta: float,
    domain: Box | tuple[float, float],
    law: Law | str = DEFAULT_LAW,
    input_shape: tuple[int, ...] | None = None,
    first_activation: str | None = None,
) -> NetworkWidths:
    """Pool sizes by stage that contain a ticket for ``target`` within ``eps`` over ``domain``, with ``1 - delta``.

    Args:
        target: a module that ``sltk.networks.reading.read`` understands, or a ``Network``.
        method: ``"plus-one"`` or ``"two-layer"``.
        eps: sup error of the outputs, > 0.
        delta: failure probability in ``(0, 1)``.
        domain: box of inputs.
        law: of the source's weights, symmetric.
        input_shape: of one input without batch axis, where ``target`` is a module and ``domain`` two numbers.
        first_activation: name of the univariate layers' activation; the target's first unless given.

    Returns:
        The widths; a theorem for this target given the code.

    Raises:
        SltkError: an argument out of range; an activation with an intercept (sigmoid, softplus), whose biases take
            over what the chosen weights bring along; biases below a curved activation, of whose constants no size
            is known. Build the ticket with ``strong_ticket(eps=...)`` there, and look at its certificate.
    """
    network, box = target_and_box(target, domain, input_shape)
    question = _Question(
        network, box, method_named(method), _positive(eps), _probability(delta),
        _symmetric(law_of(law)),
        first_activation_of([stage.activation for stage in network.stages], first_activation),
        _nonnegative(network, box),
    )  # fmt: skip
    _require_known(question)
    tolerances, pools = _backward(question)
    return _concluded(question, tolerances, pools)


def _backward(question: _Question) -> tuple[list[float], list[list[PoolWidth]]]:
    """Tolerances and pools from the last stage back; both returned in the order of the stages."""
    stages = question.network.stages
    known = ranges(question.network, question.box)
    budget, copies = question.eps, 1
    tolerances: list[float] = []
    found: list[list[PoolWidth]] = []
    for index in reversed(range(len(stages))):
        reach = stages[index].affine.support_reach(known[index].entering.magnitude)
        allowance, before = share_out(budget, _stage_class(question, index, reach), first=index == 0)
        tolerance = allowance.parameter * MARGIN
        pools = _stage_pools(question, index, tolerance, copies)
        tolerances.append(tolerance)
        found.append(pools)
        samples = pools[0].certificate
        budget = hand_on(before, _amplification(question, index, tolerance, samples)) * MARGIN
        copies = question.method.copies(samples)
    return tolerances[::-1], found[::-1]


def _stage_class(question: _Question, index: int, reach: float) -> StageClass:
    """The stage as the allocation sees it; its amplification is known when its pools are."""
    stage = question.network.stages[index]
    lipschitz = 1.0 if stage.activation is None else stage.activation.lipschitz
    return StageClass(lipschitz, reach, math.inf, 1, question.method.univariate(index) and question.phi.curved)


def _amplification(question: _Question, index: int, tolerance: float, samples: int) -> float:
    weight = question.network.stages[index].affine.weight.abs().flatten(1)
    support = int((weight > 0).sum(1).max())
    norm = float(weight.sum(1).max()) + support * tolerance
    return question.method.amplification(index, norm, support * samples * question.law.high)


def _stage_pools(question: _Question, index: int, tolerance: float, copies: int) -> list[PoolWidth]:
    affine = question.network.stages[index].affine
    sides = len(question.sums(index))
    weights = int((affine.weight.abs() > tolerance).sum()) * copies * sides
    biases = int((affine.bias.abs() > tolerance).sum()) * copies * _phases(question, index)
    # A draw for every input and side, and one of constants.
    draws = (affine.inputs * sides if question.method.univariate(index) else 0) + (1 if biases else 0)
    delta = question.delta / (len(question.network.stages) * max(weights + biases + draws, 1))
    pools = [_weights(question, index, tolerance, weights, delta)]
    return [*pools, _biases(question, index, tolerance, biases, delta)] if biases else pools


def _phases(question: _Question, index: int) -> int:
    """Phases of the output that have biases of their own: behind zeros between pixels, where constants are carried."""
    below = question.network.wires[index].reads
    if question.method.univariate(index) or below == INPUT:
        return 1
    after = question.network.stages[below].after
    gaps = after[-1].gaps if after else None
    return 1 if gaps is None else gaps[0][0] * gaps[0][1]


def _weights(question: _Question, index: int, tolerance: float, problems: int, delta: float) -> PoolWidth:
    affine = question.network.stages[index].affine
    one, law, unit = question.sums(index)[0], question.law, 1.0
    if question.method.univariate(index):
        law = Product(question.law, question.law)
        if one.sign == 0:  # the scales of a smooth stage take the power of two out of its slope
            unit = 2.0 ** -round(math.log2(abs(one.slope)))
    # In units of the samples: the target is theta / slope, and an error of the sum costs gain in the parameter.
    largest = float(affine.weight.abs().max())
    found = _Sizes(tolerance / (one.gain * unit), 2.0 * largest / (abs(one.slope) * unit), delta, law)
    return found.pool(affine.name, "weight", tolerance, 2.0 * largest, problems, one.usable)


def _biases(question: _Question, index: int, tolerance: float, problems: int, delta: float) -> PoolWidth:
    """Constants ``phi(b) = m_+ b`` from positive random biases b: a sample ``v m_+ b`` has the product's law."""
    affine = question.network.stages[index].affine
    phi = question.phi if question.method.univariate(index) else question.network.stages[index - 1].activation
    slope = 1.0 if phi is None else abs(phi.slope_positive)
    largest = float(affine.bias.abs().max())
    found = _Sizes(tolerance / slope, 2.0 * largest / slope, delta, Product(question.law, question.law))
    return found.pool(affine.name, "bias", tolerance, 2.0 * largest, problems, 0.5)


@dataclass(frozen=True)
class _Sizes:
    """The three sizes of one question, in the units of the samples."""

    eps: float
    window: float
    delta: float
    law: Law

    def size(self, method: SizeMethod) -> int:
        if 2.0 * self.eps >= self.window:
            return 0
        return required_size(self.eps, self.delta, law=self.law, method=method, window=self.window)

    def pool(self, stage: str, kind: str, tolerance: float, window: float, problems: int, usable: float) -> PoolWidth:
        certified = self.size("certificate")
        return PoolWidth(
            stage, kind, self.law.spec(), tolerance, window, problems, self.delta, self.size("floor"), certified,
            self.size("closed-form"), drawn_for_certain(certified, usable, self.delta),
        )  # fmt: skip


def drawn_for_certain(usable: int, share: float, delta: float) -> int:
    """Least number of draws of which at least ``usable`` are of a kind of probability ``share``, but for ``delta``."""
    drawn = usable
    while share < 1.0 and float(stats.binom.cdf(usable - 1, drawn, share)) > delta:
        drawn += 1
    return drawn


def _concluded(question: _Question, tolerances: list[float], pools: list[list[PoolWidth]]) -> NetworkWidths:
    """The a priori certificate of what was allocated; a curved first activation gets smaller weights until it fits."""
    phi = question.phi
    for scale in range(SMALLEST_SCALE + 1 if phi.curved else 1):
        certificate = _certificate(question, tolerances, pools, scale)
        if certificate is not None and certificate.bound <= question.eps:
            flat = tuple(pool for stage in pools for pool in stage)
            return NetworkWidths(question.method.name, question.eps, question.delta, flat, certificate, -scale)
    raise SltkError(
        f"the allocation for eps={question.eps} is not met by its a priori certificate, whatever the scale of the "
        "first layer down to 2**-60; ask for a larger eps."
    )


def _certificate(
    question: _Question, tolerances: list[float], pools: list[list[PoolWidth]], scale: int
) -> Certificate | None:
    high, offers = question.law.high, list[Pools]()
    for index, stage in enumerate(pools):
        univariate = question.method.univariate(index)
        shrunk = 2.0**-scale if univariate else 1.0
        outgoing = high / shrunk / (abs(question.phi.slope_positive) if univariate else 1.0)
        offers.append(Pools(stage[0].certificate * len(question.sums(index)), outgoing, high * shrunk))
    try:
        return a_priori(
            question.network, question.box, tolerances, offers, method=question.method, univariate=question.phi
        )
    except SltkError:
        if not question.phi.curved:
            raise
        return None  # beyond the radius of the remainder: the weights are still too large


def _require_known(question: _Question) -> None:
    if question.phi.intercept != 0.0:
        raise SltkError(
            f"first activation {question.phi.name!r} has the intercept {question.phi.intercept}: what its neurons emit "
            "joins the biases, and no size is known for that. Build the ticket with strong_ticket(eps=...) instead."
        )
    for index, stage in enumerate(question.network.stages):
        phi = question.phi if question.method.univariate(index) else question.network.stages[index - 1].activation
        if phi is not None and bool((stage.affine.bias != 0).any()) and (phi.curved or phi.intercept != 0.0):
            raise SltkError(
                f"layer {stage.affine.name!r} has biases over constants of {phi.name!r}, for which no size is known. "
                "Build the ticket with strong_ticket(eps=...) instead."
            )


def _nonnegative(network: Network, box: Box) -> tuple[bool, ...]:
    return tuple(bool((known.entering.low >= 0).all()) for known in ranges(network, box))


def _symmetric(law: Law) -> Law:
    if not law.symmetric or not math.isfinite(law.high):
        raise SltkError(f"required_widths needs a symmetric law, but got {law.spec()}; take one like uniform(1.0).")
    return law


def _positive(eps: float) -> float:
    if not 0.0 < eps < math.inf:
        raise SltkError(f"eps must be finite and > 0, but got eps={eps}; it is the sup error of the outputs.")
    return float(eps)


def _probability(delta: float) -> float:
    if not 0.0 < delta < 1.0:
        raise SltkError(f"delta must lie strictly between 0 and 1, but got delta={delta}; write 5% as 0.05.")
    return float(delta)
