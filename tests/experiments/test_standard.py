"""The standard preset as a whole: what it costs is stated, and every study has its rows, or says why it has none."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from experiments import _target
from experiments._target import CONV_MNIST, RESNET20, Published
from experiments.by_layer.study import STUDY as BY_LAYER
from sltk.cli.papers.run import state, whole
from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.harness.catalogue import CHECKOUT, studies
from sltk.harness.kept import kept_file, recalled
from sltk.harness.study import Study

STUDIES = studies()
MOST = 360.0  # CPU minutes: three hours on two cores


def lacking(every: Mapping[str, Study[Any]]) -> Iterator[str]:
    """What the standard preset lacks."""
    for key, study in every.items():
        kept = kept_file(study).is_file()
        if kept == bool(study.unkept):
            yield f"{key} {'keeps rows, and says that it does not' if kept else 'keeps no rows, and does not say why'}"
        if study.minutes is None and kept:
            yield f"{key} does not say what it costs"
    if sum(study.minutes or 0.0 for study in every.values()) >= MOST:
        yield "all together cost too much"


def test_every_study_has_rows_or_a_reason_and_all_take_less_than_three_hours() -> None:
    assert list(lacking(STUDIES)) == []


def changed(key: str, **values: Any) -> Mapping[str, Study[Any]]:
    """The study of ``key`` alone, with other attributes."""
    other = copy.copy(STUDIES[key])
    vars(other).update(values)
    return {key: other}


def test_what_is_lacking_is_found() -> None:
    assert list(lacking(changed("lueker", minutes=None))) == ["lueker does not say what it costs"]
    assert list(lacking(changed("lueker", minutes=MOST))) == ["all together cost too much"]
    assert list(lacking(changed("lueker", unkept="a reason"))) == ["lueker keeps rows, and says that it does not"]
    assert list(lacking(changed("mutations", unkept=""))) == ["mutations keeps no rows, and does not say why"]


@pytest.mark.parametrize("key", STUDIES)
def test_no_study_needs_an_option_and_its_rows_have_names_without_data(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that read a target could not be recalled where there is none; here there is nothing to read."""
    monkeypatch.setenv("SLTK_DATA", str(tmp_path))
    monkeypatch.setattr(_target, "first_file", None)
    options = STUDIES[key].standard()
    assert options is not None
    assert STUDIES[key].tasks(options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", [key for key, study in STUDIES.items() if kept_file(study).is_file()])
def test_kept_rows_are_whole_and_need_no_data(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn in a fresh checkout has neither data nor targets at hand."""
    monkeypatch.setenv("SLTK_DATA", str(tmp_path))
    monkeypatch.setattr(_target, "first_file", None)
    options = STUDIES[key].standard()
    assert options is not None
    assert recalled(STUDIES[key], options).rows


def test_the_list_adds_up() -> None:
    two = [*changed("lueker", minutes=70.0).values(), *changed("quantised", minutes=80.2).values()]
    assert whole(two) == "all 2 together take 150, 1 h 15 min on two cores"
    three = [*two, *changed("export", minutes=None).values()]
    assert whole(three) == "all 3 (without export) together take 150, 1 h 15 min on two cores"


def test_the_readme_says_what_the_list_says() -> None:
    assert whole(STUDIES.values()) in " ".join((CHECKOUT / "README.md").read_text().split())


def test_rows_that_are_never_kept_say_why_and_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = STUDIES["mutations"]
    assert state(study).startswith("never: they hold for one state of the project")
    assert study.main(["--keep", "--out", str(tmp_path)]) == 2
    assert "rows of the study mutations are never kept: they hold" in capsys.readouterr().err
    assert not kept_file(study).exists()


@pytest.mark.parametrize("published", [CONV_MNIST, RESNET20], ids=lambda one: one.file)
def test_a_published_target_that_is_missing_or_another_is_one_clear_error(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLTK_DATA", str(tmp_path))
    monkeypatch.setattr("sltk.data.places.cache", lambda name: tmp_path / "cache" / name)
    with pytest.raises(SltkError, match=rf"the published {published.file} is missing.* Set SLTK_DATA to the folder"):
        published.place()
    place = tmp_path / "targets" / published.file
    place.parent.mkdir()
    place.write_bytes(b"something else")
    with pytest.raises(SltkError, match=rf"is not the published {published.file}: its SHA-256 is"):
        published.place()
    assert published.file_of(place) == place  # any file that is named may be a target
    assert published.hash_of(place) == sha256(b"something else")


def test_a_study_without_its_target_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLTK_DATA", str(tmp_path))
    monkeypatch.setattr("sltk.data.places.cache", lambda name: tmp_path / "cache" / name)
    for study in BY_LAYER, STUDIES["failure-counts"], STUDIES["obstructions"]:
        assert study.main(["--preset", "quick", "--out", str(tmp_path / "out")]) == 2
        said = capsys.readouterr().err
        assert "Set SLTK_DATA to the folder that has it as targets/" in said
        assert "Traceback" not in said
