"""Parts of a construction: runs of a stage's outputs, solved anywhere and joined to what one process would have found.

A parameter's pool is fixed by the source and its place, so that the outputs of a stage can be solved apart from each
other; stages too, unless the search weighs samples by the certified errors of the copies that they read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sltk.construct.checkpoint import Checkpoint
from sltk.construct.failures import KINDS, FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.pools.solve_stage import StageResult
from sltk.construct.pools.task import StageTask
from sltk.core.errors import SltkError


class PartsMissing(SltkError):
    """Parts of a stage are not there yet, or damaged."""


Solve = Callable[[range], StageResult]  # the outputs of one stage, to what is kept for them


@dataclass(frozen=True)
class Share:
    """Share ``index`` of ``count``, from 1, of a construction: as many of every stage's outputs, next to each other.

    Raises:
        SltkError: an index outside of 1 to count.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise SltkError(f"a shard is one of 1/{self.count} to {self.count}/{self.count}, but got {self.index}.")

    def of(self, outputs: int) -> range:
        """Its outputs of a stage of so many; none where the shards are more than these."""
        return range(outputs * (self.index - 1) // self.count, outputs * self.index // self.count)


def only(task: StageTask, outputs: range) -> StageTask:
    """The task of some outputs: what is zero has no subset-sum problem."""
    if len(outputs) == len(task.bias):
        return task
    weight, bias = np.zeros_like(task.weight), np.zeros_like(task.bias)
    here = slice(outputs.start, outputs.stop)
    weight[here], bias[here] = task.weight[here], task.bias[here]
    return replace(task, weight=weight, bias=bias)


def solved(parts: Checkpoint | None, role: Role, solve: Solve, name: str, merge: bool) -> StageResult:
    """A whole stage: from its parts, with what they leave out solved now and kept.

    Args:
        parts: solved ones; ``None`` where nothing is kept.
        role: of the stage, called ``name``.
        solve: some of its outputs.
        merge: nothing is solved.

    Raises:
        PartsMissing: under ``merge``, a part is missing or damaged.
    """
    if parts is None:
        return solve(range(role.outputs))
    found = {part: result for part in parts.parts(role.stage, role.outputs)
             if (result := parts.find(role.stage, part)) is not None}  # fmt: skip
    taken, left = cover(list(found), role.outputs)
    if left and merge:
        raise PartsMissing(missing(parts, role, name, left))
    results = [found[part] for part in taken]
    for part in left:
        results.append(solve(part))
        parts.keep(role.stage, part, results[-1])
    return joined(role, results)


def cover(parts: Sequence[range], outputs: int) -> tuple[list[range], list[range]]:
    """Parts that do not overlap and leave out the fewest of ``outputs``; the runs that they leave out.

    Shards of another number may have left parts that cut a stage elsewhere.
    """
    best: dict[int, tuple[int, list[range], list[range]]] = {0: (0, [], [])}
    for end in sorted({outputs, *(part.start for part in parts), *(part.stop for part in parts)} - {0}):
        ways = [(cost + end - at, taken, [*left, range(at, end)]) for at, (cost, taken, left) in best.items()]
        for part in parts:
            if part.stop == end:
                cost, taken, left = best[part.start]
                ways.append((cost, [*taken, part], left))
        best[end] = min(ways, key=lambda way: (way[0], len(way[1]) + len(way[2])))
    return best[outputs][1:]


def joined(role: Role, results: Sequence[StageResult]) -> StageResult:
    """The parts of a stage together, failures in the order of a search through all of it."""
    if len(results) == 1:
        return results[0]
    table = FailureTable.concatenate([result.failures for result in results])
    # Weights by sum, output, input, tap and copy; biases by phase, which is their tap, copy and output.
    bias = table.kind == KINDS.index("bias")
    keys = [np.where(bias, first, second) for first, second in (
        (table.tap, table.output), (table.copy, table.input), (table.output, table.tap), (table.input, table.copy)
    )]  # fmt: skip
    order = np.lexsort((*reversed(keys), table.kind))
    table = table.select(order)
    kept = np.sort(np.concatenate([result.kept for result in results]))
    return StageResult(kept, table, np.sum([result.problems for result in results], axis=0))


def missing(parts: Checkpoint, role: Role, name: str, left: Sequence[range]) -> str:
    """What is not there of a stage, why, and what to do."""
    runs = ", ".join(f"{part.start + 1} to {part.stop}" for part in left)
    said = f"{parts.folder} has no sound parts of outputs {runs} of {role.outputs} of layer {name!r}"
    damaged = [parts.path(role.stage, part).name for part in parts.parts(role.stage, role.outputs)
               if parts.find(role.stage, part) is None]  # fmt: skip
    if damaged:
        said += f"; damaged: {', '.join(damaged)}"
    if (others := parts.foreign()) > 0:
        said += f"; {others} files there belong to another construction (another target, recipe, seed or search)"
    return f"{said}. Run the shards that solve them, once more where they ran; what is there is not solved twice."
