"""Dense training: nothing is pruned. What every ticket is held against."""

from dataclasses import dataclass
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.train import Train
from sltk.train.setup import Setup


@dataclass(frozen=True)
class Dense(TrainingMethod):
    """``[Train]``; the density is 1."""

    name: ClassVar[str] = "dense"
    density: float = 1.0

    def __post_init__(self) -> None:
        if self.density != 1.0:
            raise SltkError(f"dense training keeps everything, density 1, but got {self.density}; take another method.")

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train, measure."""
        recipe, steps = setup.timed(rows)
        return [Train(steps, recipe, augment=setup.augment), Measure("final")]
