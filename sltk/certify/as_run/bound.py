"""What is proved of a ticket as it is run."""

import math
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.table import Table
from torch import Tensor

from sltk.certify.intervals import Box
from sltk.core.numerics.formats import Format


@dataclass(frozen=True)
class StageRounding:
    """Largest contributions of one stage.

    Attributes:
        name: of the affine map.
        evaluation: what its sum and univariate neurons lose when they are computed.
        leaving: distance of the target from what is computed, behind the stage.
    """

    name: str
    evaluation: float
    leaving: float


@dataclass(frozen=True)
class RunBound:
    """``sup_{x in domain} |target(x) - module(x)| <= bound``, the target in real arithmetic, the module in ``run``.

    Attributes:
        bound: largest entry of ``per_output``; infinite where there is none.
        per_output: ``output_shape``, maximum over copies; ``None`` where there is none.
        reason: why there is no bound, such as the first stage whose values may leave the format; else empty.
        layers: contributions, stage by stage.
        domain: the box.
        run: the format.
    """

    bound: float
    per_output: Tensor | None
    reason: str
    layers: tuple[StageRounding, ...]
    domain: Box
    run: Format

    def explain(self) -> Table:
        """What rounding adds, one row a stage, all numbers absolute."""
        table = Table(title=str(self), box=SIMPLE, padding=(0, 1, 0, 0))
        for column in ("stage", "lost when computed", "leaving, as run"):
            table.add_column(column, justify="left" if column == "stage" else "right")
        for layer in self.layers:
            table.add_row(layer.name, f"{layer.evaluation:.3g}", f"{layer.leaving:.3g}")
        return table

    @property
    def finite(self) -> bool:
        """Whether there is a bound at all."""
        return math.isfinite(self.bound)

    def __str__(self) -> str:
        if self.finite:
            return f"error at most {self.bound:.6g} run in {self.run.name}"
        return f"no bound run in {self.run.name}: {self.reason}"
