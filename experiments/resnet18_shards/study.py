"""A ResNet-18 for CIFAR, 11 million parameters, by two-layer in four shards: time, memory, failures.

Run ``sltk run resnet18-shards``; a table is printed, ``study.json`` and the ticket go to ``out/resnet18_shards``.
The target is drawn from a seed, as trained networks lie. Each shard is a process of its own with one thread, two at a
time; then one process merges their parts and writes the file, and another loads it, draws every kept weight again, and
checks the stem and the first block: bits by a second path, effective parameters, and the error at the block's end.
Shards that have ended are not run twice where the study is stopped and asked again.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.table import Table

from experiments.resnet18_shards.build import SEED, looked_at, merged, shard
from experiments.resnet18_shards.target import WIDTHS
from sltk.harness.study import Study, StudyOptions, StudyRow


@dataclass(frozen=True, kw_only=True)
class ShardsOptions(StudyOptions):
    """What is asked."""

    widths: tuple[int, ...] = WIDTHS
    """Channels of each group of blocks."""
    parts: int = 4
    """Processes that each solve a share."""
    at_once: int = 2
    """Of them at a time."""
    out: Path = Path("out/resnet18_shards")


class Resnet18Shards(Study[ShardsOptions]):
    """One row: the shards share a folder."""

    name = "resnet18_shards"
    measures = "A ResNet-18 of 11 million parameters built in shards: time, memory, failures; its first block checked."
    minutes = 17.0
    options = ShardsOptions
    quick: ClassVar = {"widths": (4, 4, 6, 6), "parts": 2}
    clocks: ClassVar = frozenset({"shards", "merge", "check"})

    def cells(self, options: ShardsOptions) -> dict[str, dict[str, Any]]:
        """One."""
        return {"resnet-18": {"widths": list(options.widths), "parts": options.parts, "seed": SEED}}

    def measure(self, cell: Mapping[str, Any], options: ShardsOptions) -> dict[str, Any]:
        """Shards, merge, check, each in a process of its own."""
        options.out.mkdir(parents=True, exist_ok=True)
        widths, count = tuple(cell["widths"]), cell["parts"]
        place = options.out / f"resnet18-{'-'.join(map(str, widths))}.ticket"
        with alone(options.at_once) as pool:
            asked = [pool.submit(shard, place, widths, index, count) for index in range(1, count + 1)]
            shards = [one.result() for one in asked]
            made = pool.submit(merged, place, widths).result()
            found = pool.submit(looked_at, place, widths).result()
        merge, check = ({name: one.pop(name) for name in ("cpu", "peak")} for one in (made, found))
        return {**made, **found, "shards": shards, "merge": merge, "check": check}

    def conclude(self, rows: Sequence[StudyRow], options: ShardsOptions) -> Mapping[str, Any]:
        """The row."""
        return rows[0].outputs

    def holds(self, document: Mapping[str, Any]) -> bool:
        """Whether every parameter of the first block is within tolerance but for those recorded as missed."""
        return document["bits"] > 0 and document["beyond"] <= document["missed"]

    def tables(self, document: Mapping[str, Any]) -> Iterator[Table | str]:
        """Costs by process, and what came of it."""
        sheet = Table(title=f"{document['parameters']:,} parameters by two-layer, n = {document['n']}")
        for name in ("process", "CPU seconds", "peak memory, GiB"):
            sheet.add_column(name, justify="left" if name == "process" else "right")
        named = [(f"shard {one['shard']}", one) for one in document["shards"]]
        for name, one in [*named, ("merge and write", document["merge"]), ("load and check", document["check"])]:
            sheet.add_row(name, f"{one['cpu']:.0f}", f"{one['peak'] / 2**30:.2f}")
        yield sheet
        yield (f"{document['failures']:,} of {document['problems']:,} problems failed; kept {document['kept']:,} of "
               f"{document['source']:,}; file {document['bytes']:,} bytes, {document['sha256'][:16]}")  # fmt: skip
        yield (f"First block: {document['bits']:,} kept weights are the source's bit for bit; worst parameter errors "
               f"{', '.join(f'{one:.2g}' for one in document['worst'])} (tolerances "
               f"{', '.join(f'{one:.2g}' for one in document['tolerances'])}), {document['beyond']} beyond, "
               f"{document['missed']} missed; at its end an error of at most {document['bound']:.3g} is proved, where "
               f"values reach {document['reach']:.3g} at most.")  # fmt: skip


def alone(at_once: int) -> ProcessPoolExecutor:
    """Processes that each run one task, with one thread."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(at_once, mp_context=context, max_tasks_per_child=1)


STUDY = Resnet18Shards()

if __name__ == "__main__":
    sys.exit(STUDY.main())
