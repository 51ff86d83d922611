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

    It adds a row ``cut`` with the ratio of mean sizes, masked over kept, before the cut: small where a penalty has
    taken the masked ones to 0.
    """

    def run(self, state: State) -> None:
        """Close the gates."""
        ratios = masked_over_kept(state.replicas.tickets)
        state.rows.extend(
            {"label": "cut", "seed": seed, "arm": arm, "ratio": ratio}
            for seed, arm, ratio in zip(state.replicas.seeds, state.replicas.arms, ratios, strict=True)
        )
        for ticket in state.replicas.tickets.values():
            ticket.gate.copy_(ticket.mask)
        recompute(state)


def masked_over_kept(tickets: Mapping[str, Ticket]) -> list[float]:
    """Mean size of the coefficients off the mask over that of those in it, for each replica."""
    ratios = []
    for r in range(next(iter(tickets.values())).mask.shape[0]):
        sizes = torch.cat([t.coefficients[r].detach().abs().flatten() for t in tickets.values()])
        mask = torch.cat([t.mask[r].flatten() for t in tickets.values()])
        kept, off = sizes[mask], sizes[~mask]
        ratios.append(float(off.mean() / kept.mean()) if off.numel() and float(kept.sum()) > 0 else 0.0)
    return ratios
