"""Target and ticket run beside each other, on probes, on data, and where a search finds them farthest apart."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sltk.certify.adversary import Attack, data_error, sup_error
from sltk.certify.findings import BESIDE, PROBED, PROBES, Comparison, measure_function, probes
from sltk.construct.runtime.evaluated import evaluated
from sltk.construct.runtime.placed import Placed, exactly_on, target_on
from sltk.construct.ticket import StrongTicket
from sltk.core.report import Steps
from sltk.networks.network import Network
from sltk.runtime.filled import filled
from sltk.runtime.unfolded import unfolded
from sltk.verify.agreement import Agreement, OutputsOf, agreement


@dataclass(frozen=True)
class Adversary:
    """Steps of the search, none to leave it out; starts of each sort; and its seed."""

    steps: int
    restarts: int
    seed: int


class Measured(NamedTuple):
    """What target and ticket did when they were run: on probes and on data, on the worst rows in float64, searched."""

    findings: list[Comparison]
    data: Agreement | None
    worst: float | None
    attack: Attack | None


@dataclass(frozen=True)
class Ran:
    """Target and ticket where they are run, as functions of tensors on the CPU.

    Attributes:
        exactly: the target in float64, without gradient.
        target: the same, with gradient.
        module: the ticket's, which ``ticket`` runs.
        ticket: in the dtype of the module.
    """

    exactly: OutputsOf
    target: OutputsOf
    module: nn.Module
    ticket: OutputsOf


def on_cpu(target: Network, module: nn.Module) -> Ran:
    """By the compiled kernels, and dense layers where these are sooner; ``module`` is a sparse one, and changed."""
    module = filled(module)
    return Ran(evaluated(target), target, module, module)


def on_device(target: Network, module: nn.Module, place: torch.device) -> Ran:
    """By products of matrices on ``place``; ``module`` is a sparse one, and changed."""
    module = unfolded(module, place)
    return Ran(exactly_on(target, place), target_on(target, place), module, Placed(module, place))


def measured(
    ticket: StrongTicket, ran: Ran, data: tuple[Tensor, Tensor] | None, search: Adversary, batch: int,
    report: Steps | None,
) -> Measured:  # fmt: skip
    """Run both; the module is one in float64 afterwards."""
    shape, met, worst, on_data, attack = ticket.architecture.input_shape, None, None, None, None
    rows = PROBES if data is None else BESIDE
    findings = [measure_function(ran.exactly, ran.ticket, probes(ticket.domain, shape, 0, rows), PROBED)]
    if data is not None:
        met = agreement(ran.exactly, ran.ticket, *data, batch=batch, report=report)
        findings.append(met.comparison("data"))
        worst = data[0][met.worst].double()
    ran.module.double()
    if worst is not None:
        on_data = data_error(ran.target, ran.ticket, worst, batch=batch)
    if search.steps:
        attack = sup_error(
            ran.target, ran.ticket, ticket.domain, data=worst, shape=shape,
            restarts=search.restarts, steps=search.steps, seed=search.seed,
        )  # fmt: skip
    return Measured(findings, met, on_data, attack)
