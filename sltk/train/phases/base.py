"""What a phase is, and how a sequence of them runs."""

from collections.abc import Sequence
from typing import Protocol

from sltk.core.report import Steps
from sltk.train.loop.state import State


class Phase(Protocol):
    """One step of a method: it changes one part of a state, and holds nothing of its own that changes.

    What it does is fixed by its fields, the state and named streams, so that a run can go on from a checkpoint.
    """

    def run(self, state: State) -> None:
        """Change ``state`` in place."""
        ...


Phases = Sequence[Phase]


def run_phases(state: State, phases: Phases, *, report: Steps | None = None) -> State:
    """Run what is left of ``phases`` from where ``state`` stands.

    Args:
        state: changed in place.
        phases: all of them; ``state.cursor`` are done.
        report: called with (phases done, phases in all).

    Returns:
        ``state``.
    """
    while state.cursor < len(phases):
        phases[state.cursor].run(state)
        state.cursor += 1
        state.inside = 0
        if state.keep is not None:
            state.keep(state)
        if report is not None:
            report(state.cursor, len(phases))
    return state
