"""Figures from kept rows: the numbers drawn are those of the rows, and every file says what made it."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
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
from tests.experiments.drawn import DRAWN, Numbers
from tests.harness.study_contract import of_pdf, of_png, of_svg

STORED = {key: study for key, study in studies().items() if kept_file(study).is_file()}
KEPT = {key: study for key, study in STORED.items() if study.figures}
MOST_BYTES = 20 * 2**20


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
