"""Phases: each writes one part of the state. A method is a list of them.

``Train`` writes coefficients, ``Prune`` masks, ``Cut`` gates, ``Rewind`` coefficients again; ``Anchor`` stores a copy
and ``Measure`` a row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.report import Steps
from sltk.train.loop.penalties import GrowingL2, Penalty
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.state import State, density, evaluate
from sltk.train.loop.steps import train
from sltk.train.pruning.followers import Follow, follow
from sltk.train.pruning.scopes import Scope, choose
from sltk.train.pruning.scores import Score, magnitude
from sltk.train.tickets.statistics import recompute
from sltk.train.tickets.ticket import Ticket

GLOBAL = Scope()
Augment = Callable[[Tensor, Sequence[int], int], Tensor]


@dataclass(frozen=True)
class Train:
    """``steps`` steps of ``recipe``, whose rate starts at its step ``start``.

    Args:
        steps: how many.
        recipe: optimiser, rate, batch.
        start: first step of the rate's schedule.
        penalty: a further term of the loss; its steps are counted from 0 in this phase.
        fresh: a new optimiser; else the one of the phase before goes on, with its momentum.
        refresh: called with the tickets before each step; a search by scores sets its gates here.
        augment: called with each batch ``(count, rows, ...)``, the replicas' seeds and the position: it draws from
            streams of the seeds, so that no replica depends on what is stacked beside it.
    """

    steps: int
    recipe: TrainingRecipe
    start: int = 0
    penalty: Penalty | None = None
    fresh: bool = True
    refresh: Callable[[dict[str, Ticket]], None] | None = None
    augment: Augment | None = None

    def __post_init__(self) -> None:
        if isinstance(self.penalty, GrowingL2) and self.recipe.optimiser == "sgd":
            self.penalty.require_stable(self.recipe.rate, self.recipe.momentum)

    def run(self, state: State) -> None:
        """Train."""
        train(state, self)


@dataclass(frozen=True)
class Prune:
    """Choose masks of a density within the masks so far.

    Args:
        density: kept fraction of the numbers that the scope covers.
        score: of the coefficients; ``magnitude`` by default.
        scope: over which they compete.
        soft: leave the gate open; a penalty or a cut comes later.
        followers: arms that take their masks from the arm ``ticket`` of their seed; see ``pruning.followers``.
    """

    density: float
    score: Score = magnitude
    scope: Scope = GLOBAL
    soft: bool = False
    followers: Mapping[str, Follow] = field(default_factory=dict)

    def run(self, state: State) -> None:
        """Write masks, and gates unless soft."""
        tickets = state.replicas.tickets
        covered = {name: tickets[name] for name in self.scope.covered(list(tickets))}
        scores = self.score(state, covered)
        alive = {n: torch.where(t.mask, scores[n].detach(), -torch.inf) for n, t in covered.items()}
        for name, mask in choose(self.scope, tickets, alive, self.density).items():
            tickets[name].mask.copy_(mask)
        follow(state.replicas, covered, self.followers)
        if not self.soft:
            for ticket in covered.values():
                ticket.gate.copy_(ticket.mask)


@dataclass(frozen=True)
class Open:
    """Masks and gates all open again: the next ``Prune`` chooses among all coefficients."""

    def run(self, state: State) -> None:
        """Open them."""
        for ticket in state.replicas.tickets.values():
            ticket.mask.fill_(True)
            ticket.gate.fill_(True)


@dataclass(frozen=True)
class Cut:
    """``gate <- mask``, and batch-norm statistics from the data again, since the network is another one now.

    It adds a row ``cut`` with the ratio of mean sizes, masked over kept, before the cut: small where a penalty has
    taken the masked ones to 0.
    """

    def run(self, state: State) -> None:
        """Close the gates."""
        ratios = masked_over_kept(state.replicas.tickets)
        state.rows.extend(
            {"label": "cut", "seed": seed, "arm": arm, "ratio": ratio}
            for seed, arm, ratio in zip(state.replicas.seeds, state.replicas.arms, ratios, strict=True)
        )
        for ticket in state.replicas.tickets.values():
            ticket.gate.copy_(ticket.mask)
        recompute(state)


@dataclass(frozen=True)
class Anchor:
    """Store a copy of coefficients, other parameters, statistics and position under ``name``."""

    name: str = "start"

    def run(self, state: State) -> None:
        """Copy, so that training on does not move what is stored."""
        copied = {name: value.detach().clone() for name, value in state.values().items()}
        state.anchors[self.name] = copied, state.position


@dataclass(frozen=True)
class Rewind:
    """``c <- c_k`` by copy, and the position with it, so that the same batches come again.

    Args:
        name: of the anchor.
        weights: ``False`` rewinds position (batches and rate) alone: learning-rate rewinding.
    """

    name: str = "start"
    weights: bool = True

    def run(self, state: State) -> None:
        """Copy back."""
        if self.name not in state.anchors:
            raise SltkError(f"there is no anchor {self.name!r}; put Anchor({self.name!r}) before Rewind.")
        values, position = state.anchors[self.name]
        if self.weights:
            with torch.no_grad():
                for name, value in state.values().items():
                    value.copy_(values[name])
        state.position = position


@dataclass(frozen=True)
class Measure:
    """Add a row a replica: density, accuracies on the validation and the test part, loss on the test part."""

    label: str

    def run(self, state: State) -> None:
        """Evaluate; nothing is changed."""
        held, _ = evaluate(state.replicas, state.task.validation)
        seen, loss = evaluate(state.replicas, state.task.test)
        dens = density(state.replicas)
        for r, seed in enumerate(state.replicas.seeds):
            row = {
                "label": self.label,
                "seed": seed,
                "arm": state.replicas.arms[r],
                "density": dens[r],
                "validation": float(held[r]),
            }
            state.rows.append(row | {"test": float(seen[r]), "loss": float(loss[r])})


Phase = Train | Prune | Open | Cut | Anchor | Rewind | Measure


def run(state: State, phases: Sequence[Any], *, report: Steps | None = None) -> State:
    """Run what is left of ``phases`` from where ``state`` stands.

    Returns:
        ``state``, changed in place.
    """
    while state.cursor < len(phases):
        phases[state.cursor].run(state)
        state.cursor += 1
        state.inside = 0
        if state.keep is not None:
            state.keep(state)
        if report is not None:
            report(state.cursor, len(phases))
    return state


def masked_over_kept(tickets: dict[str, Ticket]) -> list[float]:
    """Mean size of the coefficients off the mask over that of those in it, for each replica."""
    ratios = []
    for r in range(next(iter(tickets.values())).mask.shape[0]):
        sizes = torch.cat([t.coefficients[r].detach().abs().flatten() for t in tickets.values()])
        mask = torch.cat([t.mask[r].flatten() for t in tickets.values()])
        kept, off = sizes[mask], sizes[~mask]
        ratios.append(float(off.mean() / kept.mean()) if off.numel() and float(kept.sum()) > 0 else 0.0)
    return ratios
