r"""Near zero an activation is two half lines (claim ``univariate-identity``).

Lemma. For an admissible phi, ``mu(x) = m_+ x + d`` for ``x >= 0`` and ``m_- x + d`` for ``x < 0``:
``|phi(x) - mu(x)| <= K |x|^q`` for ``|x|`` within the radius of the remainder. Hence neurons ``phi(w_a x)`` with
outgoing weights v_a compute ``theta x + d sum v`` up to
``|x| max_side |theta - sum v w m_side| + sum |v_a| K |w_a x|^q``.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sltk.claims._hypotheses import KINK
from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Preset
from sltk.core.lazy import later
from sltk.core.statistics.verdict import Never

if TYPE_CHECKING:
    from sltk.networks.activations.activation import Activation

torch, _table = later("torch"), later("sltk.networks.activations.table")

NAMES = ("relu", "leaky_relu(0.1)", "tanh", "sigmoid", "softplus", "gelu", "silu", "elu", "selu", "mish", "softsign")
LARGEST = 8.0
ROUNDING = 1e-14


def remainder(first_activation: "Activation", x: float) -> float:
    """``K |x|^q``; infinite beyond the radius in which it is proved."""
    own = first_activation.remainder
    return own.coefficient * abs(x) ** own.order if abs(x) <= own.radius else math.inf


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """``|phi - mu|`` at x of random sign and log-uniform size, against the remainder."""
    phi = _table.activation(cell["activation"])
    size = min(LARGEST, phi.remainder.radius) * 10.0 ** generator.uniform(-3.0, 0.0, trials)
    x = size * generator.choice([-1.0, 1.0], trials)
    falling = 0.0 if cell["broken"] == "slope" else phi.slope_negative
    intercept = 0.0 if cell["broken"] == "intercept" else phi.intercept
    mu = np.where(x >= 0, phi.slope_positive, falling) * x + intercept
    off = np.abs(phi(torch.from_numpy(x)).numpy() - mu)
    allowed = np.array([remainder(phi, value) for value in x.tolist()])
    return violations(off, allowed + ROUNDING * (1.0 + np.abs(x)))


def cases(preset: Preset) -> tuple[Case, ...]:
    """Every activation of the table; controls forget the slope of a leaky ReLU below 0, and sigmoid's intercept."""
    made = [_case(name, "") for name in NAMES]
    return (*made, _case("leaky_relu(0.1)", "slope"), _case("sigmoid", "intercept"))


def _case(name: str, broken: str) -> Case:
    title = f"{name} without its {broken}" if broken else name
    cell = {"activation": name, "broken": broken}
    return Case(title, cell, Never(share=0.01), "|phi - mu| <= K |x|^q", control=bool(broken))


CLAIM = Claim(
    key="univariate-identity",
    title="near zero an activation is two half lines",
    statement=r"|\phi(x) - \mu(x)| \le K |x|^q, \quad \mu(x) = m_{\mathrm{sign}(x)} x + d, \quad m_+ + m_- \ne 0",
    source="Derived for this project; the hypothesis after Burkholz 2022 (arXiv 2205.02321, 2205.02343)",
    provenance=(("statement", "derived"), ("its hypothesis", "abstract")),
    explanation="The first layer of both constructions makes copies of each input: small incoming and large outgoing "
    "weights remove the remainder. Where m_+ and m_- differ, both signs need a subset of their own; where d is not 0, "
    "its sum joins the bias. |x|, x^2, sign and step fail the hypothesis and are refused.",
    hypotheses=(KINK,),
    bound=remainder,
    measure=measure,
    cases=cases,
)
