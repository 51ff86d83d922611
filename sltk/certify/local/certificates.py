"""Local certificates: the error over a ball around each input, and whether the ticket's answer is the target's there.

Let t be the target's answer at an input. Over the ball around it ``y_t - y_j >= lead_j`` for every other class j, and
the ticket's outputs are ``y - d`` with d in an interval. If ``lead_j > 0`` and ``lead_j > d_t - d_j`` for all j, target
and ticket answer t on the whole ball: the answers are proved the same. All numbers are rounded outward.

At points and in real arithmetic both are evaluated in twice the precision (`sltk.certify.local.twofold`), which says
something of deep networks too; where it leaves more than a hundredth of a bound open, intervals are taken beside it.

On a device (`LocalCertifier.on`) the target's intervals and the differences are computed there, in float64. Every
number is rounded outward by what sums of its terms lose in any order (`sltk.core.numerics.rounding`), not by modes of
rounding or an order of the CPU's: by the rule of `sltk.core.numerics.device` these bounds are the device's own.
Twice the precision, and the linear relaxation of leads, which few inputs need, are compiled loops and stay on the CPU.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from sltk.certify.findings import answers
from sltk.certify.intervals import Box, StageRanges
from sltk.certify.local.balls import balls, ranges_of
from sltk.certify.local.forward import Run, differences
from sltk.certify.local.loops import TORCH
from sltk.certify.local.margins import interval_leads, linear_leads
from sltk.certify.local.pair_map import PairMap
from sltk.certify.local.twofold import TwofoldNetwork
from sltk.core.errors import SltkError
from sltk.core.numerics.device import plain_sums
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import up
from sltk.core.numerics.tensors import batches
from sltk.core.numerics.twofold import Twofold
from sltk.core.report import Steps
from sltk.core.statistics.stats import ConfidenceInterval, clopper_pearson
from sltk.networks.network import Network

OPEN = 0.01  # share of a bound that rounding in twice the precision may leave
MOST = 64  # inputs at a time
ROW_BYTES = 2**24  # of the largest value of a batch: what torch gives back and takes again without clearing pages
DEVICE_BYTES = 2**28  # the same on a device


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
        exactly: the ticket at points, in twice the precision; ``None``, or gives it, where it cannot be evaluated so.
        there: the target and the device on which it and the maps are; ``None`` for the CPU's compiled loops.
    """

    network: Network
    maps: Sequence[PairMap]
    domain: Box
    copies: int
    exactly: Callable[[Tensor], Twofold | None] | None = None
    there: tuple[Network, torch.device] | None = None

    def on(self, device: torch.device) -> "LocalCertifier":
        """The same on ``device``, by torch's operations.

        Raises:
            SltkError: a kind of device of whose sums nothing is known.
        """
        with plain_sums(device):
            there = self.network.on(device), device
        return replace(self, maps=[known.on(device) for known in self.maps], there=there)

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
        parts, run = list[LocalCertificates](), run and self._run(run)
        for rows in batches(x, self._rows):
            parts.append(self._part(rows, radius, run))
            if report:
                report(sum(map(len, parts)), len(x))
        fields = ("errors", "answers", "leads", "kept", "proved")
        merged = {name: torch.cat([getattr(part, name) for part in parts]) for name in fields}
        return LocalCertificates(radius, **merged, run="real" if run is None else run.format.name)

    def _run(self, run: Run) -> Run:
        return run if self.there is None else run.on(self.there[1])

    @property
    def _rows(self) -> int:
        sizes = (max(torch.Size(shape).numel() for shape in self.network.shapes(i)) for i in range(len(self.maps)))
        room = ROW_BYTES if self.there is None else DEVICE_BYTES
        return max(1, min(MOST, room // (8 * self.copies * max(sizes))))

    def _part(self, x: Tensor, radius: float, run: Run | None) -> LocalCertificates:
        inputs = balls(x, radius, self.domain)
        known = self.exactly(x) if radius == 0.0 and run is None and self.exactly else None
        if known is None:
            return self._over(x, inputs, radius, run)
        found, off = self._at_points(x, known)
        loose = torch.nonzero(~(off <= OPEN * found.errors))[:, 0]
        if not len(loose):
            return found
        other = self._over(x[loose], Interval(inputs.low[loose], inputs.high[loose]), radius, run)
        return _better(found, other, loose)

    @cached_property
    def _target(self) -> TwofoldNetwork:
        return TwofoldNetwork.of(self.network)

    def _at_points(self, x: Tensor, ticket: Twofold) -> tuple[LocalCertificates, Tensor]:
        """Certificates at points, and what rounding leaves open of their bounds, ``(n,)``."""
        target = self._target(x)
        d = target.minus(ticket)
        answer = answers(target.high).long()
        leads = interval_leads(target.interval, answer)
        return _concluded(d.interval, answer, leads, 0.0), d.off.amax(1)

    def _over(self, x: Tensor, inputs: Interval, radius: float, run: Run | None) -> LocalCertificates:
        found = self._enclosed(x, inputs, run)
        d, outputs, answer = found.differences, found.ranges[-1].leaving, found.answer
        outputs = Interval(*(end.flatten(1).cpu() for end in (outputs.low, outputs.high)))
        apart = _apart(d.low, d.high, answer)
        leads = interval_leads(outputs, answer)
        for row in range(len(x)):
            if not bool((leads[row] > apart[row].clamp(min=0)).all()):
                here, known = [_row(part, row) for part in found.before], [_stage_row(one, row) for one in found.ranges]
                leads[row] = torch.maximum(leads[row], linear_leads(self.network, here, known, int(answer[row])))
        return _concluded(d, answer, leads, radius)

    def _enclosed(self, x: Tensor, inputs: Interval, run: Run | None) -> "_Enclosed":
        if self.there is None:
            before, ranges = ranges_of(self.network, inputs)
            found = differences(self.network, self.maps, before, ranges, run)
            return _Enclosed(before, ranges, _flat(found), answers(self.network(x.double()).flatten(1)).long())
        network, device = self.there
        with plain_sums(device):
            before, ranges = ranges_of(network, Interval(inputs.low.to(device), inputs.high.to(device)))
            found = differences(network, self.maps, before, ranges, run, TORCH)
            answer = answers(network(x.to(device).double()).flatten(1)).long().cpu()
        return _Enclosed(before, ranges, _flat(Interval(found.low.cpu(), found.high.cpu())), answer)


class _Enclosed(NamedTuple):
    """The target's values over each ball, where they were computed; differences of the outputs, and answers."""

    before: list[Interval]
    ranges: list[StageRanges]
    differences: Interval
    answer: Tensor


def _flat(x: Interval) -> Interval:
    return Interval(x.low.flatten(1), x.high.flatten(1))


def _concluded(d: Interval, answer: Tensor, leads: Tensor, radius: float) -> LocalCertificates:
    """What differences ``(n, outputs)`` and leads ``(n, classes)`` say."""
    apart = _apart(d.low, d.high, answer)
    kept, proved = (leads > 0).all(1), (leads > apart.clamp(min=0)).all(1)
    return LocalCertificates(radius, d.magnitude.amax(1), answer, leads.amin(1), kept, proved)


def _better(found: LocalCertificates, other: LocalCertificates, rows: Tensor) -> LocalCertificates:
    """The better of both in ``rows``, where ``other`` has the same answer."""
    errors, leads, kept, proved = (part.clone() for part in (found.errors, found.leads, found.kept, found.proved))
    errors[rows] = torch.fmin(errors[rows], other.errors)
    same = found.answers[rows] == other.answers
    leads[rows] = torch.where(same, torch.fmax(leads[rows], other.leads), leads[rows])
    kept[rows], proved[rows] = kept[rows] | (other.kept & same), proved[rows] | (other.proved & same)
    return replace(found, errors=errors, leads=leads, kept=kept, proved=proved)


def _apart(low: Tensor, high: Tensor, answer: Tensor) -> Tensor:
    """Upper bounds of ``d_t - d_j``, ``(n, classes)``; of what a single output's sign may lose, ``(n, 1)``."""
    if low.shape[1] == 1:
        return torch.where(answer[:, None] == 1, high, -low)
    return up(high.gather(1, answer[:, None]) - low)


def _row(x: Interval, row: int) -> Interval:
    return Interval(x.low[row : row + 1].cpu(), x.high[row : row + 1].cpu())


def _stage_row(stage: StageRanges, row: int) -> StageRanges:
    return StageRanges(_row(stage.entering, row), _row(stage.affine, row), tuple(_row(x, row) for x in stage.steps))
