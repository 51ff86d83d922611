"""Random gates: their probabilities against draws by quadrature, what hears a gradient, and what is kept."""

import math
from dataclasses import replace

import pytest
import torch

from sltk.core.rng import torch_stream
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.methods.search.bernoulli import Bernoulli
from sltk.train.methods.search.concrete import Concrete
from sltk.train.phases.rewind import Anchor
from sltk.train.phases.seek import Seek, Settle
from sltk.train.phases.train import Train
from sltk.train.pruning.choose import keep_count
from sltk.train.pruning.relaxed_gates import (
    ConcreteGates,
    DensityPenalty,
    GaussianGates,
    Noise,
    RelaxedTicket,
    relaxed_tickets,
)
from sltk.train.pruning.scopes import GLOBAL, LAYERWISE
from sltk.train.runner import run, start
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task, state_of

TASK = small_task()
SETUP = Setup(seeds=(0, 1), epochs=1, recipe=TrainingRecipe(rate=0.05, batch=40))
SCORES = torch.linspace(-2.0, 2.0, 9, dtype=torch.float64)


@pytest.mark.parametrize(("law", "edge"), [(GaussianGates(0.5), 0.0), (ConcreteGates(0.5), 0.5)])
def test_the_probability_is_that_of_an_open_gate(law, edge: float) -> None:
    """Over the quantiles of the noise, in place of draws: exact up to the grid of 20,000."""
    grid = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    quantiles = torch.special.ndtri(grid) if isinstance(law, GaussianGates) else torch.logit(grid)
    open_ = (law.gate(SCORES[:, None], quantiles[None]) > edge).double().mean(1)
    assert torch.allclose(open_, law.probability(SCORES), atol=1e-4)
    gates = law.gate(SCORES[:, None], quantiles[None])
    assert float(gates.min()) >= 0.0
    assert float(gates.max()) <= 1.0


def test_noise_is_normal_or_logistic() -> None:
    g = torch_stream(0, "tests", "gates")
    state = g.get_state()
    normal = GaussianGates().noise((50,), g)
    assert torch.equal(normal, torch.randn(50, generator=torch.Generator().set_state(state)))
    logistic = ConcreteGates().noise((50,), torch.Generator().set_state(state))
    u = torch.rand(50, generator=torch.Generator().set_state(state)).double()
    assert torch.allclose(logistic.double(), u.log() - (1 - u).log(), atol=1e-3)


def test_weights_hear_nothing_while_a_mask_is_sought_and_scores_nothing_else() -> None:
    state = state_of()
    relaxed_tickets(state.replicas, ConcreteGates())
    for seeking in (False, True):
        if seeking:
            Seek(GLOBAL).run(state)
        Noise(state.replicas.seeds)(state.replicas.tickets)
        loss = state.replicas(TASK.train.x[:8], shared=True).square().sum()
        for ticket in state.replicas.tickets.values():
            assert isinstance(ticket, RelaxedTicket)
            pair = [ticket.coefficients, ticket.scores]
            grads = torch.autograd.grad(loss, pair, allow_unused=True, retain_graph=True)
            assert [grad is not None for grad in grads] == [not seeking, seeking]


def test_noise_is_of_the_seeds_streams_and_new_at_each_step() -> None:
    state = state_of(seeds=(3, 5))
    relaxed_tickets(state.replicas, GaussianGates())
    noise, ticket = Noise((3, 5)), state.replicas.tickets["1.weight"]
    assert isinstance(ticket, RelaxedTicket)
    seen = []
    for step in range(2):
        noise(state.replicas.tickets)
        wanted = torch.randn(12, 16, generator=torch_stream(5, "gates", "1.weight", step))
        assert torch.equal(ticket.noise[1], wanted)
        seen.append(ticket.noise.clone())
    assert not torch.equal(seen[0], seen[1])


@pytest.mark.parametrize("scope", [GLOBAL, LAYERWISE], ids=lambda scope: scope.kind)
def test_the_penalty_by_hand(scope) -> None:
    state = state_of(dtype=torch.float64)
    relaxed_tickets(state.replicas, ConcreteGates())
    with torch.no_grad():
        state.replicas.tickets["1.weight"].scores.fill_(0.0)  # type: ignore[union-attr, operator]
        state.replicas.tickets["3.weight"].scores.fill_(2.0)  # type: ignore[union-attr, operator]
    p = 1.0 / (1.0 + math.exp(-2.0))
    whole = (192 * 0.5 + 48 * p) / 240
    own = 2 * 240 * (whole - 0.3) ** 2 if scope is GLOBAL else 2 * (192 * 0.2**2 + 48 * (p - 0.3) ** 2)
    found = DensityPenalty(0.1, 0.3, scope)(state.replicas.tickets, torch.tensor(0.1))
    assert float(found.detach()) == pytest.approx(0.1 * own)


def test_the_likeliest_are_kept_exactly_and_nothing_is_random_any_more() -> None:
    state = state_of()
    relaxed_tickets(state.replicas, GaussianGates())
    Seek(GLOBAL).run(state)
    scores = {}
    with torch.no_grad():
        for name, ticket in state.replicas.tickets.items():
            assert isinstance(ticket, RelaxedTicket)
            drawn = torch.rand(ticket.scores.shape, generator=torch_stream(0, "tests", name))
            scores[name] = ticket.scores.copy_(drawn).detach().clone()
    Settle(0.3, GLOBAL).run(state)
    count = keep_count(0.3, 240)
    for r in range(2):
        flat = torch.cat([scores[name][r].flatten() for name in scores])
        mask = torch.cat([ticket.mask[r].flatten() for ticket in state.replicas.tickets.values()])
        assert int(mask.sum()) == count
        assert float(flat[mask].min()) > float(flat[~mask].max())
    first = state.replicas(TASK.train.x[:4], shared=True)
    Noise(state.replicas.seeds)(state.replicas.tickets)
    assert torch.equal(first, state.replicas(TASK.train.x[:4], shared=True))


def test_a_search_moves_the_expected_density_and_no_weight() -> None:
    setup = replace(SETUP, epochs=10, recipe=TrainingRecipe(rate=0.2, batch=40))
    method = Bernoulli(0.2, "own", GLOBAL, strength=0.05)
    state = start(method, dense, TASK, setup)
    method.phases(setup, 240)[0].run(state)
    before = _expected(state)
    method.phases(setup, 240)[1].run(state)
    assert before > 0.8
    assert _expected(state) < 0.5  # on its way to .2
    assert torch.equal(state.replicas.tickets["1.weight"].coefficients[1], dense(1)[1].weight)
    assert torch.equal(state.replicas.rest["1.bias"][0], dense(0)[1].bias)


def test_the_ticket_is_trained_from_the_weights_of_the_rewind_point() -> None:
    method = Concrete(0.3, rewind=2, search_epochs=1)
    state = start(method, dense, TASK, SETUP)
    held = {}
    for phase in method.phases(SETUP, 240):
        state.inside = 0
        if isinstance(phase, Train) and state.position == 2 and "start" in state.anchors and held.get("settled"):
            now = {name: value.detach().clone() for name, value in state.values().items()}
            assert all(torch.equal(value, held["values"][name]) for name, value in now.items())
            held["checked"] = True
        phase.run(state)
        if isinstance(phase, Anchor):
            held["values"] = {name: value.detach().clone() for name, value in state.values().items()}
        held["settled"] = held.get("settled") or isinstance(phase, Settle)
    assert held["checked"]


def test_both_learn_more_than_the_same_mask_by_chance() -> None:
    setup = replace(SETUP, epochs=15, recipe=TrainingRecipe(rate=0.2, batch=40))
    found = run(Bernoulli(0.3), dense, TASK, setup)
    untrained = run(EdgePopup(0.3), dense, TASK, replace(setup, recipe=replace(setup.recipe, rate=1e-9)))
    assert sum(found.accuracy("final")) > sum(untrained.accuracy("final")) + 0.2
    assert min(run(Concrete(0.3, search_epochs=8), dense, TASK, setup).accuracy("final")) > 0.8


def _expected(state) -> float:
    tickets = state.replicas.tickets.values()
    parts = [t.law.probability(t.scores.detach()).flatten() for t in tickets if isinstance(t, RelaxedTicket)]
    return float(torch.cat(parts).mean())
