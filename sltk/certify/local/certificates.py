"""Local certificates: the error over a ball around each input, and whether the ticket's answer is the target's there.

Let t be the target's answer at an input. Over the ball around it ``y_t - y_j >= lead_j`` for every other class j, and
the ticket's outputs are ``y - d`` with d in an interval. If ``lead_j > 0`` and ``lead_j > d_t - d_j`` for all j, target
and ticket answer t on the whole ball: the answers are proved the same. All numbers are rounded outward.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.findings import answers
from sltk.certify.intervals import Box, StageRanges
from sltk.certify.local.balls import balls, ranges_of
from sltk.certify.local.forward import Run, differences
from sltk.certify.local.margins import interval_leads, linear_leads
from sltk.certify.local.pair_map import PairMap
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import up
from sltk.core.numerics.tensors import batches
from sltk.core.report import Steps
from sltk.core.statistics.stats import ConfidenceInterval, clopper_pearson
from sltk.networks.network import Network

ROW_BYTES = 2**24  # of the largest value of a batch: what torch gives back and takes again without clearing pages


@dataclass(frozen=True)
class LocalCertificates:
    """What is proved around ``n`` inputs.

    Attributes:
        radius: of the balls, in the largest entry, in the units of the inputs.
        errors: ``(n,)``, bounds of ``|target - ticket|`` of any output over the ball.
        answers: ``(n,)``, the target's answer at the input: its largest output, or the sign of the only one.
        leads: ``(n,)``, how far that is proved ahead of every other over the ball, in the target.
        kept: ``(n,)``, whether the target's answer is proved not to change over the ball.
        proved: ``(n,)``, whether both answers are proved to be that one over the ball.
        run: the format in which the ticket is computed, or the run; ``"real"`` for real arithmetic.
    """

    radius: float
    errors: Tensor
    answers: Tensor
    leads: Tensor
    kept: Tensor
    proved: Tensor
    run: str = "real"

    def __len__(self) -> int:
        return len(self.errors)

    @property
    def share(self) -> float:
        """Share of the inputs whose answers are proved the same."""
        return float(self.proved.double().mean())

    def interval(self, confidence: float = 0.95) -> ConfidenceInterval:
        """Exact limits of that share over the inputs that these are a sample of."""
        return clopper_pearson(int(self.proved.sum()), len(self), confidence)

    @property
    def mean_error(self) -> float:
        """Mean of the bounds."""
        return float(self.errors.mean())

    def __repr__(self) -> str:
        return (
            f"LocalCertificates({len(self)} inputs, radius {self.radius:g}, {self.run}: answers proved the "
            f"same around {self.share:.1%}, error at most {self.mean_error:.4g} in the mean)"
        )


@dataclass(frozen=True)
class LocalCertifier:
    """Target and ticket, ready for certificates around inputs.

    Args:
        network: the target.
        maps: its pairs of maps, one a stage (``sltk.certify.local.pair_map``).
        domain: of the ticket; balls are clipped to it.
        copies: largest number of copies of a stage.
    """

    network: Network
    maps: Sequence[PairMap]
    domain: Box
    copies: int

    def certify(
        self, x: Tensor, radius: float, run: Run | None = None, report: Steps | None = None
    ) -> LocalCertificates:
        """Certificates around the rows of ``x``.

        Args:
            x: ``(n, *input_shape)``, at least one row, in the domain.
            radius: of the balls, at least 0.
            run: how the ticket is computed; ``None`` for real arithmetic. Its inputs are numbers of the format.
            report: called with (inputs done, inputs in all).

        Raises:
            SltkError: a radius or an input that is not allowed; values that leave float64, or the format of ``run``.
        """
        if tuple(x.shape[1:]) != self.network.input_shape or not len(x):
            raise SltkError(
                f"x must be (n, *{self.network.input_shape}) with n >= 1, but has shape {tuple(x.shape)}; one input "
                "needs a batch axis too."
            )
        parts = list[LocalCertificates]()
        for rows in batches(x, self._rows):
            parts.append(self._part(rows, radius, run))
            if report:
                report(sum(map(len, parts)), len(x))
        fields = ("errors", "answers", "leads", "kept", "proved")
        merged = {name: torch.cat([getattr(part, name) for part in parts]) for name in fields}
        return LocalCertificates(radius, **merged, run="real" if run is None else run.format.name)

    @property
    def _rows(self) -> int:
        sizes = (max(torch.Size(shape).numel() for shape in self.network.shapes(i)) for i in range(len(self.maps)))
        return max(1, min(64, ROW_BYTES // (8 * self.copies * max(sizes))))

    def _part(self, x: Tensor, radius: float, run: Run | None) -> LocalCertificates:
        inputs = balls(x, radius, self.domain)
        before, ranges = ranges_of(self.network, inputs)
        found = differences(self.network, self.maps, before, ranges, run)
        low, high = (end.flatten(1) for end in (found.low, found.high))
        outputs = Interval(*(end.flatten(1) for end in (ranges[-1].leaving.low, ranges[-1].leaving.high)))
        answer = answers(self.network(x.double()).flatten(1)).long()
        apart = _apart(low, high, answer)
        leads = interval_leads(outputs, answer)
        for row in range(len(x)):
            if not bool((leads[row] > apart[row].clamp(min=0)).all()):
                here, known = [_row(part, row) for part in before], [_stage_row(stage, row) for stage in ranges]
                leads[row] = torch.maximum(leads[row], linear_leads(self.network, here, known, int(answer[row])))
        kept, proved = (leads > 0).all(1), (leads > apart.clamp(min=0)).all(1)
        return LocalCertificates(radius, Interval(low, high).magnitude.amax(1), answer, leads.amin(1), kept, proved)


def _apart(low: Tensor, high: Tensor, answer: Tensor) -> Tensor:
    """Upper bounds of ``d_t - d_j``, ``(n, classes)``; of what a single output's sign may lose, ``(n, 1)``."""
    if low.shape[1] == 1:
        return torch.where(answer[:, None] == 1, high, -low)
    return up(high.gather(1, answer[:, None]) - low)


def _row(x: Interval, row: int) -> Interval:
    return Interval(x.low[row : row + 1], x.high[row : row + 1])


def _stage_row(stage: StageRanges, row: int) -> StageRanges:
    return StageRanges(_row(stage.entering, row), _row(stage.affine, row), tuple(_row(x, row) for x in stage.steps))
