"""Streams saved into files, as a kill or a disk leaves them."""

from pathlib import Path
from typing import Self

from sltk.subset_sum import solve_stream
from sltk.subset_sum.backends.base import Found
from sltk.subset_sum.backends.meet_in_the_middle import MeetInTheMiddle
from sltk.subset_sum.problem import Problem
from tests.subset_sum.stream.answers import problems

COUNT, BLOCK = 1000, 64  # targets, and those of a block in these tests
POOL, TARGET = problems(COUNT)


class Counting(MeetInTheMiddle):
    """The default, which counts the targets that it searches."""

    searched = 0

    def search(self, problem: Problem) -> Found:
        object.__setattr__(self, "searched", self.searched + problem.count)
        return super().search(problem)

    def for_a_stream(self) -> Self:
        return self  # not a copy, so that all is counted here


def saved(path: Path, pool=POOL, target=TARGET, **more) -> bytes:
    solve_stream(pool, target, **({"chunk": 300} | more)).save(path)
    return path.read_bytes()


def part_of(path: Path, data: bytes, size: int) -> Path:
    """A part as a kill leaves it after so many bytes."""
    place = path.with_name(path.name + ".part")
    place.write_bytes(data[:size])
    return place
