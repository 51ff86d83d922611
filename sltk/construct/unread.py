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
from sltk.construct.runtime.wired import mark_read
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Flags, Indices
from sltk.networks.wiring import wires


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
            mark_read(self._source, masks, self._wires, index, self._read)
        self._told = role.combine + 1
        own = self._read[role.combine][: role.outputs * role.copies_out]
        return own.reshape(role.outputs, role.copies_out).T.copy()


def read_neurons(source: Source, roles: Sequence[Role], masks: Sequence[LayerMask]) -> list[Flags]:
    """``Readers.of`` of every stage, in the order of the stages."""
    readers = Readers(source)
    return [readers.of(role, masks) for role in reversed(roles)][::-1]


def only_read(result: StageResult, role: Role, read: Flags) -> StageResult:
    """A solved stage without the neurons that nothing reads: what it is where these are not solved at all."""
    if read.all():
        return result
    return StageResult(
        kept=result.kept[_is_read(role, result.kept, read)],
        failures=result.failures.select(read[result.failures.copy, result.failures.output]),
        problems=np.where(read.reshape(-1), result.problems, 0),
    )


def unread_weights(roles: Sequence[Role], masks: Sequence[LayerMask], reads: Sequence[Flags]) -> int:
    """How many weights the masks keep into neurons of the stages that nothing reads, by ``read_neurons``."""
    kept = ((role, masks[role.combine].weight, read) for role, read in zip(roles, reads, strict=True))
    return sum(int(np.count_nonzero(~_is_read(*one))) for one in kept)


def _is_read(role: Role, kept: Indices, read: Flags) -> Flags:
    """Which kept weights of a stage lead into a neuron that is read."""
    return read.T.reshape(-1)[kept // (role.width * role.inner)]
