"""The main job, small: its rows, its JSON and its figures."""

import json
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import pytest
from PIL import Image

from sltk.certify.intervals import Box
from sltk.cli.main import main
from sltk.construct.predict import parts
from sltk.data.datasets import load
from sltk.models.digits import digits_conv
from sltk.networks.reading.read import read
from sltk.studies.digits import ARMS, Arm, Job, Subject, TicketRow, build, construction
from sltk.studies.digits_summary import bracketed

OPTIONS = ["--quick", "--seeds", "2", "--n", "12", "--param-eps", ".05"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("verify")
    assert main(["verify", *OPTIONS, "--out", str(out)]) == 0
    return out


def rows(folder: Path) -> list[TicketRow]:
    return [TicketRow(**row) for row in json.loads((folder / "verify.json").read_text())["rows"]]


def test_every_kind_and_seed_has_a_row(folder: Path) -> None:
    found = {(r.method, r.activation, r.seed) for r in rows(folder)}
    assert len(found) == len(rows(folder)) == 8


def test_errors_lie_in_their_bracket(folder: Path) -> None:
    for row in rows(folder):
        assert row.data_error > 0
        assert bracketed(row)


def test_a_bound_that_is_too_small_leaves_the_bracket(folder: Path) -> None:
    for row in rows(folder):
        assert not bracketed(replace(row, certified_bound=0.99 * row.adversarial_error))
        assert not bracketed(replace(row, adversarial_error=0.99 * row.data_error))


def test_success_is_what_the_failures_say(folder: Path) -> None:
    for row in rows(folder):
        assert row.succeeded == (row.failures == 0)
        assert not row.succeeded or row.worst_parameter_error <= 0.05 * (1 + 1e-9)


@pytest.mark.parametrize("kind", ARMS, ids=lambda kind: kind.label)
def test_success_does_not_depend_on_the_objective(kind: Arm) -> None:
    """The sweep counts successes with the objective that is fastest."""
    job, data = Job(n=10, param_eps=0.02), load("digits")
    network = read(digits_conv(kind.activation, 0), data.input_shape)
    subject = Subject(network, data, Box(data.low, data.high))
    for seed in range(2):
        failures = [len(build(job, kind, subject, seed, objective=o).failures) for o in ("weighted", "cardinality")]
        assert failures[0] == failures[1] > 0


def test_targets_are_worth_a_ticket(folder: Path) -> None:
    assert min(r.target_accuracy for r in rows(folder)) > 0.9


def test_success_has_an_exact_interval_and_a_prediction(folder: Path) -> None:
    for success in json.loads((folder / "verify.json").read_text())["success"]:
        assert success["low"] <= success["successes"] / success["sources"] <= success["high"]
        assert 0 <= success["predicted_low"] <= success["predicted"] <= success["predicted_high"] <= 1


def test_successes_are_held_against_the_sources_own_probabilities(folder: Path) -> None:
    document = json.loads((folder / "verify.json").read_text())
    for success in document["success"]:
        assert len(success["own"]) == success["sources"] == 10
        assert success["expected_low"] <= success["expected"] <= success["expected_high"]
        level = 0.8 * document["job"]["false_alarm"] / len(document["success"])
        assert success["agrees"] == (success["p_value"] > level)
        assert success["agrees"]


def test_predictions_are_kept_and_found_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same job from what is kept, without one pool drawn for a prediction."""
    job = Job(n=12, param_eps=0.05, sources=10, sweep=())
    data = load("digits")
    network = read(digits_conv("tanh", 0), data.input_shape)
    asked = construction(job, Arm("two-layer", "tanh"), Subject(network, data, Box(data.low, data.high)))
    first = asked.predict(draws=50, folder=folder / "again")
    monkeypatch.setattr(parts, "failures_given", None)
    assert asked.predict(draws=50, folder=folder / "again") == first
    with pytest.raises(TypeError):
        asked.predict(draws=50, seed=1, folder=folder / "again")


@pytest.mark.parametrize("name", ["errors.png", "parameters.png"])
def test_figures_say_what_made_them(folder: Path, name: str) -> None:
    with Image.open(folder / name) as image:
        assert image.info["Command"].startswith("sltk verify --seeds 2 --n 12")
        assert image.info["Software"].startswith("sltk ")
        assert image.info["Seeds"] == "0 to 1"
    assert matplotlib.image.imread(folder / name).std() > 0.01
