"""``Press`` writes the coats of a multicoated search into its weights, which leave as an ordinary ticket."""

from dataclasses import dataclass

from sltk.train.loop.state import State
from sltk.train.pruning.coats import press


@dataclass(frozen=True)
class Press:
    """``c <- coats * c``; the effective weights stay."""

    def run(self, state: State) -> None:
        """Write coefficients and coats."""
        press(state)
