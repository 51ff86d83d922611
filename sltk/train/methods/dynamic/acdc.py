"""AC/DC: one training that is dense and sparse in turn, and sparse at its end.

Source: Peste et al. 2106.12379 (remembered). There a warm-up is dense, and the last sparse part is longer; here the
parts are equal but for rounding.
"""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Open, Prune
from sltk.train.phases.train import Train
from sltk.train.phases.zero import Zero
from sltk.train.pruning.scopes import GLOBAL, Scope
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Acdc(TrainingMethod):
    """``n x [Open, Train, Prune, Zero, Train]``, one training in all; the optimiser starts anew at each change.

    What was pruned is 0 when it is opened again, and may come back; a ticket of iterative hard thresholding (``Iht``)
    has no training inside a mask but the last.

    Args:
        density: kept fraction of the sparse parts.
        cycles: ``n``.
        scope: over which coefficients compete.

    Raises:
        SltkError: no cycle, or a training of fewer steps than parts.
    """

    name: ClassVar[str] = "acdc"
    cycles: int = 4
    scope: Scope = GLOBAL

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cycles < 1:
            raise SltkError(f"cycles must be at least 1, but got {self.cycles}.")

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Dense and sparse in turn."""
        recipe, steps = setup.timed(rows)
        parts = 2 * self.cycles
        if steps < parts:
            raise SltkError(f"{parts} parts need at least as many steps, but the training has {steps}; train longer.")
        found: list[Phase] = []
        for part in range(parts):
            begun, done = steps * part // parts, steps * (part + 1) // parts
            chosen: list[Phase] = [Prune(self.density, scope=self.scope), Zero()] if part % 2 else [Open()]
            found += [*chosen, Train(done - begun, recipe, start=begun, augment=setup.augment)]
        return [*found, Measure("final")]
