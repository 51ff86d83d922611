"""Tables of results in the docs: of kept rows, number by number, or with commit and day of their measurement."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from sltk.harness.catalogue import find
from sltk.harness.kept import recalled

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("published-experiments.md", "tickets-that-train.md")
LABEL = re.compile(r"\*Measured 20\d\d-\d\d-\d\d at commit [0-9a-f]{7}; rows not kept\.\*")
NAMES = {"uniform": "U[-1, 1]", "product": "product of two U[-1, 1]", "normal": "N(0, 1)"}


TARGETS = {"conv": "conv, 6 channels", "residual": "residual, digits", "published": "conv, published"}


def document(key: str) -> Mapping[str, Any]:
    """What the kept rows of a study say."""
    study = find(key)
    options = study.standard()
    assert options is not None
    return recalled(study, options).document


def of_subset_sums() -> list[str]:
    """The lines of the table of subset sums, from the kept rows."""
    lines = []
    for row in document("subset-sum-statistics")["laws"]:
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


def of_tickets() -> list[str]:
    """The lines of the table of the published experiments' tickets, both constructions beside each other."""
    found = {(s["target"], s["activation"], s["construction"]): s for s in document("paper-tickets")["summaries"]}
    lines = []
    for target, activation in dict.fromkeys(key[:2] for key in found):
        pair = [found[target, activation, method] for method in ("plus-one", "two-layer")]
        parts = [f"{TARGETS[target]} | {activation} | {100 * pair[0]['target_accuracy'][0]:.1f}"]
        for own in pair:
            failed = " ".join(map(str, own["failures"]))
            parts += [span(own["ticket_accuracy"]), span(own["agreement"]), f"{failed} of {own['problems']:,}"]
        lines.append(f"| {' | '.join(parts)} |")
    return lines


def span(found: Mapping[str, float]) -> str:
    """Least and largest of the draws in percent, one number where they are alike."""
    ends = [f"{100 * found[end]:.1f}" for end in ("least", "most")]
    return " to ".join(dict.fromkeys(ends))


ARMS = {"rst": "RST", "rst, 5 cycles": "RST, 5 cycles", "dense, then cut": "dense, then cut", "scratch": "scratch",
        "lth, 5 rounds": "LTH, 5 rounds, layerwise", "lth, 5 rounds, global": "LTH, 5 rounds, global",
        "magnitude after training": "magnitude after training", "dense": "dense"}  # fmt: skip


def of_rivals() -> list[str]:
    """The lines of both tables of RST: accuracies, and findings by basis, claim and rival."""
    bases = document("dual-lth")["bases"]
    lines = []
    for arm, name in ARMS.items():
        means = [100 * fmean(seeds) for own in bases.values() for seeds in own["found"][arm]["test"]]
        lines.append(f"| {name} | {' | '.join(f'{mean:.2f}' for mean in means)} |")
    for basis, own in bases.items():
        words: dict[tuple[str, str], list[str]] = {}
        for one in own["findings"]:
            words.setdefault((one["claim"], one["basis"].rpartition(" at ")[0]), []).append(one["finding"])
        lines += [f"| {basis} | {claim} | {rival} | {' | '.join(said)} |" for (claim, rival), said in words.items()]
    return lines


# By the heading that their section begins with.
HELD = {"Subset sums": of_subset_sums, "Tickets": of_tickets, "`sltk rst": of_rivals}


def sections(text: str) -> dict[str, str]:
    """Content by heading."""
    return {part.split("\n", 1)[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}


def unexplained(text: str, drawn: Iterable[list[str]]) -> list[str]:
    """Sections with a table that is neither of kept rows nor labelled."""
    tables = {name: part for name, part in sections(text).items() if re.search(r"^\|---", part, re.MULTILINE)}
    return [
        name
        for name, part in tables.items()
        if not LABEL.search(part) and not any(all(line in part for line in lines) for lines in drawn)
    ]


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[str]]:
    return {heading: lines() for heading, lines in HELD.items()}


@pytest.mark.parametrize("page", PAGES)
def test_every_table_is_of_kept_rows_or_says_when_it_was_measured(page: str, drawn: dict[str, list[str]]) -> None:
    text = (DOCS / page).read_text()
    assert unexplained(text, drawn.values()) == []
    first = LABEL.search(text)
    assert first is not None
    assert len(unexplained(text.replace(first[0], "", 1), drawn.values())) == 1


@pytest.mark.parametrize("heading", HELD)
def test_one_wrong_digit_is_found(heading: str, drawn: dict[str, list[str]]) -> None:
    lines = drawn[heading]
    assert len(lines) >= 3
    (text,) = (text for page in PAGES if all(line in (text := (DOCS / page).read_text()) for line in lines))
    digit = re.search(r"\d\.\d", lines[0])
    assert digit is not None
    wrong = lines[0].replace(digit[0], f"{9 - int(digit[0][0])}{digit[0][1:]}")
    (found,) = unexplained(text.replace(lines[0], wrong), drawn.values())
    assert found.startswith(heading)


def test_the_page_on_depth_has_the_obstructions_of_the_rows() -> None:
    text, found = " ".join((DOCS / "depth.md").read_text().split()), document("obstructions")["rows"]
    at = {row["n"]: row for row in found}
    assert len(at[30]["counts"]) == len(at[36]["counts"]) == 12
    mean, clear = fmean(at[30]["counts"]), at[30]["clear"]
    assert f"twelve draws of the source have {mean:.1f} of them on average, and none of the twelve is without" in text
    assert clear == 0
    assert f"at n = 36 {('ten', 'eleven', 'twelve')[at[36]['clear'] - 10]} of twelve have none" in text


def test_what_is_said_of_rotated_bases_is_what_the_kept_rows_say() -> None:
    """Differences from canonical at the lowest densities, in points, and that none is told apart from none."""
    data = document("generalized-lth")["data"]
    own = [one for one in data["digits"]["findings"] if one["claim"] == "3 beats canonical when extreme"]
    ahead = {one["basis"]: f"{100 * one['comparison']['mean']:+.2f}" for one in own}
    others = {one["basis"] for one in own if one["finding"] == "open"}
    assert others == set(ahead) - {"subspace"}
    said = " ".join((DOCS / "tickets-that-train.md").read_text().split("**What the kept rows say**")[1].split())
    assert f"{data['digits']['seeds']} seeds" in said
    for basis in ("dct-input", "dct", "hadamard", "permuted-dct"):
        assert f"{basis} {ahead[basis]}" in said
    haar = [ahead[f"haar:{draw}"] for draw in range(3)]
    assert f"Haar {haar[0]}, {haar[1]} and {haar[2]} points" in said
    assert f"contradicted at {ahead['subspace']}" in said
