"""How many coefficients an expansion has, and what it takes: known before anything is expanded."""

from collections.abc import Sequence
from typing import NamedTuple

from sltk.certify.boxes.stages import StageMatrices
from sltk.networks.wiring import INPUT

ENTRIES = 2.0**22  # coefficients of a block of rows, 32 MiB
KEPT = 2.0**24  # of all rows of a stage that are kept
NARROWING = 0.8  # of the work, at most, for the ranges of one stage


class Shape(NamedTuple):
    """Of the forms of a stage.

    Attributes:
        columns: coefficients of a row, rests that it will not keep included.
        kept: whether all rows are kept.
        narrows: whether their ranges are sought, in place of those of the relaxation.
    """

    columns: float
    kept: bool
    narrows: bool


def shapes_of(stages: Sequence[StageMatrices], inputs: int, most: float) -> tuple[list[Shape], float]:
    """Of all stages, and the products of all.

    Args:
        stages: of the pair.
        inputs: with the rests of curves.
        most: products that may be spent; a stage that would take too many keeps the ranges that it has.
    """
    found, settled = list[Shape](), list[float]()
    spent, linear = 0.0, [1.0 + inputs]
    for index, stage in enumerate(stages):
        rows, last = float(len(stage.bias) * stage.copies), index == len(stages) - 1
        sources = [one for one in (stage.reads, *stage.adds) if one != INPUT]
        columns, product = linear[-1], 0.0
        for source in sources:
            neurons, copies = len(stages[source].bias), stages[source].copies
            columns += (1 + neurons) * settled[source] + neurons * copies
            product += neurons * settled[source] * (copies + 6.0 * neurons)
        needed = rows * (product + 20.0 * columns)
        kept = not last and rows * columns <= KEPT
        narrows = last or kept or needed <= NARROWING * most
        spent += needed if narrows else 0.0
        found.append(Shape(columns, kept, narrows))
        rests = sum(len(stages[source].bias) * stages[source].copies for source in sources)
        settled.append(columns - rests if kept else columns)
        linear.append(linear[-1] + len(stage.bias))
    return found, spent
