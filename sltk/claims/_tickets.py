"""Tickets of small targets, built by the toolkit's own construction and held against a claim.

A ticket is measured in two ways: did every pool reach its target, and does the error at random inputs stay within the
a posteriori bound. A negative control breaks the ticket, never the check.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sltk import construct
from sltk.core.claim import Case, Preset
from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.statistics.verdict import Never, Proportion

if TYPE_CHECKING:
    from sltk.construct import Construction, StrongTicket
    from sltk.networks.network import Network

_networks, _measured = later("sltk.claims._networks"), later("sltk.claims._measured")

DELTA = 0.2
PARAM_EPS = 0.1
MOST_SAMPLES = 40


@dataclass(frozen=True)
class Setting:
    """Which small target is sought by which method."""

    target: Literal["dense", "conv"]
    method: str
    activation: str = "relu"
    biases: bool = True

    def network(self) -> "Network":
        """The target."""
        return _networks.TARGETS[self.target](self.activation, self.biases)

    def ticket(self, n: int, seed: int, eps: float = PARAM_EPS) -> "StrongTicket":
        """The ticket of one seed, with fewest samples."""
        return self.construction(n, eps).build(seed, construct.Search("cardinality"))

    @cache  # noqa: B019  # a handful of settings, each asked for thousands of seeds
    def construction(self, n: int, eps: float = PARAM_EPS) -> "Construction":
        """Of the target: U[-1,1] sources, inputs in [-1, 1], every parameter to ``eps``."""
        recipe = construct.Recipe(self.method, n, eps, law="uniform(1.0)", biases=self.biases)
        return construct.Construction(self.network(), (-1.0, 1.0), recipe)

    def _problems(self, n: int) -> int:
        return sum(family.problems for family in self.construction(n).families()[0])

    def size(self, constant: float, eps: float = PARAM_EPS, delta: float = DELTA) -> int:
        """Least ``n >= C ln(1 / min(eps, delta / M(n)))`` with ``M(n)`` the number of subset-sum problems."""
        for n in range(1, MOST_SAMPLES + 1):
            if n >= constant * math.log(1.0 / min(eps, delta / self._problems(n))):
                return n
        raise SltkError(f"constant={constant} asks for more than {MOST_SAMPLES} samples; pass a smaller one.")


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Tickets without failure, and tickets whose error at random inputs exceeds what error propagation allows.

    Cell: the fields of ``Setting``, ``n``, and ``broken``: ``""``, or what is taken from the ticket after it has been
    certified: ``"bias"`` (its constant neurons) or ``"slope"`` (half of its last layer).
    """
    setting = Setting(cell["target"], cell["method"], cell["activation"], cell["biases"])
    return _measured.success_and_error(setting, cell, trials, generator)


def success_cases(setting: Setting, constant: float, preset: Preset, small: int = 8) -> tuple[Case, ...]:
    """Success and error at the width of the calibrated constant; the control has pools of ``small`` samples."""
    plan = Proportion(1.0 - DELTA, 1.0, alternative=0.3 if preset == "quick" else 0.6)
    n = setting.size(constant)
    name, cell = f"{setting.target} {setting.activation}", {**vars(setting), "n": n, "broken": ""}
    said = f"P(no failure) >= {1 - DELTA:g}"
    return (
        Case(f"{name}, success at n {n}", cell, plan, said),
        Case(f"{name}, error at n {n}", cell, Never(fixed=plan.trials, share=0.2), "error <= error carried forward"),
        Case(f"{name}, success at n {small}", {**cell, "n": small}, plan, said, control=True),
    )


def broken_case(setting: Setting, n: int, broken: str) -> Case:
    """A ticket that is broken after it was certified must exceed what error propagation allowed."""
    cell = {**vars(setting), "n": n, "broken": broken}
    name = f"{setting.target} {setting.activation}, {broken} overwritten"
    return Case(name, cell, Never(share=0.2), "error <= error carried forward", control=True)
