"""The independent verification of a ticket: redraw, re-apply, measure.

Nothing that the construction wrote down is believed: kept weights are compared with blocks of the redrawn source,
effective parameters are summed again from the mask, and the module is run on data beside the target.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from sltk.certify.adversary import Attack, data_error, sup_error
from sltk.certify.certificate import Certificate
from sltk.construct.parameters import StageParameters
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.report import Report
from sltk.runtime.filled import filled
from sltk.verify.agreement import Agreement, agreement
from sltk.verify.bits import BitCheck, compare_bits

EVALUATION_SLACK = 1e-9  # relative to the largest output: float64 evaluation errs far less, a wrong bound far more


@dataclass(frozen=True)
class Statement:
    """One statement about the ticket that holds or does not."""

    statement: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class CheckResult:
    """What was found.

    Attributes:
        bits: comparison of module and source.
        parameters: errors of the effective parameters, by stage.
        certificate: a posteriori bound over the ticket's domain.
        data: target and ticket on data, in float32; ``None`` without data.
        data_error: largest error of the worst rows, again in float64.
        attack: ``None`` where none was asked for.
        verdicts: what has to hold.
    """

    bits: BitCheck
    parameters: list[StageParameters]
    certificate: Certificate
    data: Agreement | None
    data_error: float | None
    attack: Attack | None
    verdicts: list[Statement]

    @property
    def passed(self) -> bool:
        """Every verdict holds."""
        return all(v.holds for v in self.verdicts)

    @property
    def worst_parameter_error(self) -> float:
        """Largest error of an effective weight or bias in any copy."""
        return max(stage.worst() for stage in self.parameters)


def check(
    ticket: StrongTicket,
    data: tuple[Tensor, Tensor] | None = None,
    *,
    attack_steps: int = 0,
    attack_restarts: int = 16,
    batch: int = 128,
    seed: int = 0,
    report: Report | None = None,
) -> CheckResult:
    """Verify ``ticket`` against its target.

    Args:
        ticket: loaded, with its target.
        data: ``(inputs, labels)``, float32 inputs inside the ticket's domain.
        attack_steps: steps of the adversarial search; 0 leaves it out.
        attack_restarts: starts of each sort in that search.
        batch: rows that the module is run on at a time.
        seed: of the adversarial search.
        report: called with (part, done, in all).

    Raises:
        SltkError: the ticket has no target.
    """
    if ticket.target is None:
        raise SltkError("check compares a ticket with its target, but this one has none; call with_target first.")
    module = ticket.module("sparse").eval()
    bits = compare_bits(ticket, module, _part(report, "redrawing the source"))
    module = filled(module)
    parameters = ticket.parameters
    certificate = ticket.certificate
    met, on_data, worst = None, None, None
    if data is not None:
        met = agreement(ticket.target, module, *data, batch=batch, report=_part(report, "running target and ticket"))
        worst = data[0][met.worst].double()
    exact = module.double()
    if worst is not None:
        on_data = data_error(ticket.target, exact, worst, batch=batch)
    attack = None
    if attack_steps:
        attack = sup_error(
            ticket.target, exact, ticket.domain, data=worst, shape=ticket.target.input_shape,
            restarts=attack_restarts, steps=attack_steps, seed=seed,
        )  # fmt: skip
    verdicts = [_bits_verdict(bits), _parameter_verdict(ticket, parameters, certificate)]
    verdicts += _bound_verdicts(certificate, on_data, attack, met.largest if met else 0.0)
    return CheckResult(bits, parameters, certificate, met, on_data, attack, verdicts)


def _part(report: Report | None, name: str) -> Callable[[int, int], None] | None:
    return None if report is None else lambda done, total: report(name, done, total)


def _bits_verdict(bits: BitCheck) -> Statement:
    detail = f"{bits.compared:,} compared, {bits.different:,} different, {bits.misplaced:,} misplaced"
    return Statement("every kept weight is the source's, bit for bit", bits.passed, detail)


def _parameter_verdict(ticket: StrongTicket, parameters: list[StageParameters], certificate: Certificate) -> Statement:
    tolerance, failures = ticket.recipe.tolerance, len(ticket.failures)
    if ticket.recipe.aim == "eps":
        detail = f"{certificate.bound:.4g} <= {tolerance:g}, what {failures:,} failures cost included"
        return Statement("the certificate is within eps", certificate.bound <= tolerance, detail)
    limits = zip(parameters, ticket.tolerances, ticket.prune_below, strict=True)
    beyond = sum(stage.beyond(eps, prune) for stage, eps, prune in limits)
    detail = f"{beyond:,} beyond {tolerance:g}, {failures:,} failures on file"
    return Statement("every effective parameter is within param_eps", beyond == 0 and failures == 0, detail)


def _bound_verdicts(
    certificate: Certificate, on_data: float | None, attack: Attack | None, largest: float
) -> list[Statement]:
    slack = EVALUATION_SLACK * max(largest, certificate.bound)
    verdicts = []
    if on_data is not None:
        detail = f"{certificate.bound:.4g} >= {on_data:.4g}"
        verdicts.append(Statement("certified bound >= data error", on_data <= certificate.bound + slack, detail))
    if attack is not None:
        least = on_data or 0.0
        holds = least - slack <= attack.error <= certificate.bound + slack
        detail = f"{certificate.bound:.4g} >= {attack.error:.4g}" + ("" if on_data is None else f" >= {on_data:.4g}")
        verdicts.append(Statement("certified bound >= adversarial error >= data error", holds, detail))
    return verdicts
