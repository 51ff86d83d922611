"""``sltk certify`` on the digits: a share with its interval, JSON by input, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from sltk.cli.main import main
from sltk.construct.file import load
from sltk.data.datasets import load as dataset
from sltk.networks.reading.read import read

ARCH = "flatten; linear(64,6); relu; linear(6,10)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("certify")
    torch.manual_seed(0)
    target = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 10))
    torch.save(target.state_dict(), made / "target.pt")
    given = ["--arch", ARCH, "--data", "digits", "--method", "two-layer", "--n", "18", "--param-eps", ".05"]
    assert main(["construct", str(made / "target.pt"), *given, "--out", str(made / "ticket"), "--accept", "reached",
                 "--measure", "10"]) == 0  # fmt: skip
    return made


def certify(folder: Path, *more: str) -> int:
    given = ["--target", str(folder / "target.pt"), "--arch", ARCH, "--data", "digits", "--limit", "30"]
    return main(["certify", str(folder / "ticket"), *given, *more])


def test_json_is_what_python_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(folder, "--radius", ".01", "--run", "float32") == 0
    shown = capsys.readouterr().out
    assert "exact 95% interval" in shown
    assert "as run in float32" in shown
    assert "no other answer found" in shown
    found = json.loads((folder / "ticket.certify.json").read_text())
    target = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 10))
    target.load_state_dict(torch.load(folder / "target.pt", weights_only=True))
    data = dataset("digits")
    ticket = load(folder / "ticket").with_target(read(target, tuple(data.test_x.shape[1:])))
    real, run = found["certificates"]
    again = ticket.certify(data.test_x[:30], 0.01)
    assert real["by_input"]["errors"] == again.errors.tolist()
    assert (real["proved"], real["inputs"]) == (int(again.proved.sum()), 30)
    assert run["mean_error"] > real["mean_error"]
    assert found["unchanged_by_attack"] >= real["kept"] >= real["proved"] >= run["proved"]


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--limit", "0"], "--limit"), (["--radius", "-1"], "radius"), (["--attack-steps", "-1"], "steps")],
)
def test_wrong_input_is_refused(folder: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(folder, *more) == 2
    assert said in capsys.readouterr().err
