"""A run that was stopped goes on: its state on disk, in a file named by all that fixes the run.

The name is the hash of the method and its phases, of the networks as they were made, and of the data; functions among
the fields of a method count by their names. So the file of another run is
never taken, several runs share a folder, and a damaged file costs no more than beginning again. What is kept stays when
the run has ended, and is then the whole run: remove the folder where its outcome is safe.
"""

import json
import re
import time
from contextlib import suppress
from pathlib import Path

from sltk.core.errors import SltkError
from sltk.core.files import write_atomic
from sltk.core.temporary import sweep
from sltk.train.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from sltk.train.loop.state import State
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.train import Train

EVERY = 20.0  # seconds of one training between two checkpoints


def resume(state: State, folder: str | Path, method: TrainingMethod, phases: Phases) -> State:
    """Fill ``state`` with what ``folder`` holds of its run, and keep it there from now on.

    Every measurement so far is a line of a file ``.jsonl`` beside it, as soon as it is made. The state is kept after
    each ``Train``, every ``EVERY`` seconds within one, and at the end: a kill loses no more than a round, and on a CPU
    the run ends with the same bits.

    Args:
        state: newly made; changed in place.
        folder: of the checkpoints; made when the first is written.
        method: that is run.
        phases: of the run, all of them.
    """
    path = Path(folder) / f"{_key(state, method, phases)[:32]}.state"
    sweep(path)
    if path.is_file():
        with suppress(SltkError):  # a damaged one
            load_checkpoint(state, path, phases)
    state.keep = _Keeper(path, phases)
    return state


class _Keeper:
    """Writes a state where it is worth it, and what is measured as it is measured."""

    def __init__(self, path: Path, phases: Phases) -> None:
        self.path, self.phases, self.written = path, phases, time.monotonic()

    def __call__(self, state: State) -> None:
        if not state.inside and isinstance(self.phases[state.cursor - 1], Measure):
            lines = [json.dumps(row, sort_keys=True) + "\n" for row in state.rows]  # a loss may be infinite
            write_atomic(self.path.with_suffix(".jsonl"), "".join(lines).encode())
        if self._due(state):
            save_checkpoint(state, self.path)
            self.written = time.monotonic()

    def _due(self, state: State) -> bool:
        if state.inside:
            return time.monotonic() - self.written >= EVERY
        return state.cursor == len(self.phases) or isinstance(self.phases[state.cursor - 1], Train)


def _key(state: State, method: TrainingMethod, phases: Phases) -> str:
    device = next(iter(state.replicas.parameters())).device
    # The addresses of functions differ from process to process.
    said = re.sub(r" at 0x[0-9a-f]+", "", repr((method, *phases)))
    return fingerprint(state, f"{device.type} {state.replicas.seeds} {state.replicas.arms} {said}")
