"""IteRand and multicoated supermasks: what is redrawn, what is worn, and that both begin as edge-popup."""

from dataclasses import replace

import pytest
import torch

from sltk.core.rng import torch_stream
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.methods.search.iterand import Iterand
from sltk.train.methods.search.multicoat import Multicoat
from sltk.train.outcome import Outcome
from sltk.train.phases.redraw import Redraw
from sltk.train.pruning.choose import keep_count
from sltk.train.pruning.scopes import GLOBAL
from sltk.train.pruning.search import search_tickets, top_scores
from sltk.train.runner import run, start
from sltk.train.setup import Setup
from tests.train.engine_task import conv, dense, small_task, state_of

TASK = small_task()
SETUP = Setup(seeds=(0, 1), epochs=2, recipe=TrainingRecipe(rate=0.1, batch=40))


def same_weights(first: Outcome, second: Outcome) -> bool:
    one, other = first.state.replicas.tickets, second.state.replicas.tickets
    return all(torch.equal(ticket(), other[name]()) for name, ticket in one.items())


@pytest.mark.parametrize("make", [dense, conv])
def test_without_a_redraw_and_with_one_coat_both_are_edge_popup(make) -> None:
    plain = run(EdgePopup(0.25), make, TASK, SETUP)
    assert same_weights(plain, run(Iterand(0.25, every=5, share=0.0), make, TASK, SETUP))
    assert same_weights(plain, run(Multicoat(0.25, coats=1), make, TASK, SETUP))
    assert not same_weights(plain, run(Iterand(0.25, every=5, share=0.5), make, TASK, SETUP))
    assert not same_weights(plain, run(Multicoat(0.25, coats=3), make, TASK, SETUP))


@pytest.mark.parametrize("law", ["signed-constant", "kaiming"])
def test_a_redraw_leaves_what_is_open_and_follows_its_streams(law) -> None:
    state = state_of()
    search_tickets(state.replicas, law=law, density=0.25)
    top_scores(0.25, GLOBAL)(state.replicas.tickets)
    before = {name: ticket.coefficients.clone() for name, ticket in state.replicas.tickets.items()}
    state.position = 7
    Redraw(0.4, law, 0.25).run(state)
    for name, ticket in state.replicas.tickets.items():
        for r, seed in enumerate(state.replicas.seeds):
            g = torch_stream(seed, "redraw", name, 7)
            chosen = torch.rand(ticket.mask.shape[1:], generator=g) < 0.4
            moved = ticket.coefficients[r] != before[name][r]
            assert not moved[ticket.gate[r] | ~chosen].any()
            assert moved[chosen & ~ticket.gate[r]].any()
        size = (2.0 / (ticket.mask[0][0].numel() * 0.25)) ** 0.5
        if law == "signed-constant":
            assert torch.equal(ticket.coefficients.abs(), torch.full_like(ticket.coefficients, size))


@pytest.mark.parametrize("scope", [GLOBAL, EdgePopup().scope], ids=lambda scope: scope.kind)
def test_coats_are_nested_exact_in_count_and_pressed_into_weights(scope) -> None:
    coats, density = 3, 0.3
    method = Multicoat(density, scope=scope, coats=coats)
    outcome = run(method, dense, TASK, SETUP)
    first = start(method, dense, TASK, SETUP).replicas.tickets
    worn = {name: (ticket() / first[name].coefficients) for name, ticket in outcome.state.replicas.tickets.items()}
    sizes = {name: part[0].numel() for name, part in worn.items()}
    for r in range(2):
        for j in range(1, coats + 1):
            counts = {name: int((part[r] > coats - j + 0.5).sum()) for name, part in worn.items()}
            share = density * j / coats
            if scope is GLOBAL:
                assert sum(counts.values()) == keep_count(share, sum(sizes.values()))
            else:
                assert counts == {name: keep_count(share, size) for name, size in sizes.items()}
    assert all(torch.allclose(part, part.round(), atol=1e-5) for part in worn.values())
    assert {int(v) for part in worn.values() for v in part.round().unique()} == {0, 1, 2, 3}
    plain = outcome.module(1)
    assert torch.equal(plain[1].weight, outcome.state.replicas.tickets["1.weight"]()[1])


def test_the_mean_square_of_kept_weights_stays() -> None:
    """Up to the rounding of counts: 192 weights, 96 of them kept, 24 with each number of coats."""
    setup = replace(SETUP, seeds=(0,))
    squares = {}
    for coats in (1, 4):
        weight = run(Multicoat(0.5, coats=coats), dense, TASK, setup).module(0)[1].weight.detach()
        squares[coats] = float(weight[weight != 0].square().mean())
    assert squares[4] == pytest.approx(squares[1], rel=1e-5)


def test_both_learn() -> None:
    for method in (Iterand(0.3, every=20, share=0.1), Multicoat(0.3)):
        setup = Setup(seeds=(0, 1), epochs=15, recipe=TrainingRecipe(rate=0.2, batch=40))
        short = run(method, dense, TASK, replace(setup, steps=21, recipe=replace(setup.recipe, rate=1e-9)))
        assert min(run(method, dense, TASK, setup).accuracy("final")) > max(0.6, *short.accuracy("final"))
