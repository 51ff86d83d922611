"""Figures from kept rows: the numbers drawn are those of the rows, and every file says what made it."""

import copy
import re
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sltk.core.about import About
from sltk.core.commit import commit
from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.harness.catalogue import studies
from sltk.harness.kept import kept_file, recalled
from sltk.harness.lines import joined, lines_of, sound
from sltk.harness.study import Study, StudyResult
from sltk.plot.densities import DensityCurve, draw_densities
from sltk.plot.style import COLUMN, PAGE, Drawing, styled
from tests.harness.study_contract import of_pdf, of_png, of_svg

STORED = {key: study for key, study in studies().items() if kept_file(study).is_file()}
KEPT = {key: study for key, study in STORED.items() if study.figures}
MOST_BYTES = 20 * 2**20
TUNED_ON = 4  # seeds on which the rates of searches were chosen
Numbers = list[float]


def by(rows: Any, *names: str, **equal: Any) -> list[Numbers]:
    """Columns of the rows that have these values, where they are not missing."""
    own = [r for r in rows if all(r[k] == v for k, v in equal.items())]
    return [[float(r[name]) for r in own if r.get(name) is not None] for name in names]


def of_lueker(rows: Any) -> Iterator[Numbers]:
    for kind in ("all", "pairs"):
        own = [r for r in rows if r["cell"]["subsets"] == kind]
        trials = sum(r["trials"] for r in own)
        yield list(np.sum([r["sums"] for r in own], axis=0) / trials)


def of_growth(rows: Any) -> Iterator[Numbers]:
    for skips in (False, True):
        for source in {r["source"] for r in rows}:
            for activation in {r["activation"] for r in rows}:
                own = [r for r in rows if (r["skips"], r["source"], r["activation"]) == (skips, source, activation)]
                for key in ("attack", "certificate"):
                    at = {d: [r for r in own if r["layers"] == d] for d in sorted({r["layers"] for r in own})}
                    yield [max(1e-6, max(r[key] for r in of) / max(r["largest"] for r in of)) for of in at.values()]


def of_fixed_size(rows: Any) -> Iterator[Numbers]:
    for eps in {r["eps"] for r in rows}:
        yield [float(r["n"]) for r in rows if r["eps"] == eps and r["density"] is not None and r["n"] is not None]
        yield [float(r["n"]) for r in rows if r["eps"] == eps and r["density"] is None] * 2


def of_statistics(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        for rule in ("first", "error"):
            yield [count / row[rule]["counted"] for count in row[rule]["sizes"]]
            yield [count / row[rule]["counted"] for count in row[rule]["errors"]]


def of_widths(rows: Any) -> Iterator[Numbers]:
    for law in {r["law"] for r in rows}:
        yield from by(rows, "closed-form", "certificate", "measured", "floor", law=law)


def of_formula(rows: Any) -> Iterator[Numbers]:
    for name in {r["sought"]["name"] for r in rows}:
        models = next(r["models"] for r in rows if r["sought"]["name"] == name and "models" in r)
        yield from ([model["p"]] * 2 for model in models)
        flags = [f for r in rows if r["sought"]["name"] == name for f in r.get("succeeded", ())]
        yield [sum(flags) / len(flags)]


def of_existence(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        if row["asks"] == "formula":
            yield [row["p"]]
            own = [r for r in rows if r["asks"] == "sources" and r["point"] == row["point"]]
            yield [sum(r["successes"] for r in own) / sum(r["trials"] for r in own)]


def of_certificates(rows: Any) -> Iterator[Numbers]:
    for kind in {r["kind"] for r in rows}:
        for way in ("intervals", "bound"):
            yield [r[way] / r["found"] for r in rows if r["kind"] == kind]


def of_main_job(rows: Any) -> Iterator[Numbers]:
    for method, activation in {(r["method"], r["activation"]) for r in rows}:
        tickets = [r for r in rows if (r["method"], r["activation"]) == (method, activation) and "errors" in r]
        yield from by(tickets, "data_error", "adversarial_error", "certified_bound")
        sizes = [r for r in rows if (r["method"], r["activation"]) == (method, activation) and "errors" not in r]
        yield [r["successes"] / r["sources"] for r in sorted(sizes, key=lambda r: r["n"])]
        total = sum(r["errors"]["total"] for r in tickets)
        above = np.sum([r["errors"]["above"] for r in tickets], axis=0)
        yield [float(count) / total for count in above if count]
        yield [max(r["errors"]["largest"] for r in tickets)]


def of_picture(rows: Any) -> Iterator[Numbers]:
    (row,) = rows
    yield from (row["target"], row["ticket"], row["x"])


def of_layers(rows: Any) -> Iterator[Numbers]:
    (row,) = rows
    for key in ("proved", "largest_value", "largest_error", "typical_error", "tolerance", "worst", "typical_parameter"):
        yield [layer[key] for layer in row["layers"]]


def of_reached(rows: Any) -> Iterator[Numbers]:
    for source, layers in {(r["source"], r["layers"]) for r in rows}:
        own = [r for r in rows if (r["source"], r["layers"]) == (source, layers)]
        yield [max(1e-5, r["failures"] / r["problems"]) for r in own]
        yield [min(1e4, max(1e-5, r["error"] / r["largest"])) for r in own]


def of_seeds(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        sums = [one for one in row["written"] if one["way"] == "subset sums"]
        for density in {one["density"] for one in sums}:
            own = sorted((one for one in sums if one["density"] == density), key=lambda one: one["n"])
            yield [100.0 * fmean(one["accuracy"]) for one in own]
            yield [fmean(24 * one["n"] * count for count in one["numbers"]) for one in own]


def of_searches(rows: Any) -> Iterator[Numbers]:
    for arm, density in {(r["arm"], r["density"]) for r in rows}:
        own = sorted((r for r in rows if (r["arm"], r["density"]) == (arm, density)), key=lambda r: r["rate"])
        yield (100.0 * np.array([r["test"][TUNED_ON:] for r in own])).mean(1).tolist()


def of_built(rows: Any) -> Iterator[Numbers]:
    for density in {r["density"] for r in rows if r["factor"] == 1}:
        own = [
            r["built"] for r in rows if (r["density"], r["factor"]) == (density, 1) and r["seed"] >= 100
        ]  # those before it were tuned on
        yield [fmean(100.0 * one["test"] for one in own)]


def of_phases(rows: Any) -> Iterator[Numbers]:
    place = itemgetter("width", "density", "budget")
    for row in (r for r in rows if r["arm"] == "rst"):
        for other in (r for r in rows if r["arm"] != "rst" and place(r) == place(row)):
            apart = np.mean(np.array(row["test"]) - np.array(other["test"]))
            yield [float(f"{100.0 * apart:.1f}")]


def of_counts(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        for layer in {one["stage"] for one in row["rows"]}:
            own = [one for one in row["rows"] if one["stage"] == layer and (one["expected"] >= 3e-3 or one["mean"] > 0)]
            yield from ([max(3e-3, one[key]) for one in own] for key in ("expected", "mean"))


def of_tickets(rows: Any) -> Iterator[Numbers]:
    for method in {r["construction"] for r in rows}:
        own = [r for r in rows if r["construction"] == method]
        yield [100 * (r["won"] - r["lost"]) / r["rows"] for r in own]
        kinds = dict.fromkeys((r["target"], r["activation"]) for r in own)
        yield [fmean(r["kept"] for r in own if (r["target"], r["activation"]) == kind) for kind in kinds]


def of_rivals(rows: Any) -> Iterator[Numbers]:
    shown = ("rst", "rst, 5 cycles", "dense, then cut", "scratch", "lth, 5 rounds", "lth, 5 rounds, global",
             "magnitude after training")  # fmt: skip
    for row in rows:
        if row["arm"] in shown:
            yield (100.0 * np.array(row["test"])).mean(1).tolist()


def of_lotteries(rows: Any) -> Iterator[Numbers]:
    for row in rows:
        yield (100.0 * np.array(row["ticket"]["test"])).mean(0).tolist()


# What must be drawn, worked out from the rows here, apart from what concludes and draws.
DRAWN: dict[str, Callable[[Any], Iterator[Numbers]]] = {
    "auto-recipes": lambda rows: iter(by(rows, "predicted_error", "error", "bound", "spread")),
    "by-layer": of_layers,
    "certificates": of_certificates,
    "epsilon-perturbation": lambda rows: iter(by(rows, "n")),
    "dual-lth": of_rivals,
    "error-growth": of_growth,
    "existence": of_existence,
    "failure-counts": of_counts,
    "first-picture": of_picture,
    "fixed-size": of_fixed_size,
    "found-or-built": of_built,
    "frozen-source": lambda rows: iter(by(rows, "n")),
    "generalized-lth": of_lotteries,
    "lueker": of_lueker,
    "main-job": of_main_job,
    "paper-tickets": of_tickets,
    "product-formula": of_formula,
    "quantised": lambda rows: iter(by(rows, "n")),
    "random-source": lambda rows: iter(by(rows, "n")),
    "reached-and-computed": of_reached,
    "rst-phase": of_phases,
    "searched-bases": of_searches,
    "subset-sum-statistics": of_statistics,
    "three-seeds": of_seeds,
    "width-certificate": of_widths,
}


def drawings(study: Study[Any]) -> list[Drawing]:
    return [one for one in study.figures.values() if isinstance(one, Drawing)]


def recall(study: Study[Any]) -> StudyResult:
    options = study.standard()
    assert options is not None
    return recalled(study, options)


def numbers_in(figure: Figure) -> set[tuple[float, ...]]:
    """Coordinates of all lines, either way, and each of them alone; and numbers that are written out."""
    found: set[tuple[float, ...]] = set()
    for axes in figure.axes:
        for line in axes.lines:
            for values in (line.get_xdata(), line.get_ydata()):
                plain = tuple(round(float(v), 12) for v in np.asarray(values, dtype=float))
                found |= {plain, *((one,) for one in plain)}
        found |= {(float(text.get_text()),) for text in axes.texts if re.fullmatch(r"[+-]?\d+\.\d", text.get_text())}
    return found


def drawn_on_both(study: Study[Any], result: StudyResult) -> list[set[tuple[float, ...]]]:
    """Numbers in the figures of a study, on a page and in a column."""
    drawn = []
    for paper in (PAGE, COLUMN):
        with styled():
            figures = [one.figure(result.document, paper) for one in drawings(study)]
        drawn.append(set[tuple[float, ...]]().union(*map(numbers_in, figures)))
    return drawn


def missing(study: Study[Any], drawn: list[set[tuple[float, ...]]], rows: Any) -> list[Numbers]:
    """What the rows ask to be drawn, and is not, on either paper."""
    asked = [tuple(round(v, 12) for v in numbers) for numbers in DRAWN[study.slug](rows)]
    return [list(one) for one in asked if not all(one in seen for seen in drawn)]


def rows_of(result: StudyResult) -> list[dict[str, Any]]:
    return [{**row.cell, **row.outputs} for row in result.rows]


@pytest.mark.parametrize("key", KEPT)
def test_the_numbers_drawn_are_those_of_the_rows(key: str) -> None:
    """And, as the control, with one number of the rows changed they are not."""
    study, result = KEPT[key], recall(KEPT[key])
    rows, drawn = rows_of(result), drawn_on_both(study, result)
    assert list(DRAWN[key](rows))
    assert missing(study, drawn, rows) == []
    assert any(missing(study, drawn, changed) for changed in changes(rows))


def changes(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows with an output of the first row changed, one at a time."""
    for name in ("n", "sums", "attack", "certificate", "first", "measured", "models", "p", "bound", "data_error",
                 "ticket", "layers", "error", "written", "test", "built", "rows", "kept"):  # fmt: skip
        other = copy.deepcopy(rows)
        for row in other:
            if row.get(name) is not None:
                row[name] = doubled(row[name])
        yield other


def doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: doubled(one) if key != "counted" else one for key, one in value.items()}
    if isinstance(value, list):
        return [doubled(one) for one in value]
    return value if isinstance(value, (str, bool)) else 2.5 * value + 0.1


def test_what_is_kept_is_small_sorted_and_whole() -> None:
    assert len(STORED) >= 8
    assert sum(kept_file(study).stat().st_size for study in STORED.values()) < MOST_BYTES
    for study in STORED.values():
        lines = list(lines_of(kept_file(study).read_bytes()))
        assert all(sound(line) for line in lines)
        assert lines == sorted(set(lines))


def test_files_say_what_made_them(tmp_path: Path) -> None:
    study = KEPT["quantised"]
    study.draw(recall(study), tmp_path, "sltk figures quantised")
    wanted = {
        "Study": "quantised", "Claim": "quantised", "Command": "sltk figures quantised", "Commit": commit(),
        "Rows": sha256(joined(lines_of(kept_file(study).read_bytes()))),
    }  # fmt: skip
    for place in ("size", "size-column"):
        for suffix, said in ((".png", of_png), (".pdf", of_pdf), (".svg", of_svg)):
            assert wanted.items() <= said(tmp_path / f"{place}{suffix}").items()


def test_fonts_are_embedded(tmp_path: Path) -> None:
    """Every font of a PDF has its program in the file, as TrueType; an SVG has outlines, and no text to be set."""
    study = KEPT["quantised"]
    study.draw(recall(study), tmp_path, "a test")
    pdf = (tmp_path / "size.pdf").read_bytes()
    assert len(re.findall(rb"/Type /FontDescriptor", pdf)) == len(re.findall(rb"/FontFile2 ", pdf)) > 0
    assert b"/Type3" not in pdf
    assert "<text" not in (tmp_path / "size.svg").read_text()


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    study = KEPT["quantised"]
    for folder in ("a", "b"):
        study.draw(recall(study), tmp_path / folder, "a test")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", ["study", "claim", "command", "rows", "commit"])
def test_nothing_of_what_a_figure_says_may_be_empty(name: str) -> None:
    whole = {"study": "a", "claim": "none", "command": "b", "rows": "c", "commit": "d"}
    About(**whole)
    with pytest.raises(SltkError, match=f"has to say its {name}"):
        About(**{**whole, name: ""})


@pytest.mark.parametrize("key", KEPT)
def test_no_panel_goes_without_a_name_for_its_axes(key: str) -> None:
    study = KEPT[key]
    for paper in (PAGE, COLUMN):
        with styled():
            figures = [one.figure(recall(study).document, paper) for one in drawings(study)]
        for figure in figures:
            assert figure.get_suptitle()
            assert abs(figure.get_size_inches()[0] - paper.width) < 1e-9
            shown = [axes for axes in figure.axes if axes.get_visible()]
            assert any(axes.get_xlabel() for axes in shown)
            drawn = [(*axes.lines, *axes.patches, *axes.collections) for axes in shown]
            assert all(any(isinstance(one, (Line2D, Patch, PolyCollection)) for one in all_) for all_ in drawn)


def test_a_name_looks_the_same_in_all_panels() -> None:
    """They share a legend; a panel that leaves some names out must not move the colours of the others."""

    def curve(label: str) -> DensityCurve:
        return DensityCurve(label, [1.0, 0.5], [[0.9, 0.8]])

    panels = {"one": [curve("a"), curve("b"), curve("c")], "two": [curve("c"), curve("a")]}
    with styled():
        figure = draw_densities(panels, "two panels", PAGE)
    looks = [{line.get_label(): (line.get_color(), line.get_marker()) for line in axes.lines} for axes in figure.axes]
    assert looks[1] == {name: looks[0][name] for name in ("c", "a")}
    assert len(set(looks[0].values())) == 3
