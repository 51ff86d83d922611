"""How the rate goes over one training, told without its length; importing this module is cheap."""

from dataclasses import dataclass
from typing import Literal

from sltk.core.errors import SltkError

Schedule = Literal["cosine", "step", "constant"]


@dataclass(frozen=True)
class Rates:
    """The rate over a training of ``T`` steps, as a multiple of the recipe's rate: ``w(t) s(t)``.

    ``w(t) = min(1, (t + 1) / warmup)``, or 1 without a warm-up. ``s(t)`` is ``(1 + cos(pi t / T)) / 2`` under
    ``cosine``; ``factor^j`` after ``j`` milestones under ``step``; 1 under ``constant``.
    """

    schedule: Schedule = "cosine"
    """cosine takes the rate to 0 over each training; step multiplies it at the milestones; constant leaves it."""
    milestones: tuple[float, ...] = (0.5, 0.75)
    """Of step: shares of a training."""
    factor: float = 0.1
    """Of step: what the rate is multiplied by."""
    warmup: int = 0
    """Steps over which the rate rises from nearly 0, in any schedule."""

    def __post_init__(self) -> None:
        if self.schedule not in ("cosine", "step", "constant"):
            raise SltkError(f"schedule must be cosine, step or constant, but got {self.schedule!r}.")
        if not all(0.0 < m < 1.0 for m in self.milestones) or list(self.milestones) != sorted(self.milestones):
            raise SltkError(f"milestones are shares of a training, rising in (0, 1), but got {self.milestones}.")
        if not 0.0 < self.factor <= 1.0 or self.warmup < 0:
            raise SltkError(f"needs 0 < factor <= 1 and warmup >= 0 steps, but got {self.factor} and {self.warmup}.")

    def risen(self, step: int) -> float:
        """``w(step)``."""
        return min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0

    def places(self, steps: int) -> tuple[int, ...]:
        """Steps of a training of ``steps`` at which the rate is multiplied; none but under ``step``."""
        return tuple(round(m * steps) for m in self.milestones) if self.schedule == "step" else ()


COSINE = Rates()
