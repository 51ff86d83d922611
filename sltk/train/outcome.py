"""What a training method gives back."""

from dataclasses import dataclass
from importlib import import_module
from statistics import fmean
from typing import Any

from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.train.loop.state import State
from sltk.train.tickets.attach import detach


@dataclass(frozen=True)
class Outcome:
    """What a method came to.

    Attributes:
        state: all of it.
    """

    state: State

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Measurements, one a replica and label; see ``sltk.train.phases.measure``."""
        return self.state.rows

    def columns(self) -> dict[str, list[Any]]:
        """The measurements by column: one entry a replica and label.

        Rows that measure no accuracy, such as those of a cut, are left out; what a row does not say is ``None``.
        """
        measured = [row for row in self.rows if "test" in row]
        names = list(dict.fromkeys(name for row in measured for name in row))
        return {name: [row.get(name) for row in measured] for name in names}

    def frame(self) -> Any:
        """The measurements as a ``pandas.DataFrame``, one row a replica and label.

        Raises:
            SltkError: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise SltkError(
                'frame() needs pandas, which is not installed: pip install "sltk[frame]"; or take columns().'
            ) from error
        return pandas.DataFrame(self.columns())

    @property
    def last(self) -> list[dict[str, Any]]:
        """Rows of the last measurement, one a replica."""
        measured = [row for row in self.rows if "test" in row]
        return [row for row in measured if row["label"] == measured[-1]["label"]]

    def accuracy(self, label: str, arm: str = "ticket", part: str = "test") -> list[float]:
        """Accuracies of ``arm`` at ``label``, in order of the seeds."""
        return [row[part] for row in self.rows if row["label"] == label and row["arm"] == arm]

    def ticket(self, index: int = 0) -> nn.Module:
        """Replica ``index`` as an attached module."""
        return self.state.replicas.module(index)

    def module(self, index: int = 0) -> nn.Module:
        """Replica ``index`` as a plain module: effective weights, zeros included."""
        return detach(self.ticket(index))

    @property
    def masks(self) -> dict[str, Tensor]:
        """Masks by the weight's name, ``(replicas, ...)``."""
        return {name: ticket.mask.clone() for name, ticket in self.state.replicas.tickets.items()}

    def __repr__(self) -> str:
        """Seeds, data, what each has spent, and for each arm the means of the last measurement."""
        spent = f"{self.state.epochs:g} epochs, {self.state.steps} steps each"
        lines = [f"Outcome of {len(set(self.state.replicas.seeds))} seeds on {self.state.task.name}, {spent}"]
        for arm in dict.fromkeys(row["arm"] for row in self.last):
            rows = [row for row in self.last if row["arm"] == arm]
            density, live, test = (fmean(row[part] for row in rows) for part in ("density", "live", "test"))
            said = f"density {density:.4g}, live {live:.4g}, test accuracy {test:.4f}"
            lines.append(f"  {arm}: {said} at {rows[0]['label']!r}")
        if left_out := self.state.replicas.left_out:
            lines.append(f"  no ticket is behind {', '.join(left_out)}; density counts them as they are")
        return "\n".join(lines)
