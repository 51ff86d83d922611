"""Tickets of small targets, built by the toolkit's own construction and held against a claim.

A ticket is measured in two ways: did every pool reach its target, and does the error at random inputs stay within the
a posteriori bound. A negative control breaks the ticket, never the check.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
import torch

from sltk.certify.adversary import data_error
from sltk.claims._carried import carried_bound
from sltk.claims._pools import violations
from sltk.construct import Construction, Recipe, Search, StrongTicket
from sltk.core.claim import Case, Preset
from sltk.core.errors import SltkError
from sltk.core.statistics.verdict import Never, Proportion
from sltk.core.threads import limit
from sltk.networks.activations.table import activation
from sltk.networks.network import Network, Stage
from sltk.networks.ops.act import Act
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear

DELTA = 0.2
PARAM_EPS = 0.1
INPUTS = 64
MOST_SAMPLES = 40


def dense_target(act: str, biases: bool) -> Network:
    """2-2-1, weights of size .4 to .8."""
    hidden = Linear("hidden", _real([[0.7, -0.4], [-0.5, 0.6]]), _real([0.3, -0.2]) * biases)
    output = Linear("output", _real([[0.8, -0.6]]), _real([0.25]) * biases)
    return Network((2,), (Stage(hidden, (Act(activation(act)),)), Stage(output)))


def conv_target(act: str, biases: bool) -> Network:
    """One 2 x 2 kernel on 3 x 3 pixels, then 4-1."""
    kernel = Conv("conv", _real([[[[0.7, -0.4], [-0.5, 0.6]]]]), _real([0.3]) * biases)
    output = Linear("output", _real([[0.8, -0.6, 0.5, 0.4]]), _real([0.25]) * biases)
    return Network((1, 3, 3), (Stage(kernel, (Act(activation(act)), Flatten())), Stage(output)))


TARGETS: dict[str, Callable[[str, bool], Network]] = {"dense": dense_target, "conv": conv_target}


@dataclass(frozen=True)
class Setting:
    """Which small target is sought by which method."""

    target: Literal["dense", "conv"]
    method: str
    activation: str = "relu"
    biases: bool = True

    def network(self) -> Network:
        """The target."""
        return TARGETS[self.target](self.activation, self.biases)

    def ticket(self, n: int, seed: int, eps: float = PARAM_EPS) -> StrongTicket:
        """The ticket of one seed, with fewest samples."""
        return self.construction(n, eps).build(seed, Search("cardinality"))

    @cache  # noqa: B019  # a handful of settings, each asked for thousands of seeds
    def construction(self, n: int, eps: float = PARAM_EPS) -> Construction:
        """Of the target: U[-1,1] sources, inputs in [-1, 1], every parameter to ``eps``."""
        recipe = Recipe(self.method, n, eps, law="uniform(1.0)", biases=self.biases)
        return Construction(self.network(), (-1.0, 1.0), recipe)

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
    network, succeeded = setting.network(), 0
    errors, bounds = [], []
    with limit(1):  # a ticket of this size is done before a second thread has started
        for seed in generator.integers(2**63, size=trials).tolist():
            ticket = setting.ticket(cell["n"], seed)
            succeeded += len(ticket.failures) == 0
            points = torch.from_numpy(generator.uniform(-1.0, 1.0, (INPUTS, *network.input_shape)))
            bounds.append(carried_bound(ticket))
            errors.append(data_error(network, _run(ticket, cell["broken"]), points))
    return {"successes": succeeded, **violations(np.array(errors), np.array(bounds))}


def success_cases(setting: Setting, constant: float, preset: Preset, small: int = 8) -> tuple[Case, ...]:
    """Success and error at the width of the calibrated constant; the control has pools of ``small`` samples."""
    plan = Proportion(1.0 - DELTA, 1.0, alternative=0.45 if preset == "quick" else 0.6)
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


def _run(ticket: StrongTicket, broken: str) -> Callable[[torch.Tensor], torch.Tensor]:
    if broken == "bias":
        none = np.zeros(0, dtype=np.int64)
        ticket = replace(ticket, masks=tuple(replace(mask, bias=none) for mask in ticket.masks))
    module = ticket.module("dense").eval().double()
    if broken == "slope":
        return lambda x: 0.5 * module(x)
    return module


def _real(values: list) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)
