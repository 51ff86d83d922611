"""Search by scores: what is ranked before the first step."""

import torch
from torch import nn

from sltk.train.pruning.scopes import GLOBAL, LAYERWISE, Scope
from sltk.train.pruning.search import search_tickets, top_scores
from tests.train.engine_task import state_of


def uneven(seed: int) -> nn.Module:
    """A first layer of small fan-in, whose scores by layer are large, below one of ten times as much."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 400), nn.ReLU(), nn.Linear(400, 100), nn.ReLU(), nn.Linear(100, 4))


def kept(drawn_for: Scope) -> dict[str, float]:
    """Densities by layer before the first step, where all layers are ranked as one at density .05."""
    replicas = state_of(uneven, seeds=(0,)).replicas
    search_tickets(replicas, law="signed-constant", density=0.05, scope=drawn_for)
    top_scores(0.05, GLOBAL)(replicas.tickets)
    return {name: ticket.mask.double().mean().item() for name, ticket in replicas.tickets.items()}


def test_layers_ranked_as_one_all_have_a_share_before_the_first_step() -> None:
    assert all(0.04 < density < 0.06 for name, density in kept(GLOBAL).items() if name != "5.weight"), kept(GLOBAL)
    assert kept(GLOBAL)["5.weight"] > 0.0


def test_scores_of_each_layer_s_own_scale_empty_a_layer() -> None:
    """Negative control: where no score is left, no gradient passes, and nothing is ever learned."""
    assert kept(LAYERWISE)["3.weight"] == 0.0
