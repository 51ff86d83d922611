"""``sltk train`` and ``sltk branch``: every method by name, its options, and branches from what it stored."""

import csv
import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from sltk.cli.main import main
from sltk.models.dense import dense_network
from sltk.studies.training.one_method import TrainJob, job_of
from sltk.train.loop.rates import Rates
from sltk.train.methods import registry
from sltk.train.pruning.n_of_m import obeys

OWN = ["--data", "tests.train.engine_task:small_task", "--hidden", "8"]
SMALL = [*OWN, "--seeds", "2", "--epochs", "1", "--batch", "40"]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure: six files take longer than the training; the first test below draws them."""
    monkeypatch.setattr("sltk.cli.commands.training.train.publish", lambda *_: None)


def train(out: Path, *argv: str) -> Path:
    before = set(out.glob("*"))
    assert main(["train", *argv, *SMALL, "--out", str(out)]) == 0
    (folder,) = set(out.glob("*")) - before
    return folder


def test_a_method_by_name_leaves_rows_weights_and_a_figure(tmp_path: Path, capsys) -> None:
    folder = train(tmp_path, "imp", "--density", ".25", "--options", "rounds=2", "rewind=2")
    summary = json.loads((folder / "summary.json").read_bytes())
    rows = summary["outputs"]["imp"]["rows"]
    assert [row["density"] for row in rows if row["seed"] == 1] == [1.0, 0.5, 0.25]
    with (folder / "rows.csv").open() as file:
        assert [float(line["test"]) for line in csv.DictReader(file)] == [row["test"] for row in rows]
    assert (folder / "densities.png").read_bytes()[:4] == b"\x89PNG"
    plain = dense_network((16, 8, 4), 5)
    plain.load_state_dict(load_file(folder / "weights" / "ticket-1.safetensors"), strict=True)
    assert sum(int((p == 0).sum()) for p in plain.parameters() if p.ndim == 2) == 120
    assert "of 2 seeds" in capsys.readouterr().out
    before = {path: path.stat().st_mtime_ns for path in folder.glob("weights/*")}
    argv = ["train", "imp", "--density", ".25", "--options", "rounds=2", "rewind=2", *SMALL]
    assert main([*argv, "--out", str(tmp_path)]) == 0
    assert {path: path.stat().st_mtime_ns for path in folder.glob("weights/*")} == before  # nothing ran twice


@pytest.mark.parametrize(
    "argv",
    [
        ["rigl", "--options", "every=2"],
        ["at-init", "--options", "score=grasp", "pruned_on=random-labels"],
        ["set", "--options", "every=2", "share=0.5", "--scope", "layerwise"],
        ["dense", "--corrupt", "shuffled-pixels", "--schedule", "step", "--milestones", ".5", "--warmup", "3"],
    ],
    ids=lambda argv: argv[0],
)
@pytest.mark.usefixtures("undrawn")
def test_other_methods_take_their_options(argv: list[str], tmp_path: Path) -> None:
    folder = train(tmp_path, *argv)
    assert json.loads((folder / "summary.json").read_bytes())["outputs"][argv[0]]["rows"]


@pytest.mark.usefixtures("undrawn")
def test_two_of_four_leaves_as_an_ordinary_checkpoint(tmp_path: Path) -> None:
    folder = train(tmp_path, "after-training", "--density", ".5", "--scope", "n:m", "--m", "4")
    state = load_file(folder / "weights" / "ticket-0.safetensors")
    assert all(obeys(value, 2, 4) for value in state.values() if value.ndim == 2)


@pytest.mark.usefixtures("undrawn")
def test_branches_from_a_level(tmp_path: Path, capsys) -> None:
    folder = train(tmp_path, "imp", "--density", ".25", "--options", "rounds=1", "rewind=2", "--levels", "--stack", "1")
    assert sorted(path.name for path in (folder / "levels").iterdir()) == ["0-0", "1-1"]
    capsys.readouterr()
    assert main(["branch", str(folder), "--level", "1", "--rewind", "2", "--kinds", "retrain", "shuffle"]) == 0
    (found,) = folder.glob("branch-*/summary.json")
    outputs = json.loads(found.read_bytes())["outputs"]
    rows = json.loads((folder / "summary.json").read_bytes())["outputs"]["imp"]["rows"]
    own = [row["loss"] for row in rows if row["label"] == "1"]
    assert [row["loss"] for row in outputs["retrain"]["rows"]] == own
    assert [row["loss"] for row in outputs["shuffle"]["rows"]] != own
    assert "level 1" in capsys.readouterr().out


def test_a_job_is_read_back_as_it_was_written() -> None:
    job = TrainJob("imp", ("rounds=2",), dense=("1.weight",), rates=Rates("step", (0.3,), warmup=4), hidden=(3,))
    assert job_of(json.loads(json.dumps(job.record()))) == job


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["train", "magic"], "METHOD must be one of"),
        (["train", "imp", "--options", "rounds"], "name=value of rounds=10"),
        (["train", "imp", "--options", "rounds=many"], "must be of type int"),
        (["train", "imp", "--options", "speed=9"], "name=value"),
        (["train", "imp", "--density", "20"], "kept fraction"),
        (["train", "dense", "--scope", "erk"], "has no scope"),
        (["train", "rigl", "--scope", "global"], "erk or layerwise"),
        (["train", "imp", "--schedule", "step", "--milestones", "30"], "shares of a training"),
        (["branch", ".", "--level", "1"], "summary.json"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(argv: list[str], named: str, capsys) -> None:
    try:
        code: object = main([*argv, *(SMALL if argv[0] == "train" else [])])
    except SystemExit as error:  # refused while the options are read
        code = error.code
    assert code == 2
    assert named in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_every_method_is_named_in_the_help(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    told = capsys.readouterr().out
    assert all(name in told for name in registry())


@pytest.mark.usefixtures("undrawn")
def test_a_folder_without_levels_is_refused(tmp_path: Path, capsys) -> None:
    folder = train(tmp_path, "dense")
    assert main(["branch", str(folder), "--level", "final"]) == 2
    assert "--levels" in capsys.readouterr().err
