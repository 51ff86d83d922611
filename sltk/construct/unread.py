"""Which neurons of a source something reads, from the last layer down: what nothing reads need not be there.

A copy of a hidden neuron is read where a subset of a stage above chose it, or where it joins a copy that is read. Most
stages have so many problems above them that every copy is; the last hidden one has few, and half of its copies go
unread.
"""

from collections.abc import Sequence

import numpy as np

from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role
from sltk.construct.pools.solve_stage import StageResult
from sltk.construct.runtime.wired import joined_channels
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Flags
from sltk.networks.wiring import INPUT, wires


class Readers:
    """What is read of every layer of ``source``, told layer by layer as masks become known from the last one down."""

    def __init__(self, source: Source) -> None:
        self._source, self._wires = source, wires(source.layers)
        self._read = [np.zeros(layer.outputs, dtype=bool) for layer in source.layers]
        self._read[-1][:] = True
        self._told = len(source.layers)  # layers from here on have told what they read

    def of(self, role: Role, masks: Sequence[LayerMask]) -> Flags:
        """``(copies_out, outputs)``: neurons of a stage that are read, by the masks of the layers above it.

        Stages are asked for from the last to the first.
        """
        for index in reversed(range(role.combine + 1, self._told)):
            self._tell(index, masks)
        self._told = role.combine + 1
        own = self._read[role.combine][: role.outputs * role.copies_out]
        return own.reshape(role.outputs, role.copies_out).T.copy()

    def _tell(self, index: int, masks: Sequence[LayerMask]) -> None:
        layer, wire, own = self._source.layers[index], self._wires[index], self._read[index]
        if wire.reads != INPUT:
            row, channel = joined_channels(self._source, masks, index)
            self._read[wire.reads][channel[own[row]]] = True
        for skip in wire.adds:
            self._read[skip][: layer.joined] |= own[: layer.joined]


def read_neurons(source: Source, roles: Sequence[Role], masks: Sequence[LayerMask]) -> list[Flags]:
    """``Readers.of`` of every stage, in the order of the stages."""
    readers = Readers(source)
    return [readers.of(role, masks) for role in reversed(roles)][::-1]


def only_read(result: StageResult, role: Role, read: Flags) -> StageResult:
    """A solved stage without the neurons that nothing reads: what it is where these are not solved at all."""
    if read.all():
        return result
    row = result.kept // (role.width * role.inner)
    return StageResult(
        kept=result.kept[read.T.reshape(-1)[row]],
        failures=result.failures.select(read[result.failures.copy, result.failures.output]),
        problems=np.where(read.reshape(-1), result.problems, 0),
    )


def unread_weights(source: Source, roles: Sequence[Role], masks: Sequence[LayerMask]) -> int:
    """How many weights the masks keep into neurons of the stages that nothing reads."""
    count = 0
    for role, read in zip(roles, read_neurons(source, roles, masks), strict=True):
        row = masks[role.combine].weight // (role.width * role.inner)
        count += int(np.count_nonzero(~read.T.reshape(-1)[row]))
    return count
