"""The independent verification of a ticket: redraw, re-apply, derive again, measure.

Nothing in the file is believed but the mask: kept weights are compared with blocks of the redrawn source, effective
parameters are summed again from the mask, tolerances, failures and domain are derived from recipe and target and held
against what the file says, and the module is run beside the target. How far a parameter may be off, how large one may
be that is left out, and which inputs count is for the caller to say (``CallerClaim``), not for the file.

On another device the redraw, the target in float64, the module in float32 and float64, and the search for large errors
are computed there. What is derived and proved is computed on the CPU: it speaks of mask, source and target, of which
the CPU has its own copies. A bound as run holds for sums in every order, and so for the device's, by the rule of
`sltk.core.numerics.device`; what it assumes of elementary functions (`sltk.networks.activations.activation`) it assumes
of the device's too.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sltk.certify.adversary import Attack
from sltk.certify.as_run.bound import RunBound
from sltk.certify.certificate import Certificate
from sltk.certify.findings import Findings
from sltk.certify.intervals import Box
from sltk.construct.checkpoint import target_hash
from sltk.construct.choose.choose import CHOSEN, choose
from sltk.construct.parameters import StageParameters
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.numerics.device import CPU, torch_device
from sltk.core.numerics.formats import format_of
from sltk.core.report import Report
from sltk.core.threads import beside
from sltk.networks.network import Network
from sltk.networks.reading.given import in_dtype
from sltk.verify.agreement import Agreement
from sltk.verify.bits import BitCheck, compare_bits
from sltk.verify.derived import derive
from sltk.verify.measured import Adversary, Measured, measured, on_cpu, on_device

EVALUATION_SLACK = 1e-9  # relative to the largest output: the target in float64 errs far less, a wrong bound far more


@dataclass(frozen=True)
class Statement:
    """One statement about the ticket that holds or does not."""

    statement: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class CallerClaim:
    """What the caller holds the ticket to, whatever its file says.

    Args:
        param_eps: largest error of a parameter; none for the recipe's own, where this is small beside the target.
        prune_below: parameters up to this size may be missing; none for those up to the tolerance.
        domain: inputs that have to count; none for the file's own domain.
    """

    param_eps: float | None = None
    prune_below: float | None = None
    domain: Box | None = None


@dataclass(frozen=True)
class CheckResult:
    """What was found.

    Attributes:
        bits: comparison of module and source.
        parameters: errors of the effective parameters, by stage.
        certificate: a posteriori bound over the ticket's domain, in real arithmetic.
        as_run: the same for the module in float32, with every rounding.
        data: the ticket in float32 beside the target in float64, on data; ``None`` without data.
        data_error: largest error of the worst rows, again in float64.
        attack: ``None`` where none was asked for.
        verdicts: what has to hold.
        findings: parameters reached, function measured, function certified.
        device: where target and module were run, and the source drawn.
    """

    bits: BitCheck
    parameters: list[StageParameters]
    certificate: Certificate
    as_run: RunBound
    data: Agreement | None
    data_error: float | None
    attack: Attack | None
    verdicts: list[Statement]
    findings: Findings
    device: str = CPU

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
    claim: CallerClaim | None = None,
    *,
    target: nn.Module | Network | None = None,
    attack_steps: int = 0,
    attack_restarts: int = 16,
    batch: int = 256,
    seed: int = 0,
    report: Report | None = None,
    device: str = CPU,
) -> CheckResult:
    """Verify ``ticket`` against its target.

    Args:
        ticket: loaded, with its target unless ``target`` is given.
        data: ``(inputs, labels)``, inputs whose numbers float32 has; they have to lie in the ticket's domain.
        claim: what it is held to.
        target: a module or a ``Network``, in place of the ticket's own.
        attack_steps: steps of the adversarial search; 0 leaves it out.
        attack_restarts: starts of each sort in that search.
        batch: rows that the module is run on at a time.
        seed: of the adversarial search.
        report: called with (part, done, in all).
        device: where what is run is run: ``cpu`` for the compiled kernels, or a device of torch (``torch:cpu`` for the
            same program on the CPU). Errors that are measured differ by rounding alone.

    Raises:
        SltkError: the ticket has no target, or one of another architecture; a device that is not there.
    """
    place = torch_device(device)
    if target is not None:
        ticket = ticket.with_target(target)
    if data is not None:
        data = (in_dtype(data[0], torch.float32), data[1])
    if ticket.target is None:
        raise SltkError("check compares a ticket with its target, but this one has none; call with_target first.")
    search, own = Adversary(attack_steps, attack_restarts, seed), ticket.target
    drawn_on = place if ticket.source.law.arithmetic else None

    def redrawn_and_run() -> tuple[BitCheck, Measured]:
        module = ticket.module("sparse").eval()
        bits = compare_bits(ticket, module, _part(report, "redrawing the source"), drawn_on)
        ran = on_cpu(own, module) if place is None else on_device(own, module, place)
        return bits, measured(ticket, ran, data, search, batch, _part(report, "running target and ticket"))

    # What is proved and derived keeps one core busy, and what is run keeps all of them.
    (bits, run), (parameters, proved, of_file) = beside(
        redrawn_and_run, lambda: (ticket.parameters, _proved(ticket), _file_verdicts(ticket))
    )
    certificate, as_run, in_float64 = proved
    claim = claim or CallerClaim()
    findings = ticket.conclude(run.findings)
    verdicts = [_bits_verdict(bits, CPU if drawn_on is None else device), *of_file]
    verdicts += [_domain_verdict(ticket, claim, data)]
    verdicts += [_parameter_verdict(ticket, claim, parameters, certificate), _function_verdict(findings)]
    verdicts += _bound_verdicts(certificate, in_float64, run.worst, run.attack, findings)
    verdicts += _run_verdict(as_run, findings, device)
    return CheckResult(
        bits, parameters, certificate, as_run, run.data, run.worst, run.attack, verdicts, findings, device
    )


def _proved(ticket: StrongTicket) -> tuple[Certificate, RunBound, RunBound]:
    """In real arithmetic, in float32, in float64."""
    return ticket.certificate, bound_as_run(ticket, torch.float32), bound_as_run(ticket, torch.float64)


def bound_as_run(ticket: StrongTicket, dtype: torch.dtype) -> RunBound:
    """``ticket.as_run``, and none, with the reason, where an activation does not say what it loses."""
    try:
        return ticket.as_run(dtype)
    except SltkError as error:
        return RunBound(math.inf, None, str(error), (), ticket.domain, format_of(dtype))


def _part(report: Report | None, name: str) -> Callable[[int, int], None] | None:
    return None if report is None else lambda done, total: report(name, done, total)


def _bits_verdict(bits: BitCheck, device: str) -> Statement:
    detail = f"{bits.compared:,} compared, {bits.different:,} different, {bits.misplaced:,} misplaced"
    detail += "" if device == CPU else f"; drawn again on {device}"
    return Statement("every kept weight is the source's, bit for bit", bits.passed, detail)


def _file_verdicts(ticket: StrongTicket) -> list[Statement]:
    assert ticket.target is not None
    own, derived = target_hash(ticket.target), derive(ticket)
    said = "" if own == ticket.target_sha256 else f", but the file says {ticket.target_sha256[:12]}"
    built_for = "the target is the one that the ticket was built for"
    same = Statement(built_for, own == ticket.target_sha256, f"hash {own[:12]}{said}")
    detail = "; ".join(derived.differences) or f"{derived.failures:,} failures in {derived.problems:,} problems"
    follows = Statement("what the file says follows from its mask and recipe", not derived.differences, detail)
    return [same, follows, *_choice_verdict(ticket)]


def _choice_verdict(ticket: StrongTicket) -> list[Statement]:
    """Where the file says that its recipe was chosen: whether the target's class leads to the same one again."""
    if ticket.choice is None:
        return []
    assert ticket.target is not None
    given = {name: getattr(ticket.recipe, name) for name in CHOSEN if name in ticket.choice["given"]}
    again = choose(ticket.target, ticket.domain, given)
    # Which copies are searched first is a choice of the search: what was predicted goes with either.
    ways = (again,) if again.all_copies is None else (again, again.all_copies)
    same = again.recipe == ticket.recipe and any(way.record() == ticket.choice for way in ways)
    detail = "as its reasons say" if same else f"another one follows, with n = {again.recipe.n}"
    return [Statement("the recipe follows from the target's class alone", same, detail)]


def _domain_verdict(ticket: StrongTicket, claim: CallerClaim, data: tuple[Tensor, Tensor] | None) -> Statement:
    own = ticket.domain.on(ticket.architecture.input_shape)
    wide = bool((own.high > own.low).any())
    inside = data is None or own.contains(data[0].double())
    if claim.domain is not None:
        asked = claim.domain.on(ticket.architecture.input_shape)
        inside = inside and own.contains(asked.low) and own.contains(asked.high)
    said = str(ticket.domain) + ("" if wide else ", which is a point") + ("" if inside else ", which is too small")
    return Statement("the domain holds the inputs that count", wide and inside, said)


def _parameter_verdict(
    ticket: StrongTicket, claim: CallerClaim, parameters: list[StageParameters], certificate: Certificate
) -> Statement:
    tolerance = ticket.recipe.tolerance
    if ticket.recipe.aim == "eps":
        detail = f"{certificate.bound:.4g} <= {tolerance:g}, what {len(ticket.failures):,} failures cost included"
        return Statement("the certificate is within eps", certificate.bound <= tolerance, detail)
    stages = [claim.param_eps or ticket.recipe.stage_tolerance(index) for index in range(len(parameters))]
    missing = stages if claim.prune_below is None else [claim.prune_below] * len(stages)
    beyond = sum(s.beyond(*limits) for s, *limits in zip(parameters, stages, missing, strict=True))
    allowed, left_out = max(stages), max(missing)
    largest = max(max(s.magnitude.max(initial=0.0), s.bias_magnitude.max(initial=0.0)) for s in parameters)
    asks_nothing = allowed >= largest > 0.0
    said = f"{allowed:g}" if min(stages) == allowed else f"{min(stages):g} to {allowed:g} by layer"
    detail = f"{beyond:,} beyond {said}, or larger than {left_out:g} and left out"
    if asks_nothing:
        detail += f"; a tolerance of {allowed:g} asks nothing of parameters up to {largest:.4g}"
    return Statement("every effective parameter is within param_eps", beyond == 0 and not asks_nothing, detail)


def _function_verdict(findings: Findings) -> Statement:
    met = findings.measured[-1]
    detail = f"{findings.word}: error up to {met.error:.4g} on {met.what}, limit {findings.limit:.4g}"
    return Statement("the ticket computes its target", findings.word in ("proved", "faithful"), detail)


def _bound_verdicts(
    certificate: Certificate, run: RunBound, on_data: float | None, attack: Attack | None, findings: Findings
) -> list[Statement]:
    """What was seen of the module in float64, held against the bound of that; it is the certificate to ten digits."""
    bound = run.bound if run.finite else certificate.bound
    slack = _slack(bound, findings)
    verdicts = []
    if on_data is not None:
        detail = f"{bound:.4g} >= {on_data:.4g}"
        verdicts.append(Statement("certified bound >= data error", on_data <= bound + slack, detail))
    if attack is not None:
        least = on_data or 0.0
        holds = least - slack <= attack.error <= bound + slack
        detail = f"{bound:.4g} >= {attack.error:.4g}" + ("" if on_data is None else f" >= {on_data:.4g}")
        verdicts.append(Statement("certified bound >= adversarial error >= data error", holds, detail))
    return verdicts


def _run_verdict(as_run: RunBound, findings: Findings, device: str = CPU) -> list[Statement]:
    """What was seen of the module in float32, held against the bound of that; nothing where there is no bound."""
    if not as_run.finite:
        return []
    seen = max(met.error for met in findings.measured)
    holds = seen <= as_run.bound + _slack(as_run.bound, findings)
    detail = f"{as_run.bound:.4g} >= {seen:.4g}"
    detail += "" if device == CPU else f", of sums in every order; run on {device}"
    return [Statement("bound as run in float32 >= error in float32", holds, detail)]


def _slack(bound: float, findings: Findings) -> float:
    return EVALUATION_SLACK * max(bound, *(met.largest for met in findings.measured))
