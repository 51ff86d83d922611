"""``sltk certify`` on the digits: a share with its interval, JSON by input, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from sltk.cli.main import main
from sltk.construct.file import load
from sltk.construct.ticket import StrongTicket
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
    return over_domain(folder, "--data", "digits", "--limit", "30", *more)


def over_domain(folder: Path, *more: str) -> int:
    return main(["certify", str(folder / "ticket"), "--target", str(folder / "target.pt"), "--arch", ARCH, *more])


def given_ticket(folder: Path) -> StrongTicket:
    target = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 10))
    target.load_state_dict(torch.load(folder / "target.pt", weights_only=True))
    return load(folder / "ticket").with_target(read(target, (1, 8, 8)))


def test_json_is_what_python_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(folder, "--radius", ".01", "--run", "float32") == 0
    shown = capsys.readouterr().out
    assert "exact 95% interval" in shown
    assert "as run in float32" in shown
    assert "no other answer found" in shown
    found = json.loads((folder / "ticket.certify.json").read_text())
    data, ticket = dataset("digits"), given_ticket(folder)
    real, run = found["certificates"]
    again = ticket.certify(data.test_x[:30], 0.01)
    assert real["by_input"]["errors"] == again.errors.tolist()
    assert (real["proved"], real["inputs"]) == (int(again.proved.sum()), 30)
    assert run["mean_error"] > real["mean_error"]
    assert found["unchanged_by_attack"] >= real["kept"] >= real["proved"] >= run["proved"]


def test_without_data_the_domain_is_bounded_and_the_bound_taken_apart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert over_domain(folder, "--run", "float32", "--attack-steps", "5") == 0
    shown = capsys.readouterr().out
    assert "in real arithmetic, by differential relaxation" in shown
    assert "leaving, relaxed" in shown
    assert "lost when computed" in shown
    found, certificate = json.loads((folder / "ticket.certify.json").read_text()), given_ticket(folder).certificate
    assert found["bound"] == certificate.bound
    assert [layer["leaving"] for layer in found["layers"]] == [layer.leaving for layer in certificate.layers]
    assert 0.0 < found["error_found"] <= found["bound"] < found["as_run"][0]["bound"]
    relaxed = next(way for way in found["ways"] if way["name"] == "differential relaxation")
    assert len(relaxed["leaving"]) == len(found["layers"])
    assert relaxed["leaving"][-1] == relaxed["bound"]


def test_on_a_device_it_says_the_same_but_for_rounding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for device in ("cpu", "torch:cpu"):
        assert certify(folder, "--radius", ".01", "--device", device) == 0
        found.append(json.loads((folder / "ticket.certify.json").read_text()))
    here, there = found
    assert "computed on" in capsys.readouterr().out
    assert (there["device"], there["unchanged_by_attack"]) == ("torch:cpu", here["unchanged_by_attack"])
    (one,), (other,) = here["certificates"], there["certificates"]
    assert one["by_input"]["proved"] == other["by_input"]["proved"]
    assert other["by_input"]["errors"] == pytest.approx(one["by_input"]["errors"], rel=1e-11)


def test_a_run_on_a_device_is_one_of_its_own(folder: Path) -> None:
    assert certify(folder, "--run", "float32", "--device", "torch:cpu") == 0
    found = json.loads((folder / "ticket.certify.json").read_text())["certificates"]
    assert [one["arithmetic"] for one in found] == ["real", "float32", "float32, one run on torch:cpu"]
    every, run = (torch.tensor(one["by_input"]["errors"]) for one in found[1:])
    assert (run <= every).all()
    assert found[2]["proved"] >= found[1]["proved"]


def test_over_the_domain_a_device_searches_and_the_cpu_proves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for device in ("cpu", "torch:cpu"):
        assert over_domain(folder, "--attack-steps", "5", "--run", "float32", "--device", device) == 0
        found.append(json.loads((folder / "ticket.certify.json").read_text()))
    assert "for sums in every order" in capsys.readouterr().out
    assert found[0]["bound"] == found[1]["bound"]
    assert found[0]["as_run"] == found[1]["as_run"]
    assert found[1]["error_found"] == pytest.approx(found[0]["error_found"], rel=1e-9)
    assert 0 < found[1]["error_found"] <= found[1]["bound"]


def test_more_seconds_come_closer(folder: Path) -> None:
    assert over_domain(folder, "--seconds", ".5", "--attack-steps", "0") == 0
    found = json.loads((folder / "ticket.certify.json").read_text())
    assert found["error_found"] is None
    assert found["bound"] <= given_ticket(folder).certificate.bound
    assert "boxes that cover the domain" in found["ways"][-1]["text"]


@pytest.mark.parametrize(("more", "said"), [(["--radius", ".1"], "--radius"), (["--seconds", "-1"], "--seconds")])
def test_what_the_domain_has_not_is_refused(
    folder: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert over_domain(folder, *more) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--limit", "0"], "--limit"),
        (["--radius", "-1"], "radius"),
        (["--attack-steps", "-1"], "steps"),
        (["--seconds", "1"], "--seconds"),
    ],
)
def test_wrong_input_is_refused(folder: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify(folder, *more) == 2
    assert said in capsys.readouterr().err
