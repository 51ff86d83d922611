"""The promise of residual tickets, part by part: what was built for it, predicted, and measured.

The abstract of arXiv 2205.02343 promises that networks with convolutional and residual layers and almost arbitrary
activation functions contain strong tickets with high probability. Each ``Part`` holds one piece of that against small
networks: the share of sources without a failure, by an exact test that is fixed in advance, and the error of every
ticket, at random inputs, against its own certificate. A construction that refuses a network is shown with its reason.

To add a part, add a network to ``sltk.models.residual_networks`` and a line to ``PARTS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sltk.certify.adversary import data_error
from sltk.claims._broken import run_of, skip_elsewhere
from sltk.claims._pools import violations
from sltk.construct import Search, StrongTicket, strong_ticket
from sltk.construct.recipe import Objective
from sltk.core.errors import SltkError
from sltk.core.report import Report
from sltk.core.statistics.verdict import Never, Proportion, Verdict
from sltk.core.threads import limit
from sltk.harness.measurement import Measurement, run
from sltk.harness.rows import RowStore
from sltk.models.residual_networks import NETWORKS, known_activations
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform

DELTA = 0.2
HALF_WIDTH = 2.0
INPUTS = 64
REVISION = 1
SUCCESS = Proportion(1.0 - DELTA, 1.0, alternative=0.45)


@dataclass(frozen=True)
class Part:
    """One line of the table.

    Args:
        says: the piece of the promise.
        network: a name in ``NETWORKS``.
        n: samples of a pool; eps: tolerance of every parameter.
        method: of the construction.
        broken: ``"skip"`` for a control that joins every skip to another neuron.
    """

    says: str
    network: str
    n: int = 22
    eps: float = 0.1
    method: str = "plus-one"
    broken: str = ""

    @property
    def cell(self) -> dict[str, Any]:
        """What ``measure`` takes."""
        return {name: value for name, value in vars(self).items() if name != "says"}


PARTS = (
    Part("convolutional layers", "convolutional, ReLU"),
    Part("residual: identity skip", "identity block, ReLU"),
    Part("residual: strided projection, batch norm", "projection block, ReLU"),
    Part("residual: pre-activation", "pre-activation block, ReLU"),
    Part("residual: source of depth 2L", "projection block, ReLU", method="two-layer"),
    Part("activations: tanh", "identity block, tanh"),
    Part("activations: sigmoid", "identity block, sigmoid", 24),
    Part("activations: GELU", "identity block, GELU"),
    Part("activations: SiLU", "identity block, SiLU"),
    Part("activations: a user's own", "identity block, x / sqrt(1 + x^2)"),
    Part("activations: several in one", "identity block, sigmoid and tanh", 24),
)
CONTROLS = (
    Part("control: pools of 8", "identity block, ReLU", 8),
    Part("control: skip to another channel", "identity block, ReLU", 26, 0.001, broken="skip"),
)


@dataclass(frozen=True)
class PromiseFinding:
    """What was found for one part.

    Attributes:
        part: the line; control: whether a verdict of it must be refuted.
        success, error: verdicts; ``None`` where the part is refused.
        refused: the reason, where the construction cannot have the network.
    """

    part: Part
    control: bool
    success: Verdict | None
    error: Verdict | None
    refused: str = ""

    @property
    def as_it_ought(self) -> bool:
        """No verdict of a part is ``refuted``; one of a control is."""
        outcomes = [verdict.outcome for verdict in (self.success, self.error) if verdict is not None]
        return ("refuted" in outcomes) == self.control

    def record(self) -> dict[str, Any]:
        """The finding as JSON."""
        verdicts = {
            name: vars(verdict) | {"interval": list(verdict.interval)} if verdict else None
            for name, verdict in (("success", self.success), ("error", self.error))
        }
        return {**vars(self.part), "control": self.control, "refused": self.refused, **verdicts}


def find(
    store: RowStore | None = None, *, seed: int = 0, jobs: int = 1, report: Report | None = None
) -> list[PromiseFinding]:
    """All parts and controls, measured where ``store`` lacks them."""
    lines = [(part, False) for part in PARTS] + [(part, True) for part in CONTROLS]
    reasons = {part: refusal(part) for part, _ in lines}
    built = [part for part, _ in lines if not reasons[part]]
    trials = SUCCESS.trials
    declared = Measurement(
        "plus-one-residual", tuple(part.cell for part in built), (trials,) * len(built), seed,
        false_alarm=SUCCESS.false_alarm * len(built), block=max(1, trials // 4), revision=REVISION,
    )  # fmt: skip
    observed = dict(zip(built, run(declared, measure, store, jobs=jobs, report=report), strict=True))
    never = Never(share=0.2, fixed=trials)
    return [
        PromiseFinding(part, control, SUCCESS.judge(observed[part]), never.judge(observed[part]))
        if part in observed
        else PromiseFinding(part, control, None, None, reasons[part])
        for part, control in lines
    ]


def refusal(part: Part) -> str:
    """Why the construction cannot have the part's network; empty where it can."""
    try:
        ticket(part.network, 1, part.eps, part.method, 0)
    except SltkError as error:
        return str(error)
    return ""


def ticket(
    network: str, n: int, eps: float, method: str, seed: int, objective: Objective = "cardinality"
) -> StrongTicket:
    """The ticket of one seed: U[-2, 2] sources, inputs in [-1, 1]."""
    module, shape = NETWORKS[network]()
    return strong_ticket(
        read(module, shape, known_activations()), method=method, n=n, seed=seed, domain=(-1.0, 1.0), param_eps=eps,
        law=Uniform(HALF_WIDTH), search=Search(objective),
    )  # fmt: skip


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Tickets without failure, and tickets whose error at random inputs leaves their bound."""
    succeeded, errors, bounds = 0, [], []
    objective = "error" if cell["broken"] else "cardinality"
    with limit(1):
        for seed in generator.integers(2**63, size=trials).tolist():
            built = ticket(cell["network"], cell["n"], cell["eps"], cell["method"], seed, objective)
            assert built.target is not None
            module = skip_elsewhere(built, cell["n"]) if cell["broken"] == "skip" else run_of(built)
            points = torch.from_numpy(generator.uniform(-1.0, 1.0, (INPUTS, *built.target.input_shape)))
            succeeded += len(built.failures) == 0
            errors.append(data_error(built.target, module, points))
            bounds.append(built.certificate.bound)
    return {"successes": succeeded, **violations(np.array(errors), np.array(bounds))}
