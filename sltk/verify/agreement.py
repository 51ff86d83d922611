"""What target and ticket answer on labelled data."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.findings import Comparison, answers
from sltk.core.report import Steps

OutputsOf = Callable[[Tensor], Tensor]  # a batch of inputs to their outputs

WORST = 16  # rows with the largest errors that are named, to be looked at again: what the kernels take at once


@dataclass(frozen=True)
class Agreement:
    """Target and ticket on the same rows.

    Attributes:
        rows: number of inputs.
        target_correct: rows that the target classifies as labelled.
        ticket_correct: the same of the ticket.
        differing: rows on which the two predict differently.
        error: largest ``|target - ticket|`` of an output, in the dtype of the data, its rounding included.
        largest: largest ``|target|`` of an output, the scale of ``error``.
        spread: largest range of one output of the target over the rows.
        worst: up to 16 rows with the largest errors, worst first.
    """

    rows: int
    target_correct: int
    ticket_correct: int
    differing: int
    error: float
    largest: float
    spread: float
    worst: Tensor

    @property
    def target_accuracy(self) -> float:
        """Share of rows that the target classifies as labelled."""
        return self.target_correct / self.rows

    @property
    def ticket_accuracy(self) -> float:
        """Share of rows that the ticket classifies as labelled."""
        return self.ticket_correct / self.rows

    def comparison(self, what: str) -> Comparison:
        """The same as a finding: inputs in words, and an infinite error where the ticket gave no number."""
        error = self.error if math.isfinite(self.error) else math.inf
        return Comparison(what, self.rows, error, self.largest, self.spread, self.rows - self.differing)


def first_of_each_class(labels: Tensor, count: int) -> Tensor:
    """Numbers of the first ``count`` rows of every class, class by class; ``labels`` is ``(rows,)``."""
    return torch.cat([torch.nonzero(labels == label)[:count, 0] for label in labels.unique()])


def agreement(
    target: OutputsOf, ticket: OutputsOf, x: Tensor, y: Tensor, *, batch: int, report: Steps | None = None
) -> Agreement:
    """Run both on ``x`` and compare.

    Args:
        target: maps ``(batch, ...)`` to ``(batch, classes)``.
        ticket: the same.
        x: inputs, in the dtype in which both are evaluated.
        y: ``(rows,)`` labels.
        batch: rows at a time.
        report: called with (rows done, rows in all).
    """
    right = torch.zeros(2, dtype=torch.int64)
    differing, largest, errors, outputs = 0, 0.0, list[Tensor](), list[Tensor]()
    with torch.no_grad():
        for start in range(0, len(x), batch):
            rows, labels = x[start : start + batch], y[start : start + batch]
            wanted, got = target(rows), ticket(rows)
            said, heard = answers(wanted), answers(got)
            right += torch.stack([(said == labels).sum(), (heard == labels).sum()])
            differing += int((said != heard).sum())
            largest = max(largest, float(wanted.abs().max()))
            outputs.append(wanted.flatten(1))
            errors.append((wanted.double() - got.double()).abs().flatten(1).amax(1))
            if report:
                report(min(start + batch, len(x)), len(x))
    error = torch.cat(errors)
    worst = error.argsort(descending=True, stable=True)[:WORST]
    all_outputs = torch.cat(outputs)
    spread = float((all_outputs.amax(0) - all_outputs.amin(0)).max())
    return Agreement(len(x), int(right[0]), int(right[1]), differing, float(error.max()), largest, spread, worst)
