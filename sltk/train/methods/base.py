"""What a training method is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from sltk.train.loop.state import State
from sltk.train.phases.base import Phases
from sltk.train.pruning.choose import require_density
from sltk.train.setup import Setup


@dataclass(frozen=True)
class TrainingMethod(ABC):
    """A way from initial weights to a ticket: its own numbers, and its phases under a setup.

    A subclass holds only what is particular to it; basis, seeds, length, recipe, device and augmentation are those of
    the setup, and reach every training. Its last measurement finds exactly ``density``.

    Args:
        density: kept fraction at the end, of the numbers that its scope covers.

    Raises:
        SltkError: a density outside ``(0, 1]``.
    """

    name: ClassVar[str]
    density: float = 0.1

    def __post_init__(self) -> None:
        require_density(self.density)

    @property
    def arms(self) -> tuple[str, ...]:
        """What is run for each seed: the ticket, and controls where the method knows some."""
        return ("ticket",)

    def prepare(self, state: State) -> None:
        """Change what ``state`` trains, before its first phase; a state that is resumed is prepared likewise."""
        return None

    @abstractmethod
    def phases(self, setup: Setup, rows: int) -> Phases:
        """The phases, in order.

        Args:
            setup: how it is run.
            rows: of the training part, which turn epochs into steps.
        """
