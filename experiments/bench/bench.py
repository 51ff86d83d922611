"""Targets a second of the solver, of plain C on one core, and of plain Python, measured side by side.

Pools and targets are U(-1, 1), a pool of its own for each target unless it says "shared" or "scaled" (over seven powers
of two, as a construction with scale exponents has them). Every program runs once a round, one after the other, so that
a slow spell of the machine meets them all; the table gives medians over rounds, how far the rounds spread, and how much
of its limit (``limits``) a search for least errors reaches. Objectives with costs are searched twice on one core, by
what the optimum can afford and in whole lists. A stream has the problems of the row above it, in four chunks.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from experiments.bench import compiled
from experiments.bench.compare import over_before
from experiments.bench.itertools_search import first_within
from experiments.bench.limits import Limits, limits
from sltk.core.numerics.arrays import Values
from sltk.core.threads import limit, threads
from sltk.subset_sum import SolutionStream, solve, solve_stream

ROUNDS = 5
EPS = 0.01
SEED = 2024
OUT = Path("out/bench/bench.json")
OURS, PLAIN_C, PLAIN_PYTHON = "sltk", "plain C, one core", "itertools, one core"
ONE_CORE, WHOLE_LISTS = "sltk, one core", "whole lists, one core"
OVER = {"over_c": "/ plain C", "over_itertools": "/ itertools", "over_whole_lists": "/ whole lists",
        "over_memory": "/ in memory"}  # fmt: skip
STREAM, CHUNKS = "sltk, a stream", 4
ERROR, FEWEST = "minimum error", f"fewest samples, eps={EPS}"
SHARED = f"{ERROR}, one shared pool"

# Measured by others on other machines: a sense of scale, not a comparison.
PUBLISHED = [
    ("LT-existence", 15, "first within .01, by size", 1177.0),
    ("LT-existence", 15, "first within .001, by size", 164.0),
    ("LT-existence", 20, "first within .01, by size", 3119.0),
    ("LT-existence", 20, "first within .001, by size", 251.0),
    ("Pensia et al. (Gurobi)", 15, ERROR, 19.0),
    ("Pensia et al. (Gurobi)", 20, ERROR, 1.5),
    ("HiGHS, the same program", 15, ERROR, 8.9),
    ("HiGHS, the same program", 20, ERROR, 0.67),
    ("HiGHS, feasibility only", 15, "first within eps", 491.0),
]


@dataclass
class Row:
    """One program on one kind of problem; ``run`` handles ``targets`` targets."""

    program: str
    n: int
    objective: str
    targets: int
    run: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    def measure(self) -> None:
        start = time.perf_counter()
        self.run()
        self.seconds.append(time.perf_counter() - start)

    @property
    def spread(self) -> float:
        """Between the slowest round and the fastest, over the median."""
        return (max(self.seconds) - min(self.seconds)) / median(self.seconds)

    @property
    def rate(self) -> float:
        """Targets a second, median over the rounds."""
        return self.targets / median(self.seconds)


def problems(n: int, targets: int, shared: bool = False) -> tuple[Values, Values]:
    rng = np.random.default_rng([SEED, n, targets])
    return rng.uniform(-1, 1, n if shared else (targets, n)), rng.uniform(-1, 1, targets)


def ours(n: int, title: str, targets: int, *, shared: bool = False, **arguments: object) -> Row:
    pool, target = problems(n, targets, shared)
    return Row(OURS, n, title, targets, partial(solve, pool, target, **arguments))


def chunked(n: int, targets: int, shared: bool) -> SolutionStream:
    """The problems of ``ours``, in chunks."""
    return solve_stream(*problems(n, targets, shared), chunk=-(-targets // CHUNKS))


def streamed(n: int, title: str, targets: int, *, shared: bool = False) -> Row:
    """All chunks of a stream, each answer dropped before the next."""
    stream = chunked(n, targets, shared)
    return Row(STREAM, n, title, targets, lambda: sum(len(part.value) for part in stream))


def scaled(n: int, targets: int) -> dict[str, object]:
    """Samples of sizes up to 1/4, 1/2, .., 16, weights of the size of a network's, errors dearer than samples."""
    rng = np.random.default_rng([SEED, n, targets])
    pool = rng.uniform(-2, 2, (targets, n)) * 2.0 ** (np.arange(n) % 7 - 3)
    costs = 0.003 * np.abs(pool)
    return {"pool": pool, "target": rng.normal(0, 0.3, targets), "costs": costs, "eps": 0.008, "alpha": 1.0}


def with_and_without(n: int, title: str, targets: int, fewer: int, arguments: dict[str, object]) -> list[Row]:
    """The search by what the optimum can afford, then that of whole lists on the ``fewer`` first targets."""
    few = {name: v[:fewer] if isinstance(v, np.ndarray) else v for name, v in arguments.items()}
    return [
        Row(ONE_CORE, n, title, targets, limit(1)(partial(solve, **arguments))),
        Row(WHOLE_LISTS, n, title, fewer, limit(1)(partial(solve, **few, backend="whole-lists"))),
    ]


def costly() -> list[Row]:
    found = []
    for n, targets, fewer in ((20, 40_000, 8_000), (26, 40_000, 800)):
        pool, target = problems(n, targets)
        for title, more in (
            (f"minimum mass, eps={EPS}", {"objective": "mass", "eps": EPS}),
            ("weighted, alpha=1", {"objective": "weighted", "alpha": 1.0}),
        ):
            found += with_and_without(n, title, targets, fewer, {"pool": pool, "target": target, **more})
    for n, targets, fewer in ((28, 40_000, 400), (36, 40_000, 30)):
        arguments = {**scaled(n, targets), "objective": "weighted"}
        found += with_and_without(n, "weighted, scaled", targets, fewer, arguments)
    return found


def in_c(search: Callable[[Values, Values], Values], n: int, targets: int) -> Row:
    return Row(PLAIN_C, n, ERROR, targets, partial(search, *problems(n, targets)))


def in_python(n: int, targets: int) -> Row:
    pools, target = (values.tolist() for values in problems(n, targets))

    def run() -> None:
        for pool, z in zip(pools, target, strict=True):
            first_within(pool, z, EPS)

    return Row(PLAIN_PYTHON, n, f"first within {EPS}, by size", targets, run)


def rows(search: Callable[[Values, Values], Values] | None) -> list[Row]:
    """All rows, those to be compared next to one another."""
    found = []
    for n, targets in ((15, 60_000), (20, 12_000), (30, 300)):
        found.append(ours(n, ERROR, targets))
        if search is not None:
            found.append(in_c(search, n, targets // 3))
    found.insert(1, streamed(15, ERROR, 60_000))
    found += [ours(n, FEWEST, 500_000, eps=EPS, objective="cardinality") for n in (15, 20)]
    found += [in_python(15, 4_000), in_python(20, 4_000)]
    for n, targets in ((15, 100_000), (20, 100_000), (26, 100_000)):
        found.append(ours(n, f"minimum mass, eps={EPS}", targets, eps=EPS, objective="mass"))
        found.append(ours(n, "weighted, alpha=1", targets, alpha=1.0, objective="weighted"))
    found += costly()
    found += [ours(n, SHARED, 1_000_000, shared=True) for n in (15, 20)]
    found.append(streamed(20, SHARED, 1_000_000, shared=True))
    return found


def check(search: Callable[[Values, Values], Values] | None) -> None:
    """A rate counts only where the answers agree."""
    for pair in zip(*[iter(costly())] * 2, strict=True):
        few, whole = (row.run() for row in pair)
        if not np.array_equal(few.mask[: pair[1].targets], whole.mask):
            raise AssertionError(f"the two searches take different subsets at n={pair[0].n}, {pair[0].objective}.")
    for shared in (False, True):
        stream = np.concatenate([part.mask for part in chunked(15, 1000, shared)])
        if not np.array_equal(stream, solve(*problems(15, 1000, shared)).mask):
            raise AssertionError("a stream takes other subsets than solve at n=15.")
    if search is None:
        return
    for n in (15, 20):
        pool, target = problems(n, 200)
        apart = np.abs(search(pool, target) - solve(pool, target).error).max()
        if apart > 1e-13:
            raise AssertionError(f"the C baseline and solve differ by {apart} in the least error at n={n}.")


def measure(found: list[Row]) -> None:
    for row in found:  # once unmeasured: numba compiles, memory is touched
        row.run()
    for _ in range(ROUNDS):
        for row in found:
            row.measure()


def ratios(row: Row, found: list[Row]) -> dict[str, float | None]:
    """The rate of ``row`` over those of plain C, plain Python (same n), whole lists, and all in memory."""

    def over(program: str, same: bool) -> float | None:
        for other in found:
            if other.program == program and other.n == row.n and (not same or other.objective == row.objective):
                return row.rate / other.rate
        return None

    none: dict[str, float | None] = dict.fromkeys(OVER)
    if row.program == ONE_CORE:
        return none | {"over_whole_lists": over(WHOLE_LISTS, same=True)}
    if row.program == STREAM:
        return none | {"over_memory": over(OURS, same=True)}
    if row.program != OURS or "shared" in row.objective:
        return none
    python = over(PLAIN_PYTHON, same=False) if row.objective in (ERROR, FEWEST) else None
    return none | {"over_c": over(PLAIN_C, same=True), "over_itertools": python}


def has_limit(row: Row) -> bool:
    """Whether ``limits`` says what a row could reach."""
    return row.program == OURS and row.objective == ERROR


def share(row: Row, most: Limits) -> float | None:
    """The rate of ``row`` over its limit."""
    return row.rate / most[row.n][0] if has_limit(row) else None


def load() -> str:
    """Other work on the machine takes more from the programs that use all cores than from those on one."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def show(found: list[Row], note: str, most: Limits) -> None:
    table = Table(title=f"Subset sums: targets a second, median of {ROUNDS} ({OURS} on {threads()} cores)")
    columns: list[tuple[str, Literal["left", "right"]]] = [
        ("program", "left"), ("n", "right"), ("objective", "left"), ("targets/s", "right"),
        ("spread", "right"), ("of limit", "right"), *((title, "right") for title in OVER.values()),
    ]  # fmt: skip
    for name, side in columns:
        table.add_column(name, justify=side)
    for row in found:
        shown = ["" if r is None else f"{r:,.2f}x" if r < 1.5 else f"{r:,.1f}x" for r in ratios(row, found).values()]
        part = share(row, most)
        reached = "" if part is None else f"{part:.0%}"
        table.add_row(row.program, str(row.n), row.objective, f"{row.rate:,.0f}", f"{row.spread:.0%}", reached, *shown)
    table.add_section()
    for program, n, objective, rate in PUBLISHED:
        table.add_row(program, str(n), objective, f"{rate:,.3g}" if rate < 100 else f"{rate:,.0f}",
                      "", "", "published,", "other machine", style="dim")  # fmt: skip
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print(table)
    for _, said in most.values():
        console.print(f"limit, {said}")
    console.print(f"plain C: {note}; load average when done: {load()}")


def write(found: list[Row], note: str, most: Limits) -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    measured: list[dict[str, Any]] = [
        {"program": row.program, "n": row.n, "objective": row.objective, "targets": row.targets,
         "seconds": row.seconds, "rate": row.rate, "of_limit": share(row, most), **ratios(row, found)}
        for row in found
    ]  # fmt: skip
    published = [dict(zip(("program", "n", "objective", "rate"), p, strict=True)) for p in PUBLISHED]
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    for (program, n, objective), ratio in over_before(OUT, measured).items():
        print(f"{ratio:5.2f} times the run before: {program}, n={n}, {objective}")
    report = {"seed": SEED, "rounds": ROUNDS, "machine": machine, "plain_c": note, "load": load(),
              "limits": [said for _, said in most.values()]}  # fmt: skip
    OUT.write_text(json.dumps({**report, "measured": measured, "published": published}, indent=1) + "\n")


def main() -> None:
    search, note = compiled.load()
    check(search)
    found = rows(search)
    measure(found)
    most = limits(sorted({row.n for row in found if has_limit(row)}), threads())
    show(found, note, most)
    write(found, note, most)
    print(f"written to {OUT}")
