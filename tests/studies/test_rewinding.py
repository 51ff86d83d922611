"""The study of rewinding steps: its trainings against runs by hand, its overlaps against sets, and the command."""

import json
from pathlib import Path

import pytest
import torch

from sltk.cli.main import main
from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.studies.training.rewinding import ARMS, RewindJob, _packed, iou_against_first, measure_point, stopping_steps
from sltk.train.methods.dense import Dense
from sltk.train.methods.imp import Imp
from sltk.train.runner import run
from tests.train.engine_task import conv, dense, small_task

OWN = {"data": "tests.train.engine_task:small_task", "model": "tests.train.engine_task:dense"}
JOB = RewindJob(**OWN, points=(0, 3), density=0.3, rounds=2, seeds=2, epochs=2, rate=0.05, batch=40, looks=4)
TASK = small_task()


@pytest.fixture(scope="module")
def found() -> dict:
    return {point: measure_point(JOB, point) for point in JOB.points}


@pytest.mark.parametrize("point", JOB.points)
def test_the_first_order_is_that_of_plain_runs(found: dict, point: int) -> None:
    """Dense: one whole training. Ticket: the last round of the IMP."""
    whole = run(Dense(), dense, TASK, JOB.setup((0, 1)))
    tickets = run(Imp(JOB.density, JOB.rounds, point), dense, TASK, JOB.setup((0, 1)))
    arms = found[point]["arms"]
    assert arms["ticket, first order"]["test"] == pytest.approx(tickets.accuracy("2"))
    if point == 0:  # at a later step the optimiser starts anew, as that of a ticket does
        assert arms["dense, first order"]["test"] == pytest.approx(whole.accuracy("final"))
    assert found[point]["masks"] == [_packed({name: mask[i] for name, mask in tickets.masks.items()}) for i in range(2)]
    assert found[point]["steps"] == 12 + 2 * (12 - point)


def test_the_second_order_is_another_and_looks_reach_the_end(found: dict) -> None:
    for point, parts in found.items():
        assert parts["looks"][-1] == 12
        assert all(point < step for step in parts["looks"])
        for kind in ("dense", "ticket"):
            first, second = (parts["arms"][f"{kind}, {order} order"] for order in ("first", "second"))
            assert first["loss"] != second["loss"]
            assert [len(curve) for curve in first["loss"]] == [len(parts["looks"])] * 2
        assert len(parts["barrier"]["ticket"]) == 2
        assert all(0.0 <= barrier <= 1.0 for own in parts["barrier"].values() for barrier in own)
        stops = stopping_steps(parts, ARMS[2])
        for stop, curve in zip(stops, parts["arms"][ARMS[2]]["loss"], strict=True):
            assert curve[parts["looks"].index(stop)] == min(curve)


def test_ends_that_are_one_have_no_barrier_and_far_ones_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: where both orders are the same, every barrier is 0."""
    monkeypatch.setattr("sltk.studies.training.rewinding.key", lambda seed, _: seed)
    same = measure_point(JOB, 0)
    assert same["barrier"] == {"dense": [0.0, 0.0], "ticket": [0.0, 0.0]}
    losses = [torch.tensor(same["arms"][arm]["loss"]) for arm in ARMS[:2]]
    assert torch.allclose(*losses)


def test_overlap_is_that_of_sets() -> None:
    g = torch_stream(0, "tests", "overlap")
    masks = [{"a": torch.rand(5, 7, generator=g) < 0.4, "b": torch.rand(11, generator=g) < 0.5} for _ in range(2)]
    found = {3: {"masks": [_packed(masks[0])]}, 8: {"masks": [_packed(masks[1])]}}
    sets = [{(n, i) for n, m in mask.items() for i in m.flatten().nonzero().flatten().tolist()} for mask in masks]
    iou = iou_against_first(found)
    assert iou[3][0] == [1.0]
    assert iou[8][0] == [len(sets[0] & sets[1]) / len(sets[0] | sets[1])]
    assert 0.2 < iou[8][1][0] < 0.5


def test_networks_with_norms_are_measured_with_statistics_of_their_own() -> None:
    job = RewindJob(data=OWN["data"], model="tests.train.engine_task:conv", points=(2,), density=0.5, rounds=1,
                    seeds=1, epochs=1, rate=0.05, batch=40, looks=1, places=3)  # fmt: skip
    assert conv(0)[1].track_running_stats
    parts = measure_point(job, 2)
    assert parts["looks"] == [6]
    assert torch.isfinite(torch.tensor(parts["barrier"]["ticket"])).all()


def test_the_command_prints_a_row_a_step_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["rewinding", "--data", OWN["data"], "--model", OWN["model"], "--points", "0", "3", "--density", ".3"]
    argv += ["--rounds", "1", "--seeds", "1", "--epochs", "1", "--batch", "40", "--looks", "2", "--jobs", "1"]
    assert main([*argv, "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    outputs = json.loads((folder / "summary.json").read_bytes())["outputs"]
    assert set(outputs) == {"0", "3"}
    assert outputs["0"]["iou"] == [1.0]
    assert (folder / "rewinding.png").read_bytes()[:4] == b"\x89PNG"
    assert "Barrier" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: RewindJob(points=(5, 0)), "rising"),
        (lambda: RewindJob(looks=0), "looks"),
        (lambda: measure_point(JOB, 12), "within the training of 12 steps"),
    ],
)
def test_wrong_steps_are_refused(make, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        make()
