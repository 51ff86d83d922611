"""Symmetries of a source that change no ticket's function: which neuron stands where in its block, and its scale.

A block are the univariate neurons of one input, or the constants of one stage. Where inputs are not negative, kept
incoming weights positive, and the activation a ReLU, a neuron of incoming weight ``u`` and outgoing ``v`` may take any
place of its block, and may have ``(1, v u)`` for ``(u, v)``; a neuron that nothing reads may have any incoming weight.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from experiments.ticket_lines.source import Ticket, names
from sltk.construct import Construction
from sltk.construct.methods.roles import Role
from sltk.core.numerics.arrays import Flags, Indices

Match = Callable[["Block", "Block"], Indices]


@dataclass
class Block:
    """Neurons that may change places: views into a ticket's weights.

    Attributes:
        incoming: ``(places,)``; outgoing: ``(rows, places, inner)``.
    """

    incoming: Tensor
    outgoing: Tensor

    @property
    def used(self) -> Flags:
        """Which places hold a neuron that something reads."""
        return np.asarray((self.outgoing != 0).any(dim=2).any(dim=0), dtype=bool)

    def place(self, order: Indices) -> None:
        """Put neuron ``order[k]`` to place ``k``."""
        taken = torch.from_numpy(order)
        self.incoming[:] = self.incoming[taken].clone()
        self.outgoing[:] = self.outgoing[:, taken].clone()

    def rescale(self) -> None:
        """Give every neuron the incoming weight 1."""
        self.outgoing *= self.incoming[None, :, None]
        self.incoming[:] = 1.0


def copied(ticket: Ticket) -> Ticket:
    """The same with weights of its own."""
    return replace(ticket, weights={name: value.clone() for name, value in ticket.weights.items()})


def blocks(asked: Construction, ticket: Ticket) -> Iterator[Block]:
    """All blocks of a ticket, as views."""
    for role in asked.plan.roles:
        combining = outgoing_of(asked, role, ticket)
        copies = role.inputs * role.copies_in
        if role.first is not None:
            first = ticket.weights[f"{names(asked)[role.first]}.weight"].view(-1, role.fan)
            for i in range(role.inputs):
                own = slice(i * role.copies_in, (i + 1) * role.copies_in)
                yield Block(first[own, i % role.fan], combining[:, own])
        if role.constants is not None:
            start, count = role.constants.start, role.constants.count
            bias = ticket.weights[f"{names(asked)[role.below]}.bias"]
            yield Block(bias[start : start + count], combining[:, copies : copies + count])


def outgoing_of(asked: Construction, role: Role, ticket: Ticket) -> Tensor:
    """Combining weights ``(rows, channels, inner)`` of a stage, a view."""
    return ticket.weights[f"{names(asked)[role.combine]}.weight"].view(-1, role.width, role.inner)


def rescaled(asked: Construction, ticket: Ticket) -> Ticket:
    """The ticket with an incoming weight of 1 in every neuron."""
    own = copied(ticket)
    for block in blocks(asked, own):
        block.rescale()
    return own


def placed(asked: Construction, first: Ticket, second: Ticket, match: Match) -> Ticket:
    """``second`` with the neurons of each block where ``match`` puts them beside those of ``first``."""
    own = copied(second)
    for fixed, moved in zip(blocks(asked, first), blocks(asked, own), strict=True):
        moved.place(match(fixed, moved))
    return own


def alike(first: Block, second: Block) -> Indices:
    """The places at which both blocks have the largest inner product: the closest of all orders, weights squared."""
    gain = first.incoming[:, None] * second.incoming[None, :]
    gain = gain + torch.einsum("jas,jbs->ab", first.outgoing, second.outgoing)
    return linear_sum_assignment(gain.numpy(), maximize=True)[1]


def beside(first: Block, second: Block) -> Indices:
    """Places that the first block does not use, for the neurons that the second uses; some may be too many."""
    taken, used = first.used, second.used
    order = np.full(taken.size, -1)
    free = np.flatnonzero(~taken)
    mine = np.flatnonzero(used)
    places = np.concatenate([free, np.flatnonzero(taken)])
    order[places[: mine.size]] = mine
    order[places[mine.size :]] = np.flatnonzero(~used)
    return order
