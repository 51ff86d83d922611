"""``Wear`` takes masks from a stored level, as they are or changed in one respect."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.levels import Level, load_level
from sltk.train.loop.state import State
from sltk.train.pruning.controls import inverted, random_mask, shuffled
from sltk.train.tickets.attach import tickets

Change = Literal["same", "shuffled", "random", "random, uniform", "random, erk", "inverted"]


@dataclass(frozen=True)
class Wear:
    """Masks and gates of each replica become those of the level's ``ticket`` of its seed.

    Args:
        level: file that ``sltk.train.levels`` wrote.
        change: ``shuffled`` within each layer, ``random`` with the counts of each layer (or spread over all of them
            uniformly, or by ERK), ``inverted``; see ``sltk.train.pruning.controls``, whose streams are of the seed.

    Raises:
        SltkError: an unknown change.
    """

    level: Path
    change: Change = "same"

    def __post_init__(self) -> None:
        if self.change not in get_args(Change):
            raise SltkError(f"change must be one of {'; '.join(get_args(Change))}, but got {self.change!r}.")

    def run(self, state: State) -> None:
        """Write masks and gates.

        Raises:
            SltkError: no level there, none of a seed, or one of another network.
        """
        held = load_level(self.level)
        shapes = {name: tuple(ticket.mask.shape[1:]) for name, ticket in state.replicas.tickets.items()}
        if shapes != {name: tuple(mask.shape[1:]) for name, mask in held.masks.items()}:
            raise SltkError(f"{self.level} holds masks of another network or basis; branch from a level of this one.")
        for index, seed in enumerate(state.replicas.seeds):
            for name, mask in self._masks(state, held, index, seed).items():
                ticket = state.replicas.tickets[name]
                ticket.mask[index] = mask
                ticket.gate[index] = mask

    def _masks(self, state: State, held: Level, index: int, seed: int) -> dict[str, Tensor]:
        place = held.place(seed)
        own = state.replicas.module(index)
        for name, ticket in tickets(own).items():
            ticket.mask.copy_(held.masks[name][place])
        kind, _, spread = self.change.partition(", ")
        if kind == "shuffled":
            own = shuffled(own, seed)
        elif kind == "random":
            own = random_mask(own, seed, spread or "layer")  # type: ignore[arg-type]  # one of the three by ``Change``
        elif kind == "inverted":
            own = inverted(own)
        return {name: ticket.mask for name, ticket in tickets(own).items()}
