"""``sltk run`` and ``sltk figures``: the list of studies, one of them, its figures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sltk.cli.main import main
from sltk.cli.papers.run import state
from sltk.core.errors import SltkError
from sltk.harness.catalogue import find, modules
from sltk.harness.kept import keep, kept_file, kept_rows, recalled, unlike
from sltk.harness.lines import joined, lines_of
from sltk.harness.study import Study, StudyResult

KEY = "quantised"
QUICK = ["--preset", "quick"]
SOUND = kept_file(find(KEY)).read_bytes()


def test_the_list_names_every_study_and_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 0
    said = capsys.readouterr().out
    assert all(key in said for key in modules())
    assert state(find(KEY)) == "7 of 7"
    assert "needs the published conv_mnist.pt" in state(find("failure-counts"))


def test_a_study_runs_by_its_name_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", KEY, *QUICK, "--out", str(tmp_path)]) == 0
    assert "7 rows, 7 of them measured now" in capsys.readouterr().out
    assert json.loads((tmp_path / "study.json").read_text())["key"] == KEY
    assert main(["run", KEY, *QUICK, "--out", str(tmp_path)]) == 0
    assert "7 rows, 0 of them measured now" in capsys.readouterr().out


def test_a_study_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nothing"]) == 2
    assert capsys.readouterr().err.startswith("sltk: no study is called 'nothing'")
    assert main(["run", KEY, "--jobs", "0"]) == 2
    assert capsys.readouterr().err.startswith("quantised: --jobs must be at least 1")


def test_figures_are_drawn_from_kept_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", KEY, "--out", str(tmp_path)]) == 0
    assert "quantised: size, from 7 rows" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / KEY).iterdir()}
    assert names == {f"size{width}{suffix}" for width in ("", "-column") for suffix in (".pdf", ".svg", ".png")}


@pytest.mark.parametrize(
    ("key", "said"),
    [("export", "has no figure"), (KEY, f"no rows of the study {KEY} are kept; make them: sltk run {KEY} --keep")],
)
def test_figures_that_cannot_be_drawn_say_why(
    key: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sltk.cli.papers.figures.kept_file", lambda _: tmp_path / "none.jsonl")
    assert main(["figures", key]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kept rows of the study, copied to a file that a test may change."""
    place = tmp_path / "kept.jsonl"
    place.write_bytes(SOUND)
    monkeypatch.setattr("sltk.harness.kept.kept_file", lambda _: place)
    return place


def recall(study: Study[Any]) -> StudyResult:
    options = study.standard()
    assert options is not None
    return recalled(study, options)


def test_kept_rows_are_the_same_bytes_in_whatever_order_they_came(aside: Path) -> None:
    study = find(KEY)
    result = recall(study)
    aside.write_bytes(joined(reversed(list(lines_of(SOUND)))))
    assert recall(study) == result
    keep(study, result)
    assert aside.read_bytes() == SOUND


def test_a_row_unlike_the_kept_one_is_named(aside: Path) -> None:
    """A run compares itself with what is kept; here one output is changed on purpose."""
    study = find(KEY)
    result = recall(study)
    assert unlike(study, result) == []
    row = result.rows[2]
    rows = (*result.rows[:2], replace(row, outputs={**row.outputs, "n": 1}), *result.rows[3:])
    assert unlike(study, replace(result, rows=rows)) == [row.name]


def test_damage_and_loss_of_kept_rows_are_refused(aside: Path) -> None:
    aside.write_bytes(SOUND[:-10])
    with pytest.raises(SltkError, match="holds a damaged line"):
        kept_rows(find(KEY))
    aside.write_bytes(joined(list(lines_of(SOUND))[1:]))
    with pytest.raises(SltkError, match="1 rows of the study quantised are not kept"):
        recall(find(KEY))
