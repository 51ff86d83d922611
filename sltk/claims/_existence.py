"""Whether sources hold small networks: success over thousands of seeds against the conditional product formula.

Given the univariate weights and the constants, all pools of a source are independent, and an identity skip asks for
no pool at all; so ``sltk.construct.predict.success`` covers networks with skips as it covers chains. Two sorts of
control: a wrong formula, held against the same tickets, must be refuted by their frequency; and a wrong construction
(``sltk.claims._broken``) by its error, which leaves its bound.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sltk import construct
from sltk.core.claim import Case, Preset
from sltk.core.lazy import later
from sltk.core.statistics.verdict import Never, Proportion
from sltk.core.threads import limit

if TYPE_CHECKING:
    from sltk.construct import Construction, StrongTicket
    from sltk.construct.predict.success import Prediction
    from sltk.construct.recipe import Objective
    from sltk.networks.network import Network

_networks, _measured = later("sltk.claims._networks"), later("sltk.claims._measured")

Family = Literal["dense", "conv", "residual"]

Broken = Literal["", "skip", "border"]

ALARM = 1e-9  # of one case: half for the predicted interval, half for the test
WIDTHS = {"dense": (14, 16, 18), "conv": (14, 16, 18), "residual": (14, 16, 18)}
CLOSE, CLOSE_EPS = 24, 0.001  # samples and tolerance at which a broken joint shows beyond the bound


@dataclass(frozen=True)
class Small:
    """A family of small targets on inputs in [0, 1], with weights and biases of size .3 to .9.

    Args:
        family: ``dense`` (1-w-...-w-1), ``conv`` (2 x 2, then 3 x 3 kernels with padding 1 on 3 x 3 pixels, and a
            readout) or ``residual`` (1-w, blocks ``phi(W x + x)`` and a readout).
        depth: layers, at least 2.
        width: neurons or channels.
        biases: whether hidden layers have them.
        activation: phi, of every hidden layer.
    """

    family: Family
    depth: int = 3
    width: int = 2
    biases: bool = False
    activation: str = "relu"

    def network(self) -> "Network":
        """The target."""
        return _networks.small_network(self)

    def ticket(self, n: int, eps: float, seed: int, objective: "Objective" = "cardinality") -> "StrongTicket":
        """The ticket of one seed."""
        return self.construction(n, eps).build(seed, construct.Search(objective))

    @cache  # noqa: B019  # a handful of networks, each asked for thousands of seeds
    def construction(self, n: int, eps: float) -> "Construction":
        """Of the target: U[-1, 1] sources, inputs in [0, 1], every parameter to ``eps``."""
        recipe = construct.Recipe("plus-one", n, eps, law="uniform(1.0)", biases=self.biases)
        return construct.Construction(self.network(), (0.0, 1.0), recipe)


def predicted(small: Small, n: int, eps: float, *, trials: int = 2**16, conditional: bool = True) -> "Prediction":
    """The product formula for tickets of ``small``, at the confidence that a case can spend."""
    with limit(1):
        return small.construction(n, eps).predict(trials=trials, conditional=conditional, confidence=1.0 - ALARM / 2.0)


def without_copies(prediction: "Prediction", n: int) -> tuple[float, float, float]:
    """A formula that counts one copy of each hidden neuron where there are n: ``(p, low, high)``."""
    last = max(expected.stage for expected, _ in prediction.parts)
    powers = [(success, 1.0 if expected.stage == last else 1.0 / n) for expected, success in prediction.parts]
    p, low, high = (math.prod(getattr(part, name) ** power for part, power in powers) for name in ("p", "low", "high"))
    return p, low, high


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Tickets without failure; where the cell says how they are ``broken``, those whose error leaves their bound.

    Cell: the fields of ``Small``, ``n``, ``eps``, and perhaps ``broken``: ``""``, ``"skip"`` or ``"border"``.
    """
    small = Small(cell["family"], cell["depth"], cell["width"], cell["biases"], cell["activation"])
    return _measured.existence(small, cell, trials, generator)


def cell_of(small: Small, n: int, eps: float) -> dict[str, Any]:
    """What ``measure`` takes."""
    return {**vars(small), "n": n, "eps": eps}


@functools.cache
def cases(small: Small, preset: Preset) -> tuple[Case, ...]:
    """Success at three widths against the formula, and at the middle one against a formula without copies."""
    eps, gap, found = 0.1, 0.22 if preset == "quick" else 0.06, []
    for n in WIDTHS[small.family]:
        prediction, cell = predicted(small, n, eps), cell_of(small, n, eps)
        low, high = prediction.low, prediction.high
        other = low - gap if low > 0.5 else high + gap
        plan = Proportion(low, high, alternative=other, false_alarm=ALARM, null_alarm=ALARM / 2.0)
        name = f"{small.family}, success at n {n}"
        found.append(Case(name, cell, plan, f"P = {prediction.p:.3f} in [{low:.3f}, {high:.3f}]"))
        if n == WIDTHS[small.family][1]:
            p, low, high = without_copies(prediction, n)
            wrong = Proportion(low, high, alternative=prediction.p, false_alarm=ALARM, null_alarm=ALARM / 2.0,
                               fixed=plan.trials)  # fmt: skip
            name, said = f"{small.family}, a formula with one copy at n {n}", f"P = {p:.3f} in [{low:.3f}, {high:.3f}]"
            found.append(Case(name, cell, wrong, said, control=True))
    return tuple(found)


def error_cases(small: Small, broken: Broken, said: str) -> tuple[Case, ...]:
    """Errors of tickets as they are, and of broken ones, which must leave their bound."""
    cell = {**cell_of(small, CLOSE, CLOSE_EPS), "broken": ""}
    plan, predicted = Never(share=0.2), "error <= error carried forward"
    return (
        Case(f"{small.family}, error at n {CLOSE}", cell, plan, predicted),
        Case(f"{small.family}, {said}", {**cell, "broken": broken}, plan, predicted, control=True),
    )
