"""The relaxation of a pair, stage by stage: each range is the best of interval arithmetic and of substitution."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sltk.certify.differential.backward import Passage, Stage, Step
from sltk.certify.differential.forms import Form, Known, meet, units
from sltk.certify.differential.front import Front
from sltk.certify.differential.gates import gate
from sltk.certify.differential.patches import Patches
from sltk.certify.intervals import Box, ranges
from sltk.certify.realised import Realised
from sltk.core.numerics.intervals import Interval, joined, widened
from sltk.core.numerics.rounding import up
from sltk.networks.affine import Affine
from sltk.networks.network import Network
from sltk.networks.op import Step as Op
from sltk.networks.wiring import INPUT

FAR = 8.0  # ranges of target and ticket that are so much wider say nothing of their difference
ROOM = 2.0**20
LEVELS = 2  # of shared gates


@dataclass
class Pair:
    """Target and ticket over a box, as far as they are relaxed.

    Attributes:
        network: the target.
        box: where the first stage's input lies.
        stages: relaxed so far.
        known: where values lie: of the input, then of what leaves each of ``stages``.
        at: where the affine outputs lie, one entry a stage.
        fronts: of the stages that read what the first gives.
        room: entries of a stage times those of the largest value, up to which inner ranges use shared gates.
    """

    network: Network
    box: Interval
    memory: int = 2**29
    stages: list[Stage] = field(default_factory=list[Stage])
    known: list[Known] = field(default_factory=list[Known])
    at: list[Known] = field(default_factory=list[Known])
    fronts: dict[int, Front] = field(default_factory=dict[int, Front])
    room: float = ROOM

    def extend(
        self, realised: Realised, injected: Tensor | None = None, refine: bool = True, levels: int = LEVELS,
        rows: bool = True,
    ) -> bool:  # fmt: skip
        """Relax the next stage.

        Args:
            realised: what the construction says of it.
            injected: ``(copies, out, ...)``, at least 0: what else each affine output of the ticket may be off by.
            refine: whether its ranges are sought by substitution, or interval arithmetic is enough.
            levels: of shared gates on the way back.
            rows: whether that may go functional by functional, where there is no quicker way.

        Returns:
            Whether ranges were found by substitution.
        """
        index = len(self.stages)
        stage, wire = self.network.stages[index], self.network.wires[index]
        entering = self.known[wire.reads + 1]
        skips = [self.known[added + 1] for added in wire.adds]
        start = _forward(stage.affine, realised, entering, skips, injected)
        extra = torch.zeros_like(start.difference.low) if injected is None else injected
        self.stages.append(Stage(realised.map(stage.affine, entering, extra), ()))
        found = self._refined(start, levels, rows) if refine else None
        here = consistent(start if found is None else found)
        self.at.append(here)
        steps, after = _steps(stage.after, here)
        self.stages[-1] = Stage(self.stages[-1].map, steps)
        self.known.append(after)
        return found is not None

    @property
    def ended(self) -> bool:
        """Whether nothing follows the affine output of the last stage: its differences alone are asked for."""
        return len(self.stages) == len(self.network.stages) and not self.network.stages[-1].after

    @property
    def passage(self) -> Passage:
        """The way back through what is relaxed."""
        return Passage(self.network, self.box, self.stages, self.known, self.fronts)

    def _refined(self, start: Known, levels: int, rows: bool) -> Known | None:
        wire = self.network.wires[len(self.stages) - 1]
        if wire.reads == INPUT and not wire.adds:
            found = self.stages[-1].map.extremes()
            if found is not None:
                return Known(start.target, meet(start.difference, found[0]), meet(start.ticket, found[1]))
        if Front.fits(self.network, len(self.stages) - 1, self.known, self.memory):
            index = len(self.stages) - 1
            self.fronts[index] = Front(self.network, tuple(self.stages), tuple(self.known), self.box)
            return self._shared(start.met(self.fronts[index].ranges(start)), levels)
        patches = Patches.of(self.network, self.stages, self.box)
        if patches is not None:
            return start.met(patches.ranges(start))
        return self._by_rows(start, levels) if rows else None

    def _by_rows(self, start: Known, levels: int) -> Known:
        difference = self._range(start.difference, lambda c: Form(difference=c))
        apart = _less(start.target, start.ticket).magnitude
        if self.ended and bool((apart > FAR * difference.magnitude).all()):
            return self._shared(Known(start.target, meet(start.difference, difference), start.ticket), levels)
        target = self._range(start.target, lambda c: Form(target=c[:, 0]))
        ticket = self._range(start.ticket, lambda c: Form(ticket=c))
        return self._shared(
            Known(*map(meet, (start.target, start.difference, start.ticket), (target, difference, ticket))), levels
        )

    def _shared(self, found: Known, levels: int) -> Known:
        """The same, with differences by shared gates, where these are few."""
        index = len(self.stages) - 1
        read = self.network.wires[index].reads
        gated = any(step.gate is not None for stage in self.stages[:index] for step in stage.steps)
        if levels == 0 or read == INPUT or not gated or found.difference.low.numel() * self.widest > self.room:
            return found
        difference = self._range(found.difference, lambda c: Form(difference=c), levels)
        return Known(found.target, meet(found.difference, difference), found.ticket)

    def _range(self, like: Interval, form: Callable[[Tensor], Form], shared: int = 0) -> Interval:
        """Both ends of every entry of ``(copies, *shape)``, with so many levels of shared gates."""
        count = like.low.numel()
        passage, index = self.passage, len(self.stages) - 1
        found = torch.empty(2, count, dtype=torch.float64)
        size = max(1, self.memory // (128 * self.widest))
        for first, rows in zip(range(0, count, size), units(tuple(like.low.shape), size), strict=True):
            both = passage.highest(index, form(torch.cat((-rows, rows))), shared)
            found[0, first : first + size], found[1, first : first + size] = -both[: len(rows)], both[len(rows) :]
        return Interval(*found.reshape(2, *like.low.shape))

    @property
    def widest(self) -> int:
        """Numbers of the largest value."""
        return max(one.ticket.low.numel() for one in (*self.known, *self.at))


def start_pair(network: Network, box: Box, memory: int = 2**29) -> Pair:
    """Nothing relaxed yet: both networks read one input."""
    entering = ranges(network, box)[0].entering
    one = Interval(entering.low[None], entering.high[None])
    nothing = torch.zeros_like(one.low)
    return Pair(network, entering, memory, known=[Known(one, Interval(nothing, nothing), one)])


def _forward(
    affine: Affine, realised: Realised, entering: Known, skips: Sequence[Known], injected: Tensor | None
) -> Known:
    """The affine output by interval arithmetic."""
    image = joined(affine.image(entering.target), [skip.target for skip in skips])
    seen = Interval(entering.target.low[0], entering.target.high[0])
    terms = realised.contributions(affine, seen, entering.ticket, entering.difference.magnitude)
    errors = torch.minimum(
        terms.total(), up(realised.own(affine, seen, entering.ticket) + up(terms.remainder + terms.inherited))
    )
    for skip in skips:
        errors = up(errors + skip.difference.magnitude)
    errors = errors if injected is None else up(errors + injected)
    return Known(image, Interval(-errors, errors), widened(image, errors))


def consistent(known: Known) -> Known:
    """Each of x, D and x^ = x - D within what the two others allow."""
    x, d, y = known.target, known.difference, known.ticket
    y = meet(y, _less(x, d))
    d = meet(d, _less(x, y))
    return Known(x, d, y)


def _less(one: Interval, other: Interval) -> Interval:
    low, high = one.low - other.high, one.high - other.low
    far = torch.full_like(low, torch.inf)
    return Interval(torch.nextafter(low, -far), torch.nextafter(high, far))


def _steps(ops: Sequence[Op], known: Known) -> tuple[tuple[Step, ...], Known]:
    steps: list[Step] = []
    for op in ops:
        moved, lines = op.difference(known.target, known.ticket, known.difference)
        phi = op.elementwise
        together = None if phi is None else gate(phi, known)
        steps.append(Step(op.relaxed(known.target), lines, op.relaxed(known.ticket), together))
        known = consistent(Known(op.image(known.target), moved, op.image(known.ticket)))
    return tuple(steps), known
