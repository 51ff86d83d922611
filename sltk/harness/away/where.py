"""Where the rows of a study are measured: here, in shards anywhere, by SLURM, on a Dask cluster."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sltk.core.errors import SltkError

SHARD = re.compile(r"(\d+)/(\d+)")
SLURM = re.compile(r"slurm(?:\+(\d+))?(?:/(\d+))?")
FORMS = '"2/8", the second of eight; "slurm", by the number of this array job; "slurm+1000/3000", 1000 further, of 3000'


@dataclass(frozen=True)
class Away:
    """Leaving the machine; the rows are the same bytes wherever they are measured."""

    shard: str | None = None
    """Measure this share of the rows, and no more: 2/8, or, in a job of a SLURM array, slurm. Any number of shards may
    write to one --out; each has a file of its own there."""
    merge: bool = False
    """Measure nothing: take in what shards have left in --out, and say what is missing."""
    submit: Literal["slurm", "local"] | None = None
    """Hand --shards shards to SLURM, or to processes here that stand in for it (extra: cluster)."""
    shards: int = 8
    """Shards that --submit hands out."""
    minutes: int = 240
    """Time limit of each submitted shard."""
    array: int = 1000
    """Most jobs of one SLURM array; more shards than that become several arrays."""
    cluster: str | None = None
    """Measure on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786 (extra: cluster)."""

    def __post_init__(self) -> None:
        for name in ("shards", "minutes", "array"):
            if getattr(self, name) < 1:
                raise SltkError(f"--{name} must be at least 1, but got {getattr(self, name)}.")
        ways = [f"--{name}" for name in ("shard", "merge", "submit", "cluster") if getattr(self, name)]
        if len(ways) > 1:
            raise SltkError(f"{' and '.join(ways)} exclude one another; leave all but one out.")


@dataclass(frozen=True)
class Shard:
    """Share ``index`` of ``count``, from 1: of the rows in the order of their hashes, every ``count``-th."""

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise SltkError(f"a shard is one of 1/{self.count} to {self.count}/{self.count}, but got {self.index}.")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, ids: list[str]) -> set[str]:
        """Its share of ``ids``; that of all shards together is all, whatever order they are given in."""
        return set(sorted(ids)[self.index - 1 :: self.count])

    @classmethod
    def parse(cls, text: str, environment: Mapping[str, str] = os.environ) -> "Shard":
        """The shard that ``text`` names.

        Raises:
            SltkError: another form, a number out of range, or ``slurm`` outside of an array job.
        """
        if found := SHARD.fullmatch(text):
            return cls(int(found[1]), int(found[2]))
        if found := SLURM.fullmatch(text):
            place, count = _array_job(environment)
            further = int(found[1] or 0)
            return cls(further + place, int(found[2] or further + count))
        raise SltkError(f"--shard takes {FORMS}; got {text!r}.")


def _array_job(environment: Mapping[str, str]) -> tuple[int, int]:
    """Place of this job in its SLURM array, from 1, and the number of jobs."""
    names = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT")
    try:
        job, first, count = (int(environment[name]) for name in names)
    except (KeyError, ValueError) as error:
        raise SltkError(
            f"--shard slurm reads {', '.join(names)}, which are not set here; run it from `sbatch --array=...`, or "
            "name the shard: --shard 2/8."
        ) from error
    return job - first + 1, count
