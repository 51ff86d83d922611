"""The table of the residual promise: refusals are shown, and a wrong skip is caught by its error."""

import numpy as np
import pytest
from torch import nn

from sltk.core.statistics.verdict import Never
from sltk.models.residual_networks import NETWORKS, drawn
from sltk.studies import residual
from sltk.studies.residual import CONTROLS, PARTS, Part, PromiseFinding, measure, refusal


def test_every_part_has_its_network():
    assert {part.network for part in (*PARTS, *CONTROLS)} <= set(NETWORKS)


def test_a_skip_to_another_channel_leaves_the_bound():
    """Negative control: the same tickets, whole, stay within it."""
    part = next(part for part in CONTROLS if part.broken == "skip")
    wrong = measure(part.cell, 3, np.random.default_rng(0))
    right = measure(part.cell | {"broken": ""}, 3, np.random.default_rng(0))
    assert wrong["violations"] == 3
    assert right["violations"] == 0


def test_a_refusal_carries_its_reason(monkeypatch):
    lonely = Part("what cannot be had", "lonely")
    monkeypatch.setitem(residual.NETWORKS, "lonely", lambda: drawn(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Softmax(1))))
    assert "oftmax" in refusal(lonely)
    assert refusal(PARTS[0]) == ""


@pytest.mark.parametrize("control", [False, True])
def test_refuted_is_right_for_a_control_and_for_nothing_else(control):
    never = Never(fixed=30)
    sound = never.judge({"violations": 0, "trials": 30, "largest_ratio": 0.5})
    broken = never.judge({"violations": 1, "trials": 30, "largest_ratio": 1.5})
    assert PromiseFinding(PARTS[0], control, None, broken).as_it_ought is control
    assert PromiseFinding(PARTS[0], control, None, sound).as_it_ought is not control
