"""Penalties: their formulas, and what they act on."""

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.train.loop.penalties import L1, GrowingL2, Ramp
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.phases.base import run_phases
from sltk.train.phases.prune import Prune
from sltk.train.phases.train import Train
from sltk.train.pruning.scores import random
from tests.train.engine_task import dense, state_of


def test_lambda_trace() -> None:
    penalty = GrowingL2(increment=1e-4, every=5, cap=1.0)
    assert [penalty.strength(t) for t in (0, 4, 5, 9, 10)] == pytest.approx([0, 0, 1e-4, 1e-4, 2e-4])
    assert penalty.strength(49_999) == pytest.approx(0.9999)
    assert penalty.strength(10**6) == 1.0


def test_penalty_is_its_formula_and_acts_off_the_mask_only() -> None:
    state = run_phases(state_of(dense), [Prune(0.5, random, soft=True)])
    tickets = state.replicas.tickets
    value = GrowingL2(1.0, 1, 10.0)(tickets, torch.tensor(3.0))
    assert value.item() == pytest.approx(
        1.5 * sum(t.coefficients[~t.mask].square().sum().item() for t in tickets.values())
    )
    value.backward()
    for t in tickets.values():
        assert t.coefficients.grad is not None
        assert torch.allclose(t.coefficients.grad, torch.where(t.mask, 0.0, 3.0 * t.coefficients.detach()))
    assert L1(0.5)(tickets, torch.tensor(0.5)).item() == pytest.approx(
        0.5 * sum(t.coefficients.abs().sum().item() for t in tickets.values())
    )


def test_an_unstable_penalty_is_refused() -> None:
    with pytest.raises(SltkError, match="diverges"):
        Train(10, TrainingRecipe(rate=0.5, momentum=0.5), penalty=GrowingL2(1.0, 1, 7.0))


def test_a_ramp_reaches_its_cap_after_its_share_of_the_training() -> None:
    grown = Ramp(cap=0.3, share=0.75).over(40)
    assert grown.strength(30) == 0.3
    assert grown.strength(15) == pytest.approx(0.15)
    assert grown.strength(39) == 0.3
    assert GrowingL2(0.1, 2, 0.5).over(40) == GrowingL2(0.1, 2, 0.5)  # told by its increment
    with pytest.raises(SltkError, match="share"):
        Ramp(share=0.0)
