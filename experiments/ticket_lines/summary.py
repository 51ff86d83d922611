"""What the lines say together: barriers by pair, and verdicts paired over seeds."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from rich.table import Table

from experiments.ticket_lines.along import barrier
from experiments.ticket_lines.pairs import (
    ALIKE,
    APART,
    APART_ARC,
    BESIDE,
    BESIDE_ARC,
    DRAWN,
    FIRST,
    FOUND,
    KEPT,
    KINDS,
    PAIRS,
    SCALED,
    SEEDS,
    SEEDS_MATCHED,
    SHUFFLED,
    TWO,
    TWO_MATCHED,
)
from sltk.studies.findings import Comparison, PairedFinding, Spent, compared, judged_claims

CLOSE = 0.01  # of the answers
NONE = "no barrier (less than a point)"
SOME = "a barrier (more than a point)"
FACTOR = "line worse than arc"
SOURCE = "worse than one source, apart"
BELOW = "worse than one first layer"
MATCHED = "lower when matched"
NOT_LOWER, NOT_HIGHER = "not a point below the targets'", "not a point above the targets'"

Rows = Sequence[Mapping[str, Any]]
# What has no barrier by the lemma; under plus-one its one factor changes no answer.
PREDICTED = {"two-layer": (FIRST, APART_ARC, BESIDE_ARC, SCALED), "plus-one": (BESIDE, SCALED)}
PAIRED = {
    FACTOR: ((APART, APART_ARC), (BESIDE, BESIDE_ARC)),
    SOURCE: ((DRAWN, APART),),
    BELOW: ((KEPT, FIRST),),
    MATCHED: ((DRAWN, ALIKE), (SEEDS, SEEDS_MATCHED)),
}
LIFTED = ((TWO, SEEDS), (TWO_MATCHED, SEEDS_MATCHED))


def of_kind(rows: Rows, kind: str) -> list[Mapping[str, Any]]:
    """Rows of one kind, a seed each."""
    return [row for row in rows if row["kind"] == kind]


def there(rows: Rows) -> list[str]:
    """Pairs that the rows have, in order."""
    return [pair for pair in PAIRS if pair in rows[0]["error"]]


def barriers(rows: Rows, pair: str, measure: str = "error") -> list[float]:
    """By row; all of them have the pair."""
    return [barrier(row[measure][pair]) for row in rows]


def judged(rows: Rows) -> list[PairedFinding]:
    """The claims, each a family that errs anywhere with probability .05, on the errors along lines."""
    families: dict[str, dict[str, Comparison]] = {}
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = of_kind(rows, kind)

        def put(claim: str, where: str, first: Sequence[float], second: Sequence[float], margin: float = 0.0,
                kind: str = kind, own: Rows = own) -> None:  # fmt: skip
            families.setdefault(claim, {})[f"{kind}: {where}"] = _held(own, first, second, margin)

        none = [0.0] * len(own)
        for pair in PREDICTED[KINDS[kind].recipe.method]:
            put(NONE, pair, none, barriers(own, pair), -CLOSE)
        for pair in (SHUFFLED, SEEDS_MATCHED, FOUND):
            if pair in own[0]["error"]:
                put(SOME, pair, barriers(own, pair), none, CLOSE)
        for claim, pairs in PAIRED.items():
            for worse, better in pairs:
                if {worse, better} <= own[0]["error"].keys():
                    put(claim, worse, barriers(own, worse), barriers(own, better))
        for ours, theirs in LIFTED:
            if ours in own[0]["error"]:
                put(NOT_LOWER, ours, barriers(own, ours), barriers(own, theirs), -CLOSE)
                put(NOT_HIGHER, ours, barriers(own, theirs), barriers(own, ours), -CLOSE)
    return judged_claims(families)


def pair_table(document: Mapping[str, Any], kind: str) -> Table:
    """One row a pair: error at the ends and its barrier, barriers of the cross entropy and of the function."""
    rows = of_kind(document["rows"], kind)
    title = f"{kind}: barriers along the path between two vectors of weights, mean of {len(rows)} seeds"
    table = Table(title=title, title_justify="left")
    for name in ("pair", "both keep", "error of the ends, %", "barrier, points", "(least, most)", "nats", "function"):
        table.add_column(name, justify="left" if name == "pair" else "right", no_wrap=name == "pair")
    for pair in there(rows):
        table.add_row(pair, *cells_of(rows, pair))
    table.caption = "function: distance of the outputs from the straight line between those of the ends, of their size"
    table.caption_justify = "left"
    return table


def cells_of(rows: Rows, pair: str) -> list[str]:
    """What a table says of a pair."""
    own = [100.0 * one for one in barriers(rows, pair)]
    ends = fmean(50.0 * (row["error"][pair][0] + row["error"][pair][-1]) for row in rows)
    return [
        f"{fmean(row['both keep'][pair] for row in rows):,.0f}", f"{ends:.1f}", f"{fmean(own):.2f}",
        f"{min(own):.1f}, {max(own):.1f}", f"{fmean(barriers(rows, pair, 'entropy')):.3f}",
        f"{fmean(barriers(rows, pair, 'off')):.4f}",
    ]  # fmt: skip


def ticket_table(document: Mapping[str, Any]) -> Table:
    """One row a kind and ticket: what is kept, missed, and how far the function is off."""
    table = Table(title="Tickets, mean of the seeds", title_justify="left")
    for name in ("kind", "ticket", "kept", "problems", "missed", "function off", "most"):
        table.add_column(name, justify="left" if name in ("kind", "ticket") else "right")
    for kind in dict.fromkeys(row["kind"] for row in document["rows"]):
        rows = of_kind(document["rows"], kind)
        for ticket in rows[0]["tickets"]:
            parts = {part: [row["tickets"][ticket][part] for row in rows] for part in ("kept", "problems", "missed")}
            off = [row["tickets"][ticket]["off"] for row in rows]
            means = [f"{fmean(values):,.1f}" for values in parts.values()]
            table.add_row(kind, ticket, *means, f"{fmean(off):.4f}", f"{max(off):.4f}")
        table.add_section()
    return table


def _held(rows: Rows, first: Sequence[float], second: Sequence[float], margin: float) -> Comparison:
    spent = Spent([row["epochs"] for row in rows], [row["multiply_adds"] for row in rows])
    recipe = KINDS[rows[0]["kind"]].recipe
    setting = (
        f"digits, {rows[0]['kind']}, {rows[0]['epochs']:g} epochs, pools of {recipe.n} of {recipe.law}, "
        f"tolerance {recipe.tolerance:g}, {rows[0]['places']} points of a path, test part"
    )
    return compared(first, second, (spent, spent), setting=setting, margin=margin)
