"""``Under`` runs a phase on corrupted data: what does a mask owe to labels or pixels?"""

from dataclasses import dataclass

from sltk.core.errors import SltkError
from sltk.train.loop.corrupt import CORRUPTIONS, corrupted
from sltk.train.loop.state import State
from sltk.train.phases.prune import Prune


@dataclass(frozen=True)
class Under:
    """``phase`` with the data as ``how`` leaves them; all other phases see them as they are.

    Args:
        how: one of ``sltk.train.loop.corrupt.CORRUPTIONS``.
        phase: a pruning step. (A training of its own is run on a corrupted task.)
        seed: of the corruption.

    Raises:
        SltkError: an unknown corruption.
    """

    how: str
    phase: Prune
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in CORRUPTIONS:
            raise SltkError(f"a corruption is one of {', '.join(CORRUPTIONS)}, but got {self.how!r}.")

    def run(self, state: State) -> None:
        """Run the phase; the state's own data are back afterwards."""
        own = state.task
        state.task = corrupted(own, self.how, self.seed)
        try:
            self.phase.run(state)
        finally:
            state.task = own
