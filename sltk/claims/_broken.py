"""Wrong constructions, as controls: made from right ones here, so that the product's own have no such option.

Each leaves the mask's arithmetic alone, so the certificate, which knows weights and not where they land, still holds
the broken ticket for right. Only running it can tell.
"""

from dataclasses import replace

import numpy as np
from torch import nn

from sltk.construct import StrongTicket
from sltk.construct.build import keep
from sltk.construct.pools.solve_stage import solve_stage
from sltk.construct.pools.task import StageTask


def run_of(ticket: StrongTicket) -> nn.Module:
    """The ticket as a float64 module."""
    return ticket.module("dense").eval().double()


def skip_elsewhere(ticket: StrongTicket, copies: int) -> nn.Module:
    """The ticket with every skip joined to the copies of the next neuron or channel."""
    module = run_of(ticket)
    for name, origin in module.named_buffers():
        if name.split(".")[-1].startswith("from_"):
            origin.copy_(origin.roll(copies))
    return module


def bias_at_border(ticket: StrongTicket, stage: int) -> StrongTicket:
    """The ticket with the biases of a zero-padded stage served by the kernel's corner, which falls into the padding."""
    role = replace(ticket.plan.roles[stage], phases=((0,),))
    assert ticket.target is not None
    affine = ticket.target.stages[stage].affine
    shape = (role.outputs, role.fan, role.inner)
    task = StageTask(
        weight=affine.weight.numpy().reshape(shape), bias=affine.bias.numpy(), tolerance=ticket.tolerances[stage],
        reach=np.ones(shape[1:]), error=np.zeros((role.copies_in, *shape[1:])),
        search=replace(ticket.search, objective="error", copy_error=None),
    )  # fmt: skip
    kept = solve_stage(ticket.source, role, task).kept
    masks = list(ticket.masks)
    keep(masks, ticket.source, role, kept)
    return replace(ticket, masks=tuple(masks))
