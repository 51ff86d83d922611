"""Few copies of each neuron: fewer weights at nearly the same error, on networks that never had a part in the rule."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from sltk.construct import Construction, Search, load, save
from sltk.construct.choose.choose import choose
from sltk.construct.choose.few_copies import few_copies
from sltk.construct.pools.sub_pool import spread_evenly
from sltk.core.rng import torch_stream
from sltk.verify.check import check
from tests.construct.block_nets import SHAPE, pre_activation, randomised

SEEDS = (21, 22, 23)


def dense() -> nn.Module:
    return nn.Sequential(
        nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 2)
    )


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.SiLU(), nn.Conv2d(6, 6, 3, padding=1), nn.SiLU(), nn.Flatten(), nn.Linear(96, 2)
    )


TARGETS = {"dense": (dense, (5,)), "conv": (conv, (1, 6, 6)), "residual": (pre_activation, SHAPE)}


def construction(kind: str) -> Construction:
    make, shape = TARGETS[kind]
    torch.manual_seed(4)
    return Construction(randomised(make()), (-1.0, 1.0), input_shape=shape)


def whole_and_few(made: Construction) -> tuple[Search, Search]:
    assert made.choice is not None
    found = made.choice.search
    assert found.first_copies is not None
    return replace(found, first_copies=None), found


def typical(made: Construction, search: Search) -> tuple[float, float]:
    """Geometric mean of the typical errors over the seeds, and the mean number of weights."""
    x = torch.rand(100, *made.network.input_shape, generator=torch_stream(6, "few")) * 2 - 1
    errors, kept = 0.0, 0
    for seed in SEEDS:
        ticket = made.build(seed, search)
        assert not ticket.failures
        off = ticket.module()(x).double() - made.network(x.double())
        errors, kept = errors + math.log(float(off.square().mean())) / 2.0, kept + (ticket.sizes.kept or 0)
    return math.exp(errors / len(SEEDS)), kept / len(SEEDS)


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_fewer_weights_at_nearly_the_error_of_all_copies_which_as_few_of_all_scales_do_not_have(kind: str) -> None:
    """Errors of one recipe spread by a factor of about 1.5 from seed to seed, so that 2.5 of three tells them apart."""
    made = construction(kind)
    whole, few = whole_and_few(made)
    (error, kept), (error_of_few, kept_of_few) = typical(made, whole), typical(made, few)
    assert kept_of_few < 0.85 * kept
    assert error_of_few < 2.5 * error
    # Negative control: as many copies, spread evenly over the scales.
    first = few.first_copies
    assert isinstance(first, tuple)
    evenly = replace(few, first_copies=None, sub_pool=min(first))
    assert typical(made, evenly)[0] > 2.5 * error


def test_a_ticket_of_few_copies_reads_few_and_is_checked_as_any(tmp_path) -> None:
    made = construction("residual")
    _, few = whole_and_few(made)
    assert isinstance(few.first_copies, tuple)
    ticket = made.build(7, few)
    save(ticket, tmp_path / "few")
    found = load(tmp_path / "few")
    assert found.search == few
    assert check(found, target=made.network).passed
    # What is read of a neuron is little more than the copies that are searched first.
    n = made.recipe.n
    for role, read in list(zip(ticket.plan.roles, ticket.read, strict=True))[:-1]:
        assert read is not None
        assert float(read.sum(0).max()) <= n
        assert float(read.sum(0).mean()) < 0.9 * n, role.stage


def test_the_source_and_its_recipe_do_not_depend_on_how_many_copies_are_read(monkeypatch) -> None:
    made = construction("dense")
    assert made.choice is not None
    monkeypatch.setattr("sltk.construct.choose.few_copies.LEAST", 1.0)
    all_of_them = choose(made.network, made.box)
    assert all_of_them.search.first_copies == (made.recipe.n,) * 4
    assert all_of_them.recipe == made.recipe
    assert all_of_them.problems > made.choice.problems


def test_a_ticket_whose_choice_counted_all_copies_is_checked_as_before() -> None:
    """As files have it from before there was a choice of copies; other predictions follow from neither."""
    made = construction("dense")
    assert made.choice is not None
    before = made.choice.all_copies
    assert before is not None
    ticket = Construction(made.network, made.box, before).build(8, before.search)
    assert "first_copies" not in ticket.search.record()
    assert check(ticket).passed
    assert ticket.choice is not None
    forged = replace(ticket, choice=ticket.choice | {"expected_failures": 0.0})
    assert [v.statement for v in check(forged).verdicts if not v.holds] == [
        "the recipe follows from the target's class alone"
    ]


def test_stages_whose_copies_join_read_the_same_ones() -> None:
    made = construction("residual")
    assert made.choice is not None
    first, wires = made.choice.search.first_copies, made.network.wires
    assert isinstance(first, tuple)
    for index, wire in enumerate(wires):
        for added in wire.adds:
            readers = [first[i] for i, w in enumerate(wires) if w.reads in (index, added)]
            assert len(set(readers)) <= 1, (index, added)


def test_a_rule_that_may_cost_nothing_takes_all_copies(monkeypatch) -> None:
    monkeypatch.setattr("sltk.construct.choose.few_copies.SLACK", 0.0)
    made = construction("conv")
    assert made.choice is not None
    assert made.choice.search.first_copies == (made.recipe.n,) * 3


def test_expected_weights_are_those_that_come() -> None:
    made = construction("dense")
    assert made.choice is not None
    kept = made.build(3, made.choice.search).sizes.kept
    assert kept is not None
    assert sum(stage.kept for stage in made.choice.stages) == pytest.approx(kept, rel=0.2)


def test_fewer_are_among_more() -> None:
    assert few_copies([], [], [], []) == []
    assert spread_evenly(8, 4).tolist() == [0, 2, 4, 6]
