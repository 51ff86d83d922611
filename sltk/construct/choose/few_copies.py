"""How many copies of a neuron its readers choose from first, so that the others need not be there.

A source has n copies of every neuron so that no pool of millions fails; nearly every parameter is built as well from
the half of them whose weights have the smallest scales. What else is in the pool is read where that half does not do,
which is predicted to be rare. Copies that nothing reads are neither solved nor kept, so that a ticket has about half of
the weights and of the multiplications, at nearly the same error.

Copies behind one another through skips are one choice: whoever reads a sum of copies keeps all its terms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sltk.construct.choose.rehearsal import Pools, rehearse_weights
from sltk.construct.choose.stages import Scales, StageChoice, StageQuestion, own_variance
from sltk.networks.wiring import INPUT, Wire

LEAST = 0.4  # of the n copies
SLACK = 1.3  # the square of a stage's own error may be this many times that of all copies
# Problems that need other copies, expected of all that read one neuron. Each reads one or two of these, and a copy more
# that all choose from first halves their number: one is about where reading more copies costs as much as it saves.
ELSEWHERE = 1.0


@dataclass(frozen=True)
class Copies:
    """Of one stage.

    Attributes:
        first: of its inputs, those that its problems choose from first; all of them where its inputs have none.
        read: of its own neurons, those that the stages above choose from first.
    """

    first: int
    read: int


def few_copies(
    wires: Sequence[Wire], questions: Sequence[StageQuestion], scales: Sequence[Scales], whole: Sequence[StageChoice]
) -> list[Copies]:
    """The copies of every stage.

    Args:
        wires: of the stages.
        questions: stage by stage, with the error that comes from below; scales: of their samples.
        whole: what was chosen where all copies are searched.
    """
    group, wanted = _groups(wires), dict[int, int]()
    for wire, question, found, chosen in zip(wires, questions, scales, whole, strict=True):
        if wire.reads != INPUT:
            of = group[wire.reads]
            wanted[of] = max(_fewest(question, found, chosen), wanted.get(of, 0))

    def read(stage: int) -> int:
        count = questions[stage].copies
        return min(wanted.get(group[stage], count), count)

    return [
        Copies(question.samples if question.univariate or wire.reads == INPUT else wanted[group[wire.reads]], read(i))
        for i, (wire, question) in enumerate(zip(wires, questions, strict=True))
    ]


def _groups(wires: Sequence[Wire]) -> list[int]:
    """A number for each stage, the same for stages whose copies join."""
    group = list(range(len(wires)))
    for i, wire in enumerate(wires):
        for added in wire.adds:
            old, new = group[added], group[i]
            group = [new if number == old else number for number in group]
    return group


def _fewest(question: StageQuestion, scales: Scales, chosen: StageChoice) -> int:
    """The fewest copies that do for one stage; more do too, but for the noise of rehearsals."""
    n, pools = question.samples, question.pools.get("weight")
    if pools is None or question.univariate:
        return n
    low, high = math.ceil(LEAST * n), n
    while low < high:
        middle = (low + high) // 2
        if _do(question, scales, chosen, pools.smallest(middle)):
            high = middle
        else:
            low = middle + 1
    return low


def _do(question: StageQuestion, scales: Scales, chosen: StageChoice, fewer: Pools) -> bool:
    offset, neurons = scales[0][0], np.unique(fewer.family.group).size
    sizes = question.weights.in_units(question.weights.octave + offset)
    elsewhere = fewer.within(math.ldexp(1.0, -offset)).missed(sizes) / neurons
    if elsewhere > ELSEWHERE or chosen.rehearsal is None:
        return False
    own = own_variance(rehearse_weights(fewer, chosen.trade), sizes, question.before)
    return own <= SLACK * own_variance(chosen.rehearsal, sizes, question.before)
