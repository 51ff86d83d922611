"""Maps of the strong claim: each cell judged by the exact paired test, Holm over all cells of a map."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from sltk.studies.findings import Comparison, PairedFinding, Spent, compared, judged_claims

RST = "rst"
RIVALS = ("lth, 5 rounds", "lth, 5 rounds, global")
MARGIN = 0.005  # "as good": not worse by more
CLAIM = "RST is not worse by half a point than {rival}"
INPUTS = 64  # of a digit, and so of the units of the first hidden layer


def judged_map(rows: Sequence[Mapping[str, Any]], rival: str) -> list[PairedFinding]:
    """A finding for each RST row against the row of ``rival`` at the same width, density and budget."""
    theirs = {_place(row): row for row in rows if row["arm"] == rival}
    family = {
        where(row["width"], row["density"], row["budget"], row["cap"]): _compared(row, theirs[_place(row)])
        for row in rows
        if row["arm"] == RST and _place(row) in theirs
    }
    return judged_claims({CLAIM.format(rival=rival): family})


def where(width: int, density: float, budget: int, cap: float) -> str:
    """A cell of the map, in words."""
    return f"width {width}, density {density:g}, budget {budget}, cap {cap:g}"


def map_table(document: Mapping[str, Any], rival: str) -> Table:
    """One row a width and density, one column a budget and cap: the finding, and the mean difference in points."""
    found = {one["basis"]: one for one in document["maps"][rival]}
    title = f"RST against {rival}, not worse by half a point: finding, mean difference in points"
    table = Table(title=title, title_justify="left")
    table.add_column("width, density\n(inputs a unit)", no_wrap=True)
    columns = [(budget, cap) for budget in document["budgets"] for cap in document["caps"]]
    for budget, cap in columns:
        table.add_column(f"{document['epochs'] * budget} epochs\ncap {cap:g}", no_wrap=True)
    for width in document["widths"]:
        for density in document["densities"]:
            cells = [found.get(where(width, density, *column)) for column in columns]
            table.add_row(f"{width}, {density:g} ({INPUTS * density:.2g})", *map(_cell, cells))
        table.add_section()
    return table


def _cell(one: Mapping[str, Any] | None) -> Text:
    return Text("") if one is None else Text(f"{one['finding']} {100 * one['comparison']['mean']:+.1f}")


def _place(row: Mapping[str, Any]) -> tuple[int, float, int]:
    return row["width"], row["density"], row["budget"]


def _compared(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Comparison:
    width, density, cap = ours["width"], ours["density"], ours["cap"]
    setting = (
        f"digits, 64-{100 * width}-{60 * width}-10, last layer dense, {INPUTS * density:.3g} inputs a unit (least), "
        f"{ours['epochs'] * ours['budget']} epochs an arm, cap {cap:g}"
    )
    mine, other = ours["outputs"], theirs["outputs"]
    spent = Spent(mine["epochs"], mine["multiply_adds"]), Spent(other["epochs"], other["multiply_adds"])
    return compared(mine["test"], other["test"], spent, setting=setting, margin=-MARGIN)
