"""What is said of tickets that random numbers write: accuracy at equal random bits, and bits that an accuracy takes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np
from rich.table import Table

from experiments.three_seeds.resum import RANDOM, ROUNDED, SAMPLE_BITS, SUMS
from sltk.studies.findings import Comparison, PairedFinding, Spent, compared, judged_claims

CANONICAL = "canonical"
JUDGED = (3, 5, 8)  # samples at which accuracies are compared
ACCURACIES = (0.9, 0.92)
EQUAL = "better than canonical at equal random bits"
FEWER = "fewer random bits than canonical"
FOUND = "search is better than random subsets"
ROUNDING = "search is better than rounding to as many bits"

Outputs = Mapping[str, Any]


def place(basis: str, density: float, n: int) -> str:
    """In words."""
    return f"{basis}, density {density:g}, n {n}"


def written(outputs: Outputs, way: str) -> Iterator[Mapping[str, Any]]:
    """Entries of one way: a density, a size, and lists by seed."""
    return (one for one in outputs["written"] if one["way"] == way)


def one_of(outputs: Outputs, way: str, density: float, n: int) -> Mapping[str, Any] | None:
    """The entry of a way, density and size."""
    return next((one for one in written(outputs, way) if (one["density"], one["n"]) == (density, n)), None)


def random_bits(one: Mapping[str, Any]) -> list[int]:
    """Bits of all samples of all pools, by seed."""
    return [SAMPLE_BITS * one["n"] * numbers for numbers in one["numbers"]]


def least_bits(outputs: Outputs, accuracy: float) -> list[float]:
    """By seed: the fewest random bits, over densities and sizes, whose ticket has that accuracy on the test part;
    twice the most that were tried where none has."""
    tried = [(random_bits(one), one["accuracy"]) for one in written(outputs, SUMS)]
    most = 2.0 * max(max(bits) for bits, _ in tried)
    seeds = range(len(tried[0][0]))
    return [min([bits[s] for bits, got in tried if got[s] >= accuracy], default=most) for s in seeds]


def judged(found: Mapping[str, Outputs], densities: Sequence[float]) -> list[PairedFinding]:
    """The claims, each a family that errs anywhere with probability .05, paired over seeds."""
    others = [basis for basis in found if basis != CANONICAL] if CANONICAL in found else []
    places = [(density, n) for density in densities for n in JUDGED]
    families: dict[str, dict[str, Comparison]] = {claim: {} for claim in (EQUAL, FEWER, FOUND, ROUNDING)}
    for basis in others:
        for density, n in places:
            ours, theirs = (one_of(found[b], SUMS, density, n) for b in (basis, CANONICAL))
            if ours is not None and theirs is not None:
                at = place(basis, density, n)
                families[EQUAL][at] = _held(found, (basis, CANONICAL), ours["accuracy"], theirs["accuracy"])
        for accuracy in ACCURACIES:
            ours, theirs = (-np.log2(least_bits(found[b], accuracy)) for b in (basis, CANONICAL))
            families[FEWER][f"{basis}, {accuracy:.0%}"] = _held(found, (basis, CANONICAL), list(ours), list(theirs))
    for basis, outputs in found.items():
        for claim, way in ((FOUND, RANDOM), (ROUNDING, ROUNDED)):
            for density in densities:
                ours, theirs = one_of(outputs, SUMS, density, JUDGED[1]), one_of(outputs, way, density, JUDGED[1])
                if ours is not None and theirs is not None:
                    at = place(basis, density, JUDGED[1])
                    families[claim][at] = _held(found, (basis, basis), ours["accuracy"], theirs["accuracy"])
    return judged_claims(families)


def accuracy_table(basis: str, outputs: Outputs, densities: Sequence[float]) -> Table:
    """One row a density: the trained ticket, and what is left of it by samples of a pool; the controls below."""
    sizes = sorted({one["n"] for one in outputs["written"]})
    title = f"{basis}: mean test accuracy, %, of tickets that random numbers write, by samples of a pool"
    table = Table(title=title, title_justify="left")
    for name in ("way", "density", "numbers", "trained", *(str(n) for n in sizes)):
        table.add_column(name, justify="left" if name == "way" else "right", no_wrap=True)
    for way in (SUMS, ROUNDED, RANDOM):
        for density in densities:
            entries = {one["n"]: one for one in written(outputs, way) if one["density"] == density}
            own = outputs["trained"][f"{density:g}"]
            numbers = f"{fmean(entries[sizes[0]]['numbers']):,.0f}"
            got = [f"{100 * fmean(entries[n]['accuracy']):.1f}" for n in sizes]
            table.add_row(way, f"{density:g}", numbers, f"{100 * fmean(own):.1f}", *got)
        table.add_section()
    return table


def bits_table(found: Mapping[str, Outputs], findings: Sequence[PairedFinding]) -> Table:
    """One row an accuracy and basis: the fewest random bits, beside canonical ones, with the verdict."""
    table = Table(title="Fewest random bits, over densities and pool sizes, for an accuracy", title_justify="left")
    for name in ("accuracy", "basis", "median bits", "canonical over it", "finding", "p (Holm)"):
        table.add_column(name, justify="left" if name in ("basis", "finding") else "right", no_wrap=True)
    said = {one.basis: one for one in findings if one.claim == FEWER}
    for accuracy in ACCURACIES:
        for basis, outputs in found.items():
            bits, one = least_bits(outputs, accuracy), said.get(f"{basis}, {accuracy:.0%}")
            verdict = ("", "", "") if one is None else (
                f"{math.exp2(one.comparison.mean):.2f}", one.finding, f"{one.p_value:.2g}",
            )  # fmt: skip
            table.add_row(f"{accuracy:.0%}", basis, f"{median(bits):,.0f}", *verdict)
        table.add_section()
    return table


def isometry(outputs: Outputs) -> float:
    """Largest relative difference of ``||dW|| / ||W||`` and ``||dc|| / ||c||``: 0 but for float32 rounding."""
    pairs = [
        pair for one in outputs["written"] for pair in zip(one["moved"], one["moved in coefficients"], strict=True)
    ]
    return max(abs(a - b) / b for a, b in pairs if b > 0)


def _held(found: Mapping[str, Outputs], bases: tuple[str, str], first: list[float], second: list[float]) -> Comparison:
    budgets = [Spent(found[basis]["epochs"], found[basis]["multiply_adds"]) for basis in bases]
    epochs = found[bases[0]]["epochs"][0]
    setting = f"digits, 64-100-60-10, IMP of {epochs:g} epochs in all, each number from a pool of its own of U(-2, 2)"
    return compared(first, second, (budgets[0], budgets[1]), setting=setting)
