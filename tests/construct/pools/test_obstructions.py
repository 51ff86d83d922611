"""Range obstructions are failures that every ticket of the draw has, and no search can mend."""

import numpy as np
import pytest
from torch import nn

from sltk.construct import Construction, Search
from sltk.construct.pools.obstructions import range_obstructions
from sltk.core.rng import stream
from sltk.subset_sum.laws import Uniform
from tests.construct.building import build_ticket


def target(activation: nn.Module) -> nn.Module:
    model = nn.Sequential(
        nn.Conv2d(1, 3, 2), activation, nn.Conv2d(3, 3, 2), activation, nn.Flatten(), nn.Linear(12, 2)
    )
    generator = stream(1, "obstruction-target")
    for parameter in model.parameters():
        parameter.data = parameter.data.new_tensor(generator.uniform(-1, 1, parameter.shape))
    return model


def built(activation: nn.Module, n: int = 7, seed: int = 3, **changes):
    settings = {"method": "plus-one", "n": n, "seed": seed, "domain": (-1.0, 1.0), "input_shape": (1, 4, 4)}
    return build_ticket(target(activation), **(settings | {"param_eps": 0.05, "law": Uniform(1.0)} | changes))


def found_in(ticket, seed: int = 3, tolerances=None, **search):
    """What the declaration of ``ticket`` says of ``seed`` before any search."""
    source, own = ticket.declaration.source(seed), ticket.tolerances
    return range_obstructions(ticket.target, ticket.plan, source, tolerances or own, Search(**search))


def key(f) -> tuple:
    return f.kind, f.stage, f.output, f.input, f.tap, f.copy


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh(), nn.LeakyReLU(0.2)])
@pytest.mark.parametrize(("method", "exponents"), [("plus-one", (0,)), ("plus-one", (1, 0, -1)), ("two-layer", (0,))])
def test_they_are_failures_of_the_ticket_with_that_very_error(activation, method, exponents):
    ticket = built(activation, method=method, scale_exponents=exponents, objective="error")
    found = found_in(ticket)
    failed = {key(f): f for f in ticket.failures if f.kind != "bias"}
    assert 0 < len(found) <= len(failed)
    for f in found:
        assert f.error == pytest.approx(failed[key(f)].error, rel=1e-12)
        assert f.target == failed[key(f)].target
        assert f.tolerance == pytest.approx(failed[key(f)].tolerance)


def test_another_draw_has_others():
    """The negative control: they belong to the seed."""
    ticket = built(nn.Tanh())
    failed = {key(f) for f in ticket.failures}
    assert not {key(f) for f in found_in(ticket, 4)} <= failed


def test_pools_that_miss_by_resolution_are_not_among_them():
    ticket = built(nn.Tanh(), n=10, law=Uniform(6.0), param_eps=0.01)
    weights = [f for f in ticket.failures if f.kind != "bias"]
    assert len(weights) > len(found_in(ticket))


def test_tolerances_by_stage_and_what_is_pruned():
    ticket = built(nn.Tanh())
    every = found_in(ticket)
    lax = found_in(ticket, 3, tolerances=[10.0, 0.05, 0.05], prune_below=0.05)
    assert {key(f) for f in lax} == {key(f) for f in every if f.stage > 0}
    assert np.all(np.abs(found_in(ticket, 3, prune_below=0.8).target) > 0.8)


def test_the_construction_says_the_same_for_both_aims():
    for aim in ({}, {"param_eps": None, "eps": 1.0}):
        ticket = built(nn.Tanh(), **aim)
        asked = Construction(ticket.target, ticket.domain, ticket.recipe)
        assert asked.tolerances() == ticket.tolerances
        said = asked.obstructions(3)
        assert len(said) > 0
        assert [key(f) for f in said] == [key(f) for f in found_in(ticket)]
