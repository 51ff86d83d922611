"""Tables of results in the docs: of kept rows, number by number, or with commit and day of their measurement."""

import re
from pathlib import Path

import pytest

from sltk.harness.catalogue import find
from sltk.harness.kept import recalled

DOCS = Path(__file__).resolve().parents[2] / "docs"
LABEL = re.compile(r"\*Measured 20\d\d-\d\d-\d\d at commit [0-9a-f]{7}; rows not kept\.\*")
NAMES = {"uniform": "U[-1, 1]", "product": "product of two U[-1, 1]", "normal": "N(0, 1)"}


def of_subset_sums() -> list[str]:
    """The lines of the table of subset sums, from the kept rows."""
    study = find("subset-sum-statistics")
    options = study.standard()
    assert options is not None
    lines = []
    for row in recalled(study, options).document["laws"]:
        reached, beyond, coarse = (row[key] for key in ("share", "range obstruction", "resolution"))
        errors = " / ".join(f"{row[rule]['mean error']:.4f}" for rule in ("first", "fewest", "error"))
        low, high = reached["low"] * 100, reached["high"] * 100
        lines.append(
            f"| {NAMES[row['law']]} | {reached['share']:.2%} ({low:.2f} to {high:.2f}) "
            f"| {beyond['share']:.2%} | {coarse['share']:.2%} "
            f"| {row['fewest']['mean size']:.2f} / {row['error']['mean size']:.2f} | {errors} "
            f"| {row['draws']['mean']:.3f}, at most {row['draws']['most']} |"
        )
    return lines


def sections(text: str) -> dict[str, str]:
    """Content by heading."""
    return {part.split("\n", 1)[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}


def unexplained(text: str, drawn: list[str]) -> list[str]:
    """Sections with a table that is neither of kept rows nor labelled."""
    tables = {name: part for name, part in sections(text).items() if re.search(r"^\|---", part, re.MULTILINE)}
    return [name for name, part in tables.items() if not LABEL.search(part) and not all(line in part for line in drawn)]


@pytest.mark.parametrize("page", ["published-experiments.md", "tickets-that-train.md"])
def test_every_table_is_of_kept_rows_or_says_when_it_was_measured(page: str) -> None:
    text, drawn = (DOCS / page).read_text(), of_subset_sums()
    assert unexplained(text, drawn) == []
    first = LABEL.search(text)
    assert first is not None
    assert len(unexplained(text.replace(first[0], "", 1), drawn)) == 1


def test_one_wrong_digit_is_found() -> None:
    text, drawn = (DOCS / "published-experiments.md").read_text(), of_subset_sums()
    assert len(drawn) == 3
    assert all(line in text for line in drawn)
    wrong = text.replace("99.57%", "99.58%")
    assert unexplained(wrong, drawn) == ["Subset sums: n = 15, eps = .01, targets U[-1, 1], 100,000 trials a law"]
