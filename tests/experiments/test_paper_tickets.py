"""Tickets over draws of a source: their intervals, rows that are kept, and a broken ticket that is seen."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from experiments.paper_tickets import study
from experiments.paper_tickets.options import TicketOptions
from experiments.paper_tickets.study import STUDY, answers
from experiments.paper_tickets.summary import difference, over_draws
from experiments.paper_tickets.targets import data_of, residual, small_residual
from sltk.construct import strong_ticket
from sltk.core.rng import stream
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Uniform


def a_ticket():
    target = residual("tanh", TicketOptions(residual_epochs=3))
    return strong_ticket(
        read(target.eval(), (1, 8, 8)), method="two-layer", n=16, seed=7, domain=(0.0, 1.0),
        param_eps=0.01, law=Uniform(2.0),
    )  # fmt: skip


def test_a_ticket_answers_as_its_target_and_a_mask_over_another_source_does_not() -> None:
    data, ticket = data_of("digits", None), a_ticket()
    right = answers(ticket, data.test_x, data.test_y)
    assert right["agreeing"] >= 0.98 * right["rows"]
    assert right["won"] - right["lost"] == right["ticket_right"] - right["target_right"]
    source = replace(ticket.source, seed=8)
    broken = answers(replace(ticket, source=source), data.test_x, data.test_y)
    assert broken["agreeing"] < 0.8 * broken["rows"]
    assert broken["error"] > 10 * right["error"]


def test_student_interval_of_five_draws() -> None:
    found = over_draws([0.9, 0.92, 0.94, 0.96, 0.98])
    assert found["mean"] == pytest.approx(0.94)
    # 2.776 is the 97.5% point of t with 4 degrees of freedom; the standard error is .02 / sqrt(2).
    assert found["high"] - found["mean"] == pytest.approx(2.7764 * 0.02 / 2**0.5, rel=1e-4)
    alike = over_draws([0.5] * 5)
    assert (alike["low"], alike["high"]) == (0.5, 0.5)
    assert over_draws([0.5])["low"] is None


def test_difference_covers_and_half_of_it_does_not() -> None:
    """False alarm: over 400 repeats, at least 336 of intervals of at least 95% cover, save with probability < 1e-9."""
    lost, won = stream(3, "paper-tickets", "coverage").multinomial(1000, (0.03, 0.01, 0.96), 400)[:, :2].T
    ends = [difference(int(a), int(b), 1000) for a, b in zip(lost, won, strict=True)]
    inside = sum(e.low <= -0.02 <= e.high for e in ends)
    third = sum(abs((e.low + e.high) / 2 + 0.02) <= (e.high - e.low) / 6 for e in ends)
    assert inside >= 336
    assert third < 336


def test_rows_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"n": 8, "law": "uniform(2.0)", "param_eps": 0.05, "objective": "error"}
    monkeypatch.setattr(study, "RECIPES", {"residual": {"two-layer": small}})
    options = "--kinds residual --activations tanh --residual-epochs 1 --draws 2 --jobs 1"
    asked = [*options.split(), "--out", str(tmp_path)]
    assert STUDY.main(asked) == 0
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    before = (folder / "study.json").read_bytes()
    assert len(json.loads(before)["rows"]) == 2
    assert (folder / "tickets.png").stat().st_size > 5000
    monkeypatch.setattr(study, "strong_ticket", None)  # a row that is measured again would fail
    assert STUDY.main(asked) == 0
    assert (folder / "study.json").read_bytes() == before
    (folder / "rows.jsonl").unlink()
    with pytest.raises(TypeError):
        STUDY.main(asked)


def test_targets_come_from_their_seed() -> None:
    torch.manual_seed(1)
    first = small_residual("relu").state_dict()
    torch.manual_seed(2)
    assert all(torch.equal(tensor, first[name]) for name, tensor in small_residual("relu").state_dict().items())
