"""Tables of results in the docs: of kept rows, number by number, or with commit and day of their measurement."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from experiments.ticket_lines.pairs import PAIRS
from sltk.harness.catalogue import find
from sltk.harness.kept import recalled

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("published-experiments.md", "tickets-that-train.md")
WHOLE = ("lines-between-tickets.md",)  # whose tables are all of kept rows
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


def of_lines_between() -> list[str]:
    """The lines of both tables of barriers: by pair of weights, and what was found of each claim."""
    found = document("ticket-lines")
    kinds = {kind: [row for row in found["rows"] if row["kind"] == kind] for kind in found["kinds"]}
    lines = []
    for pair in PAIRS:
        parts = [_barriers(own, pair) if pair in own[0]["error"] else " | " for own in kinds.values()]
        lines.append(f"| {pair} | {' | '.join(parts)} |")
    claims: dict[str, list[dict[str, Any]]] = {}
    for one in found["findings"]:
        claims.setdefault(one["claim"], []).append(one)
    for claim, own in claims.items():
        words = {one["basis"]: one["finding"] for one in own}
        still = [where for where, word in words.items() if word == "open"]
        count = sum(word == "supported" for word in words.values())
        assert count + len(still) == len(own)  # none is contradicted
        lines.append(f"| {claim} | {count} of {len(own)} | {'; '.join(still)} |")
    return lines


def _barriers(rows: list[dict[str, Any]], pair: str) -> str:
    """Mean, least and most in points of the test error, and the mean distance of the function."""
    found = {name: [_barrier(row[name][pair]) for row in rows] for name in ("error", "off")}
    points = [100.0 * one for one in found["error"]]
    return f"{fmean(points):.1f} ({min(points):.1f} to {max(points):.1f}) | {fmean(found['off']):.3f}"


def _barrier(values: list[float]) -> float:
    return max(0.0, max(values) - 0.5 * (values[0] + values[-1]))


# By the heading that their section begins with.
HELD = {"Subset sums": of_subset_sums, "Tickets": of_tickets, "`sltk rst": of_rivals, "Barriers": of_lines_between}


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


@pytest.mark.parametrize("page", WHOLE)
def test_all_tables_of_a_page_are_of_kept_rows(page: str, drawn: dict[str, list[str]]) -> None:
    text = (DOCS / page).read_text()
    assert LABEL.search(text) is None
    assert unexplained(text, drawn.values()) == []
    assert unexplained(text, []) != []


@pytest.mark.parametrize("heading", HELD)
def test_one_wrong_digit_is_found(heading: str, drawn: dict[str, list[str]]) -> None:
    lines = drawn[heading]
    assert len(lines) >= 3
    (text,) = (text for page in (*PAGES, *WHOLE) if all(line in (text := (DOCS / page).read_text()) for line in lines))
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


def test_what_is_said_of_lines_is_what_the_kept_rows_say() -> None:
    """Means in points, as sentences of the page have them; tables are held above."""
    found = document("ticket-lines")
    said = " ".join((DOCS / "lines-between-tickets.md").read_text().split())

    def mean(kind: str, pair: str) -> float:
        own = [row for row in found["rows"] if row["kind"] == kind]
        return 100.0 * fmean(_barrier(row["error"][pair]) for row in own)

    def tested(claim: str, where: str) -> tuple[str, str]:
        (one,) = (one for one in found["findings"] if (one["claim"], one["basis"]) == (claim, where))
        return f"{100.0 * one['comparison']['mean']:.1f}".replace("0.", "."), one["finding"]

    drawn, apart = (f"{mean('dense', pair):.{k}f}" for pair, k in (("two sources", 0), ("one source, apart", 1)))
    assert f"as drawn are {drawn} points apart ({mean('plus-one', 'two sources'):.0f} under plus-one)" in said
    assert f"rises by {apart} points (conv {mean('conv', 'one source, apart'):.1f})" in said
    one, two, three = (tested("lower when matched", f"{kind}: two sources") for kind in ("dense", "conv", "plus-one"))
    assert f"{one[0]} points ({one[1]}), {two[0]} ({two[1]}), {three[0]} under plus-one ({three[1]})" in said
    below = [tested("not a point below the targets'", w) for w in ("dense: two targets", "conv: two targets, matched")]
    assert f"two of four ({below[0][0]} and {below[1][0]} in the others, {below[0][1]})" in said
    networks = [mean(kind, "two networks") for kind in ("dense", "conv")]
    left = [mean(kind, "two networks, matched") for kind in ("dense", "conv")]
    assert f"are {networks[0]:.0f} points apart (conv {networks[1]:.0f})" in said
    assert f"dense network ({networks[0] - left[0]:.0f}, {left[0]:.0f} left)" in said
    assert f"convolutional one ({networks[1] - left[1]:.0f}, {left[1]:.0f} left)" in said
    assert max(row["lemma"] for row in found["rows"]) < 1e-14
