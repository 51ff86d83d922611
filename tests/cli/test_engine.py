"""``sltk imp``, ``rst`` and ``edge-popup`` at toy sizes: a folder named by content, and nothing run twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import torch
import tyro

from sltk.cli import options, training_options
from sltk.cli.main import main
from sltk.cli.options import DataName
from sltk.cli.training_options import Imp, ModelName
from sltk.core.errors import SltkError
from sltk.data.datasets import NAMES
from sltk.models.registry import MODELS
from sltk.studies.edge_search import SearchJob, measure_planted, measure_search
from sltk.studies.imp_bases import ImpJob, measure_basis
from sltk.studies.rst_arms import RstJob, measure_arm

SMALL = ["--hidden", "12", "--jobs", "1", "--seeds", "2"]
COMMANDS = {
    "imp": ["imp", "--bases", "canonical", "dct", "--rounds", "2", "--epochs", "1", *SMALL],
    "rst": ["rst", "--densities", "0.3", "0.1", "--epochs", "1", "--final-epochs", "1", *SMALL],
    "edge-popup": ["edge-popup", "--densities", "0.5", "--epochs", "1", *SMALL],
}

ON_A_DEVICE = {
    "Imp": ["imp"], "Rst": ["rst"], "EdgePopup": ["edge-popup"], "Train": ["train", "rigl"], "Rewinding": ["rewinding"],
    "Construct": ["construct", "target.pt", "--arch", "linear(1,1)"],
    "Check": ["check", "no.ticket", "--target", "target.pt"],
    "Certify": ["certify", "no.ticket", "--target", "target.pt"],
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_command_writes_rows_and_findings_once(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMANDS[name], "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith(f"{name}-")
    rows, summary = (folder / "rows.jsonl").read_bytes(), (folder / "summary.json").read_bytes()
    assert json.loads(summary)["outputs"]
    assert (folder / "densities.png").exists() == (name != "edge-popup")
    assert main([*COMMANDS[name], "--out", str(tmp_path)]) == 0
    assert (folder / "rows.jsonl").read_bytes() == rows
    assert (folder / "summary.json").read_bytes() == summary
    assert "seeds" in capsys.readouterr().out


def test_another_question_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    for seeds in ("2", "3"):
        assert main([*COMMANDS["edge-popup"], "--seeds", seeds, "--out", str(tmp_path)]) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_names_of_the_options_are_those_that_the_product_knows() -> None:
    assert get_args(DataName) == NAMES
    assert get_args(ModelName) == ("dense", *MODELS)


def test_mistake_flags_that_read_any_text_as_true() -> None:
    assert not tyro.cli(Imp, args=["--no-augment"]).augment
    assert tyro.cli(Imp, args=["--augment"]).augment
    with pytest.raises(SystemExit):
        tyro.cli(Imp, args=["--augment", "False"])


def test_a_named_model_with_augmentation_and_late_rewinding_on_a_toy_task(tmp_path: Path) -> None:
    argv = ["imp", "--model", "resnet-20", "--bases", "dct-taps", "--rounds", "1", "--epochs", "1", "--seeds", "1"]
    argv += ["--rewind", "1", "--augment", "--no-controls", "--rate", "0.05", "--batch", "512", "--jobs", "1"]
    assert main([*argv, "--out", str(tmp_path)]) == 0
    summary = json.loads(next(tmp_path.glob("*/summary.json")).read_bytes())
    assert set(summary["outputs"]["dct-taps"]) == {"ticket"}


def test_rows_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    base = ["imp", "--bases", "canonical", "--rounds", "1", "--epochs", "1", *SMALL]
    assert main([*base, "--out", str(tmp_path / "a")]) == 0
    assert main([*base, "--jobs", "2", "--out", str(tmp_path / "b")]) == 0
    texts = [next((tmp_path / part).glob("*/summary.json")).read_bytes() for part in "ab"]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["imp", "--bases", "wavelet"], "basis must be"),
        (["imp", "--seeds", "40"], "--seeds"),
        (["rst", "--densities", "20"], "kept fraction"),
        (["edge-popup", "--jobs", "0"], "--jobs"),
        (["imp", "--device", "cuda:77"], "device='cuda:77'"),
        (["rst", "--device", "cuda:77"], "device='cuda:77'"),
        (["edge-popup", "--device", "toaster"], "device='toaster'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    argv: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    told = capsys.readouterr().err
    assert named in " ".join(told.split())
    assert len(told.splitlines()) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here, so cuda is no wrong input")
@pytest.mark.parametrize("command", ON_A_DEVICE.values(), ids=list(ON_A_DEVICE))
def test_cuda_without_cuda_is_one_line(command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([*command, "--device", "cuda", "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "device='cuda'" in " ".join(told.split())
    assert 'pass "cpu"' in told
    assert len(told.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_every_command_with_a_device_is_tried_above() -> None:
    kinds = [*vars(options).items(), *vars(training_options).items()]
    assert {name for name, kind in kinds if isinstance(kind, type) and "device" in vars(kind)} == set(ON_A_DEVICE)


def test_groups_have_a_dense_classifier_and_a_canonical_run_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["imp", "--bases", "canonical", "low-rank", "unit", "--rounds", "2", "--epochs", "1", *SMALL]
    assert main([*argv, "--out", str(tmp_path)]) == 0
    found = json.loads(next(tmp_path.glob("*/summary.json")).read_bytes())
    assert set(found["outputs"]) == {"canonical", "canonical, dense classifier", "low-rank", "unit"}
    told = capsys.readouterr().out
    assert "low-rank starts at a density of" in told
    assert "classifier dense" in told
    judged = {one["basis"] for one in found["findings"] if one["claim"] == "3 beats canonical over live ones"}
    assert judged == {"low-rank", "unit"}
    for arms in found["outputs"].values():
        for parts in arms.values():
            assert (torch.tensor(parts["live"]) <= torch.tensor(parts["density"])).all()
            assert parts["steps"] == [[17, 34, 51]] * 2


@pytest.mark.parametrize("setting", ["by-basis", "dense", "pruned"])
def test_whose_classifier_is_dense(setting: str) -> None:
    job = ImpJob(bases=("canonical", "dct", "unit"), classifier=setting)  # type: ignore[arg-type]
    dense = {task for task in job.tasks if job.scope(task).dense_last}
    beside = "canonical, dense classifier"
    assert dense == {"by-basis": {"unit", beside}, "dense": {*job.bases}, "pruned": set()}[setting]
    assert (beside in job.tasks) == (setting == "by-basis")
    assert ImpJob(bases=("canonical", "dct")).tasks == ("canonical", "dct")


@pytest.mark.parametrize(
    "measure",
    [
        lambda: measure_basis(ImpJob(hidden=(4,), device="cuda:77"), "canonical"),
        lambda: measure_arm(RstJob(hidden=(4,), device="cuda:77"), "rst"),
        lambda: measure_search(SearchJob(hidden=(4,), device="cuda:77"), "kaiming, global, 0.5"),
        lambda: measure_planted(SearchJob(device="cuda:77")),
    ],
)
def test_the_device_of_a_job_reaches_its_training(measure: Callable[[], object]) -> None:
    with pytest.raises(SltkError, match="device='cuda:77'"):
        measure()
