"""The bound of a whole ticket by the differential relaxation, within stated limits of work and memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.differential.forms import Form, units
from sltk.certify.differential.front import Front
from sltk.certify.differential.patches import Patches
from sltk.certify.differential.relax import LEVELS, Pair, start_pair
from sltk.certify.intervals import Box
from sltk.certify.realised import Realised
from sltk.core.numerics.rounding import require_finite
from sltk.networks.network import Network
from sltk.networks.wiring import INPUT

WORK = 1e9  # products of coefficients and weights: five seconds of one core or less
RATE = 2e8  # products a second, no less
WINDOWS = 12.0  # products for each of a stage's own, where ranges go by windows: both sides, three parts, and taps
MEMORY = 2**30


@dataclass(frozen=True)
class Limits:
    """What may be spent.

    Attributes:
        work: products of coefficients and weights.
        memory: bytes of the largest matrices and blocks, about.
    """

    work: float = WORK
    memory: int = MEMORY


@dataclass(frozen=True)
class Relaxation:
    """What substitution came to.

    Attributes:
        per_output: ``output_shape``, bounds of the largest error of any copy; ``None`` where nothing was computed.
        text: what was done, or why not.
        leaving: largest error behind each stage, over copies, neurons and pixels; empty where nothing was computed.
        within: the limits; met: whether one of them was, so that higher ones might bring more.
    """

    per_output: Tensor | None
    text: str
    leaving: tuple[float, ...] = ()
    within: Limits = Limits()
    met: bool = True

    def holds_for(self, limits: Limits) -> bool:
        """Whether the relaxation within ``limits`` would be this one, or one within lower limits."""
        return limits.memory == self.within.memory and (not self.met or limits.work <= self.within.work)


def relaxation(
    network: Network,
    box: Box,
    realised: Sequence[Realised],
    limits: Limits | None = None,
    injected: Sequence[Tensor | None] | None = None,
) -> Relaxation:
    """Bound target minus ticket over the box.

    Args:
        network: the target.
        box: the domain.
        realised: one entry a stage.
        limits: of work and memory; a stage whose ranges would pass them keeps those of interval arithmetic, and where
            the outputs alone would, nothing is computed.
        injected: for each stage ``(copies, out, ...)``, at least 0: what else each affine output of the ticket may be
            off by, as from rounding.

    Returns:
        Bounds that hold for the functions in real arithmetic, with float64 rounded outward.
    """
    limits = limits or Limits()
    work = [float(one.products * math.prod(network.shapes(index)[1][1:])) for index, one in enumerate(realised)]
    copies = realised[-1].copies
    last = 2.0 * copies * math.prod(network.output_shape) * sum(work)
    heaviest = max(8.0 * _weights(network, realised, index) for index in range(len(realised)))
    if last > limits.work or heaviest > limits.memory:
        what = f"{last:.2g} products" if last > limits.work else f"{heaviest:.2g} bytes"
        return Relaxation(None, f"not computed: the outputs alone take {what}, more than the limit", (), limits)
    pair, left, kept = start_pair(network, box, limits.memory), limits.work - last, 0
    neurons, refined, met = 1.0, False, False
    for index, one in enumerate(realised):
        rows = math.prod(network.shapes(index)[1]) * (1 + 2 * one.copies)
        cost = 2.0 * rows * sum(work[:index])
        price = _price(pair, cost, work[index])
        refine = price <= left
        left -= price if refine else 0.0
        # A shared gate asks for one more functional of every row and neuron, and so does each on its way back.
        levels = next((depth for depth in range(LEVELS, 0, -1) if cost * neurons**depth <= left), 0) if refine else 0
        left -= cost * neurons**levels if levels else 0.0
        neurons = max(neurons, float(math.prod(network.shapes(index)[1])))
        extra = None if injected is None else injected[index]
        refined = pair.extend(one, extra, refine, levels, rows=price == cost or cost <= left)
        kept += not refined
        met |= not refined or levels < LEVELS
    text = "backward substitution of target and ticket together"
    if kept:
        text += f"; inner ranges of {kept} of {len(realised)} stages by intervals, within the limit of work"
    levels = next((depth for depth in range(LEVELS, 0, -1) if _gates(pair, work, last, depth) <= left), 0)
    per_output = _outputs(pair, refined, levels)
    inner = (float(known.difference.magnitude.max()) for known in pair.known[1:-1])
    return Relaxation(per_output, text, (*inner, float(per_output.max())), limits, met or levels < LEVELS)


def _gates(pair: Pair, work: Sequence[float], once: float, levels: int, index: int | None = None) -> float:
    """Products that shared gates before stage ``index`` take for functionals that take ``once`` without them.

    A gate asks for one functional of every neuron and row, but where its stage has a quick way to them.
    """
    stages = pair.stages if index is None else pair.stages[:index]
    if levels == 0 or not stages:
        return 0.0
    rows, total = once / max(1.0, sum(work[: len(stages)])), 0.0
    for at, stage in enumerate(stages):
        if not any(step.gate for step in stage.steps):
            continue
        own = rows * (1.0 if stage.map.quick else math.prod(pair.network.shapes(at)[1]))
        each = own * sum(work[: at + 1])
        total += each + (0.0 if stage.map.quick else _gates(pair, work, own * sum(work[:at]), levels - 1, at))
    return total


def _outputs(pair: Pair, refined: bool, levels: int) -> Tensor:
    """Largest error of every output, over copies: the least of what shared gates and copies apart come to.

    Where nothing follows the last affine map, and its ranges were ``refined``, they are what copies apart come to.
    """
    known, passage, last = pair.known[-1].difference, pair.passage, len(pair.stages) - 1
    shape = tuple(known.low.shape)
    found = known.magnitude
    gated = any(step.gate for stage in pair.stages for step in stage.steps)
    for shared in {0, levels if gated else 0} - ({0} if refined and pair.ended else set[int]()):
        # Both signs in one go: what is asked of the gates is the same for both.
        ends = [
            passage.leaving(last, Form(difference=torch.cat((one, -one))), shared).reshape(2, -1).amax(0)
            for one in units(shape, max(1, pair.memory // (2**10 * pair.widest)))
        ]
        found = torch.minimum(found, torch.cat(ends).reshape(shape))
    return require_finite(found.amax(0), "differential bound")


def _weights(network: Network, realised: Sequence[Realised], index: int) -> float:
    """Entries of the largest matrix of a stage."""
    rows, fan, height, width = network.stages[index].affine.geometry.shape
    read = network.wires[index].reads
    entering = 1 if read == INPUT else realised[read].copies
    return float(realised[index].copies * rows * height * width) * max(
        fan, entering * network.stages[index].affine.inputs if entering > 1 else fan
    )


def _price(pair: Pair, cost: float, own: float) -> float:
    """Work of the next stage's ranges: ``cost`` by rows, less by windows, ``own`` being its products for one row."""
    network, index = pair.network, len(pair.stages)
    if network.wires[index].reads == INPUT or Front.fits(network, index, pair.known, pair.memory):
        return 0.0
    return min(cost, WINDOWS * own) if Patches.fits(network, index) else cost
