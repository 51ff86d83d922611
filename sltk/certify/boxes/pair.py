"""Networks as matrices: which ones can be, and what is made of them."""

import math
from collections.abc import Sequence

import torch

from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.stages import StageMatrices
from sltk.certify.intervals import Box
from sltk.certify.realised import Realised
from sltk.networks.network import Network
from sltk.networks.op import Step
from sltk.networks.wiring import INPUT

ENTRIES = 2.0**22  # of the largest matrix


def stage_matrices(network: Network, realised: Sequence[Realised]) -> list[StageMatrices] | None:
    """The stages of the pair; ``None`` where other steps than activations and flattening occur, or too many neurons."""
    if any(_entries(network, realised, index) > ENTRIES for index in range(len(realised))):
        return None
    if not all(_reshapes(step, network.input_shape) for step in network.before):
        return None
    found: list[StageMatrices] = []
    for index, (stage, one, wire) in enumerate(zip(network.stages, realised, network.wires, strict=True)):
        entering, image, _ = network.shapes(index)
        others = [step for step in stage.after if step.elementwise is None]
        acts = [step for step in stage.after if step.elementwise is not None]
        if len(acts) > 1 or not all(_reshapes(step, image) for step in others):
            return None
        affine, copies_in = stage.affine, 1 if wire.reads == INPUT else realised[wire.reads].copies
        flat = affine.matrix(affine.blocks(affine.kernel), entering).reshape(-1, math.prod(entering))
        bias = affine.offset.repeat_interleave(len(flat) // len(affine.offset))
        weights = one.matrices(affine, entering, copies_in)
        found.append(
            StageMatrices(flat, bias, one.copies, wire.reads, tuple(wire.adds), weights, acts[0] if acts else None)
        )
    return found


def on_domain(network: Network, box: Box, realised: Sequence[Realised]) -> Boxes | None:
    """The pair on the whole domain as one box, not relaxed yet; ``None`` where ``stage_matrices`` takes none."""
    stages = stage_matrices(network, realised)
    if stages is None:
        return None
    ends = box.on(network.input_shape)
    return Boxes(stages, ends.low.reshape(1, -1), ends.high.reshape(1, -1))


def _entries(network: Network, realised: Sequence[Realised], index: int) -> float:
    entering, image, _ = network.shapes(index)
    read = network.wires[index].reads
    copies_in = 1 if read == INPUT else realised[read].copies
    return float(realised[index].copies * math.prod(image)) * copies_in * math.prod(entering)


def _reshapes(step: Step, shape: tuple[int, ...]) -> bool:
    """Whether a step leaves the numbers as they are, in their order."""
    numbers = torch.arange(1.0, math.prod(shape) + 1.0, dtype=torch.float64).reshape(1, *shape)
    if step.elementwise is not None:
        return False
    return torch.equal(step(numbers).flatten(), numbers.flatten())
