"""``Anchor`` stores what is trained, and ``Rewind`` writes it back."""

from dataclasses import dataclass

import torch

from sltk.core.errors import SltkError
from sltk.train.loop.state import State


@dataclass(frozen=True)
class Anchor:
    """Store a copy of coefficients, other parameters, statistics and position under ``name``."""

    name: str = "start"

    def run(self, state: State) -> None:
        """Copy, so that training on does not move what is stored."""
        copied = {name: value.detach().clone() for name, value in state.values().items()}
        state.anchors[self.name] = copied, state.position


@dataclass(frozen=True)
class Rewind:
    """``c <- c_k`` by copy, and the position with it, so that the same batches come again.

    Args:
        name: of the anchor.
        weights: ``False`` rewinds position (batches and rate) alone: learning-rate rewinding.
    """

    name: str = "start"
    weights: bool = True

    def run(self, state: State) -> None:
        """Copy back.

        Raises:
            SltkError: nothing is stored under ``name``.
        """
        if self.name not in state.anchors:
            raise SltkError(f"there is no anchor {self.name!r}; put Anchor({self.name!r}) before Rewind.")
        values, position = state.anchors[self.name]
        if self.weights:
            with torch.no_grad():
                for name, value in state.values().items():
                    value.copy_(values[name])
        state.position = position
