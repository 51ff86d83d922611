"""``Cut`` writes gates: what a soft method has masked leaves the network."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from sltk.train.loop.state import State
from sltk.train.loop.statistics import recompute
from sltk.train.tickets.ticket import Ticket


@dataclass(frozen=True)
class Cut:
    """``gate <- mask``, and batch-norm statistics from the data again, since the network is another one now.

    It adds a row ``cut`` on the layers that lose something: ``ratio``, mean size of a masked coefficient over that of a
    kept one, before the cut; ``masked_per_kept``, how many masked ones stand for each kept one; and their product
    ``mass``, all that is cut over all that stays. At a density of .02 there are 49 for one, so a ratio of .012, which
    looks like nothing, is a mass of .59.
    """

    def run(self, state: State) -> None:
        """Close the gates."""
        found = masked_over_kept(state.replicas.tickets)
        state.rows.extend(
            {"label": "cut", "seed": seed, "arm": arm, **own}
            for seed, arm, own in zip(state.replicas.seeds, state.replicas.arms, found, strict=True)
        )
        for ticket in state.replicas.tickets.values():
            ticket.gate.copy_(ticket.mask)
        recompute(state)


def masked_over_kept(tickets: Mapping[str, Ticket]) -> list[dict[str, float]]:
    """``ratio``, ``masked_per_kept`` and ``mass`` of each replica, over the layers with something off the mask."""
    return [_over_kept(tickets, r) for r in range(next(iter(tickets.values())).mask.shape[0])]


def _over_kept(tickets: Mapping[str, Ticket], r: int) -> dict[str, float]:
    losing = [t for t in tickets.values() if not bool(t.mask[r].all())]
    sizes = torch.cat([t.coefficients[r].detach().abs().flatten() for t in losing]) if losing else torch.zeros(0)
    mask = torch.cat([t.mask[r].flatten() for t in losing]) if losing else torch.zeros(0, dtype=torch.bool)
    off, kept = sizes[~mask].double(), sizes[mask].double()
    if not off.numel() or not float(kept.sum()) > 0:
        return {"ratio": 0.0, "masked_per_kept": 0.0, "mass": 0.0}
    mass = float(off.sum() / kept.sum())
    each = off.numel() / kept.numel()
    return {"ratio": mass / each, "masked_per_kept": each, "mass": mass}
