"""Arms that take their structure from the ticket of their seed: the controls of a claim, in one stack with it."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.pruning.choose import largest
from sltk.train.pruning.scopes import group_scores, spread
from sltk.train.tickets.replicas import Replicas
from sltk.train.tickets.ticket import Ticket

Follow = Literal["same", "random"]
LEADER = "ticket"


def follow(replicas: Replicas, tickets: Mapping[str, Ticket], followers: Mapping[str, Follow]) -> None:
    """Write the masks of the arms in ``followers``.

    Args:
        replicas: whose arms and seeds are read.
        tickets: whose masks are written.
        followers: by arm: ``same`` takes the mask of the arm ``ticket`` with the same seed; ``random`` a uniformly
            random one with the same count in every layer, nested from density to density.

    Raises:
        SltkError: an arm without a leader, or another word than these two.
    """
    for arm, how in followers.items():
        if how not in ("same", "random"):
            raise SltkError(f"an arm follows as 'same' or 'random', but {arm!r} got {how!r}.")
        for index in [i for i, own in enumerate(replicas.arms) if own == arm]:
            _copy(tickets, index, _leader(replicas, index), how, replicas.seeds[index])


def _leader(replicas: Replicas, index: int) -> int:
    pairs = list(zip(replicas.arms, replicas.seeds, strict=True))
    wanted = (LEADER, replicas.seeds[index])
    if wanted not in pairs:
        raise SltkError(f"arm {replicas.arms[index]!r} of seed {wanted[1]} has no replica of arm {LEADER!r}; add one.")
    return pairs.index(wanted)


def _copy(tickets: Mapping[str, Ticket], index: int, leader: int, how: Follow, seed: int) -> None:
    for name, ticket in tickets.items():
        mask = ticket.mask[leader]
        ticket.mask[index] = mask if how == "same" else _random_like(ticket, mask, seed, name)


def _random_like(ticket: Ticket, mask: Tensor, seed: int, name: str) -> Tensor:
    kept = group_scores(ticket, torch.where(mask, 1.0, -torch.inf)[None])[0] > -torch.inf
    if not kept.any():
        return mask
    drawn = torch.rand(kept.shape, generator=torch_stream(seed, "random follower", name)).to(kept.device)
    return spread(ticket, largest(drawn[None], int(kept.sum())))[0]
