"""Searches that are held against each other: edge-popup in a basis, and canonical ones that keep their units alive."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.train.loop.state import State
from sltk.train.methods.base import TrainingMethod
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.methods.imp import Imp
from sltk.train.phases.base import Phases
from sltk.train.phases.cut import Cut
from sltk.train.phases.measure import Measure
from sltk.train.phases.train import Train
from sltk.train.pruning.choose import largest
from sltk.train.pruning.scopes import ERK, GLOBAL, LAYERWISE, Scope, counts, erk_densities, weight_shape
from sltk.train.pruning.search import SearchTicket, top_scores
from sltk.train.setup import Setup
from sltk.train.tickets.ticket import Ticket

Refresh = Callable[[dict[str, Ticket]], None]
Side = Literal["inputs", "outputs"]
STAGES = 10  # densities that an annealed search goes through, in the first half of its steps


@dataclass(frozen=True)
class Arm:
    """How one arm searches.

    Attributes:
        basis: of the coefficients.
        scope: where scores compete.
        degree: spread the count of each layer evenly over its rows (inputs a unit) or columns (outputs a unit).
        annealed: the density falls from 1 to the one asked for.
        trained: no search: weights are trained, and pruned by magnitude in five rounds.
    """

    basis: str = "canonical"
    scope: Scope = LAYERWISE
    degree: Side | None = None
    annealed: bool = False
    trained: bool = False

    def method(self, density: float) -> TrainingMethod:
        """What is run."""
        if self.trained:
            return Imp(density, ROUNDS, scope=self.scope)
        return Searched(density, "signed-constant", self.scope, self.degree, self.annealed)


ROUNDS = 5
ROTATED = ("dct-input", "permuted-dct", "dct", "hadamard", "haar")
CONTROLS: dict[str, Arm] = {
    "canonical, global": Arm(scope=GLOBAL),
    "canonical, erk": Arm(scope=ERK),
    "canonical, equal inputs a unit": Arm(degree="inputs"),
    "canonical, erk, equal outputs a unit": Arm(scope=ERK, degree="outputs"),
    "canonical, annealed": Arm(annealed=True),
}
TRAINED = "canonical, trained (lth, 5 rounds, global)"
ARMS: dict[str, Arm] = {
    "canonical": Arm(),
    **CONTROLS,
    **{basis: Arm(basis) for basis in ROTATED},
    TRAINED: Arm(scope=GLOBAL, trained=True),
}


@dataclass(frozen=True)
class Searched(EdgePopup):
    """Edge-popup whose gates may be spread evenly over units, or closed little by little.

    Args:
        degree: see ``Arm``.
        annealed: see ``Arm``.
    """

    name: ClassVar[str] = "edge-popup, varied"
    degree: Side | None = None
    annealed: bool = False

    def prepare(self, state: State) -> None:
        """Scores and weights; under ERK each layer's weights are scaled for its own density."""
        super().prepare(state)
        tickets = state.replicas.tickets
        if self.scope.kind == "erk":
            own = erk_densities({name: weight_shape(ticket) for name, ticket in tickets.items()}, self.density)
            for name, ticket in tickets.items():
                ticket.coefficients.mul_(math.sqrt(self.density / own[name]))

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train scores, cut; before and after, who hears a gradient."""
        recipe, steps = setup.timed(rows)
        densities = [self.density]
        if self.annealed:
            densities = [self.density ** (stage / STAGES) for stage in range(STAGES + 1)]
        lengths = [steps // 2 // STAGES] * (len(densities) - 1)
        lengths.append(steps - sum(lengths))
        starts = [sum(lengths[:place]) for place in range(len(lengths))]
        trained = [
            Train(length, recipe, start, fresh=False, refresh=self.refresh(density))
            for length, start, density in zip(lengths, starts, densities, strict=True)
        ]
        return [Hear("start", self.refresh(densities[0])), *trained, Cut(), Hear("end", None), Measure("final")]

    def refresh(self, density: float) -> Refresh:
        """What sets the gates before each step."""
        return top_scores(density, self.scope) if self.degree is None else even(density, self.scope, self.degree)


def even(density: float, scope: Scope, side: Side) -> Refresh:
    """The best-scored weights of every unit, as many of each as of the others, or one more."""

    def refresh(tickets: dict[str, Ticket]) -> None:
        budgets = counts(scope, {name: weight_shape(ticket) for name, ticket in tickets.items()}, density)
        for name, budget in budgets.items():
            ticket = tickets[name]
            assert isinstance(ticket, SearchTicket)
            sizes = ticket.scores.detach().abs()
            mask = even_mask(sizes, budget) if side == "inputs" else even_mask(sizes.mT, budget).mT
            ticket.mask.copy_(mask)
            ticket.gate.copy_(mask)

    return refresh


def even_mask(sizes: Tensor, budget: int) -> Tensor:
    """Mask of ``budget`` numbers: the largest of each row, ``budget // rows`` or one more; rows of larger sums first.

    Args:
        sizes: ``(replicas, rows, columns)``, not below 0.
        budget: numbers to keep of each replica.
    """
    replicas, rows, columns = sizes.shape
    each, more = divmod(budget, rows)
    flat = sizes.reshape(replicas * rows, columns)
    kept = largest(flat, each, checked=False) if each else torch.zeros_like(flat, dtype=torch.bool)
    if not more:
        return kept.view_as(sizes)
    one_more = largest(flat, each + 1, checked=False).view_as(sizes)
    # The row's next best number decides whether it gets one more.
    following = torch.where(one_more & ~kept.view_as(sizes), sizes, 0.0).sum(-1)
    chosen = largest(following, more, checked=False)
    return torch.where(chosen[..., None], one_more, kept.view_as(sizes))


@dataclass(frozen=True)
class Hear:
    """Add a row a replica: the share of scores that hear a gradient on the training part, and of hidden units on a
    path of weights that are not 0.

    Args:
        when: of the row.
        refresh: what sets the gates first.
    """

    when: str
    refresh: Refresh | None

    def run(self, state: State) -> None:
        """One backward pass; nothing but gates is changed."""
        replicas, train = state.replicas, state.task.train
        if self.refresh is not None:
            self.refresh(replicas.tickets)
        scores = [ticket.scores for ticket in replicas.tickets.values() if isinstance(ticket, SearchTicket)]
        out = replicas(train.x, shared=True)
        loss = F.cross_entropy(out.flatten(0, 1), train.y.repeat(replicas.count), reduction="sum")
        grads = torch.autograd.grad(loss, scores)
        heard = torch.stack([(grad != 0).flatten(1).sum(1) for grad in grads]).sum(0) / sum(g[0].numel() for g in grads)
        weights = [ticket().detach() for ticket in replicas.tickets.values()]
        for r in range(replicas.count):
            row = {"label": f"hear, {self.when}", "seed": replicas.seeds[r], "arm": replicas.arms[r]}
            state.rows.append({**row, "heard": float(heard[r]), "units": units_on_paths([w[r] for w in weights])})


def units_on_paths(weights: Sequence[Tensor]) -> float:
    """Share of the hidden units of a dense chain that some input reaches and that reach some output."""
    reached, reaching = (
        [torch.ones(weights[0].shape[1], dtype=torch.bool)],
        [torch.ones(weights[-1].shape[0], dtype=torch.bool)],
    )
    for weight in weights[:-1]:
        reached.append(((weight != 0) & reached[-1]).any(1))
    for weight in reversed(weights[1:]):
        reaching.append(((weight != 0) & reaching[-1][:, None]).any(0))
    alive = [a & b for a, b in zip(reached[1:], reversed(reaching[1:]), strict=True)]
    return float(torch.cat(alive).double().mean())


def heard_rows(rows: Sequence[dict[str, Any]], when: str, part: str) -> list[float]:
    """``heard`` or ``units`` by replica; none of an arm that is trained."""
    return [row[part] for row in rows if row["label"] == f"hear, {when}"]
