"""What is measured of tickets for claims; apart from what lists the claims, which needs no torch."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sltk.certify.adversary import data_error
from sltk.claims._broken import bias_at_border, run_of, skip_elsewhere
from sltk.claims._carried import carried_bound
from sltk.claims._pools import violations
from sltk.construct import StrongTicket
from sltk.core.threads import limit

if TYPE_CHECKING:
    from sltk.claims._existence import Small
    from sltk.claims._tickets import Setting

INPUTS = 64


def success_and_error(
    setting: "Setting", cell: Mapping[str, Any], trials: int, generator: np.random.Generator
) -> Mapping[str, Any]:
    """See ``sltk.claims._tickets.measure``."""
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


def existence(
    small: "Small", cell: Mapping[str, Any], trials: int, generator: np.random.Generator
) -> Mapping[str, Any]:
    """See ``sltk.claims._existence.measure``."""
    with limit(1):
        seeds = generator.integers(2**63, size=trials).tolist()
        if "broken" in cell:
            found = [_error_and_bound(small, cell, seed, generator) for seed in seeds]
            return violations(*np.array(found).T)
        found = sum(len(small.ticket(cell["n"], cell["eps"], seed).failures) == 0 for seed in seeds)
    return {"successes": found, "trials": trials}


def _error_and_bound(
    small: "Small", cell: Mapping[str, Any], seed: int, generator: np.random.Generator
) -> tuple[float, float]:
    """Error at random inputs, and what error propagation allows of the ticket before it is broken."""
    ticket = small.ticket(cell["n"], cell["eps"], seed, "error")
    bound = carried_bound(ticket)
    if cell["broken"] == "border":
        ticket = bias_at_border(ticket, 1)
    network = small.network()
    module = skip_elsewhere(ticket, cell["n"]) if cell["broken"] == "skip" else run_of(ticket)
    points = torch.from_numpy(generator.random((INPUTS, *network.input_shape)))
    return data_error(network, module, points), bound


def _run(ticket: StrongTicket, broken: str) -> Callable[[torch.Tensor], torch.Tensor]:
    if broken == "bias":
        none = np.zeros(0, dtype=np.int64)
        ticket = replace(ticket, masks=tuple(replace(mask, bias=none) for mask in ticket.masks))
    module = ticket.module("dense").eval().double()
    if broken == "slope":
        return lambda x: 0.5 * module(x)
    return module
