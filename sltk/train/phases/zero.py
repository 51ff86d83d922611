"""The hard part of hard thresholding: coefficients off the mask become 0, so that they start from there again."""

from dataclasses import dataclass

import torch

from sltk.train.loop.state import State


@dataclass(frozen=True)
class Zero:
    """``c <- mask * c``."""

    def run(self, state: State) -> None:
        """Write the zeros."""
        with torch.no_grad():
            for ticket in state.replicas.tickets.values():
                ticket.coefficients.masked_fill_(~ticket.mask, 0.0)
