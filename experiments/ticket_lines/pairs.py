"""All pairs of one cell: two trained networks, their tickets in one source and in two, what a search finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from experiments.ticket_lines import units
from experiments.ticket_lines.along import MEASURES, Probe, Way, Weights, arc, both_keep, mixed, path, straight
from experiments.ticket_lines.lemma import apart_from_lemma
from experiments.ticket_lines.source import Ticket, build, construction, half, module_of, with_all_below
from experiments.ticket_lines.symmetry import alike, beside, placed, rescaled
from sltk.construct import Construction, Recipe
from sltk.core.rng import torch_stream
from sltk.data.datasets import load
from sltk.models.dense import dense_network
from sltk.models.digits import digits_conv
from sltk.train.loop.given import task_of
from sltk.train.loop.samples import Task
from sltk.train.methods.base import TrainingMethod
from sltk.train.methods.dense import Dense
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.pruning.search import weights_of
from sltk.train.runner import run
from sltk.train.setup import RECIPE, Setup

# Tickets of one target ...
SAME = "one ticket"
FIRST, KEPT = "one source, one first layer", "one source, own first layers"
APART, APART_ARC = "one source, apart", "one source, apart, arc"
DRAWN, ALIKE = "two sources", "two sources, matched"
BESIDE, BESIDE_ARC = "two sources, apart", "two sources, apart, arc"
SCALED = "two sources, rescaled"
# ... of two, on one first layer; networks; what searches find.
TWO, TWO_MATCHED = "two targets", "two targets, matched"
SEEDS, SEEDS_MATCHED = "two networks", "two networks, matched"
SHUFFLED, BACK = "one network, shuffled", "one network, shuffled, matched"
FOUND = "two searches"
PAIRS = (SAME, FIRST, KEPT, APART, APART_ARC, DRAWN, ALIKE, BESIDE, BESIDE_ARC, SCALED, TWO, TWO_MATCHED, SEEDS,
         SEEDS_MATCHED, SHUFFLED, BACK, FOUND)  # fmt: skip

OTHER = 1000  # what the seed of a second network, source and search is larger by
SOUGHT, DENSITY = (64, 100, 60, 10), 0.2  # of the source that is searched


@dataclass(frozen=True)
class Kind:
    """A target, and how it is built.

    Attributes:
        network: by seed; rate: of its training.
        recipe: of its tickets.
        searched: whether a source is searched besides.
    """

    network: Callable[[int], nn.Module]
    rate: float
    recipe: Recipe
    searched: bool = False

    @property
    def halved(self) -> bool:
        """Whether tickets are built in halves of a source, which halves the pools: not where copies amplify errors."""
        return self.recipe.method == "two-layer"


def _recipe(method: str, tolerance: float) -> Recipe:
    return Recipe(method, n=28, param_eps=tolerance, law="uniform(4.0)", hidden_reach=30.0)


def dense(seed: int) -> nn.Module:
    """64-32-16-10."""
    return dense_network((64, 32, 16, 10), seed)


KINDS = {
    "dense": Kind(dense, 0.2, _recipe("two-layer", 0.01), searched=True),
    "conv": Kind(lambda seed: digits_conv("relu", seed), 0.1, _recipe("two-layer", 0.01)),
    "plus-one": Kind(dense, 0.2, _recipe("plus-one", 0.001)),
}


@dataclass(frozen=True)
class Line:
    """A pair, and how one goes from the first to the second."""

    name: str
    module: nn.Module
    first: Weights
    second: Weights
    way: Way = straight

    @property
    def both(self) -> int:
        """Parameters that both ends keep."""
        return both_keep(self.first, self.second)


@dataclass
class Built:
    """What one cell stands on, and what it says.

    Attributes:
        first, second, matched: targets of the two seeds, and the second with its units where those of the first are.
        asked: construction of the first target; module: of its source.
        rows: of tickets by what they are.
        lemma: largest difference of a network from what the lemma says it is.
    """

    kind: Kind
    probe: Probe
    first: nn.Module
    second: nn.Module
    matched: nn.Module
    asked: Construction
    module: nn.Module
    rows: dict[str, dict[str, Any]]
    lemma: float = 0.0

    def ticket(self, name: str, target: nn.Module, seed: int, **halved: Any) -> Ticket:
        """Build a ticket of ``target`` in the source of ``seed`` or a half of it, and say how good it is."""
        asked = construction(target, self.kind.recipe, tuple(self.probe.x.shape[1:]))
        source = asked.source(seed)
        found = build(asked, half(source, asked.plan.roles, **halved) if halved else source)
        wanted, given = self.probe.outputs(target, state(target)), self.probe.outputs(self.module, found.weights)
        off = float(((given - wanted).square().mean() / wanted.square().mean()).sqrt())
        self.rows[name] = {"missed": found.missed, "problems": found.problems, "kept": found.kept, "off": off}
        return found

    def line(self, name: str, first: Ticket, second: Ticket, way: Way = straight) -> Line:
        """A pair of tickets, held against the lemma where it speaks of their method."""
        if self.kind.halved:
            off = apart_from_lemma(self.probe, self.asked, self.module, self.first, (first, second), way)
            self.lemma = max(self.lemma, off)
        return Line(name, self.module, first.weights, second.weights, way)


def measured(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Measures along every line of a cell, by measure and pair; what the tickets are like; how exact the lemma is."""
    kind, task, seed, epochs = KINDS[cell["kind"]], task_of(load("digits")), cell["seed"], cell["epochs"]
    built, trained = _begun(kind, task, cell)
    lines = [*_of_tickets(built, seed)]
    if kind.halved:
        lines += [*_of_halves(built, seed), *_of_targets(built, seed)]
    if kind.searched:
        lines.append(_found(task, seed, epochs))
    found = {line.name: path(built.probe, line.module, line.first, line.second, line.way) for line in lines}
    parts = {name: {pair: one[name] for pair, one in found.items()} for name in MEASURES}
    both = {line.name: line.both for line in lines}
    return {**parts, **trained, "both keep": both, "tickets": built.rows, "lemma": built.lemma,
            "lifted": _lifted(built, lines)}  # fmt: skip


def _begun(kind: Kind, task: Task, cell: Mapping[str, Any]) -> tuple[Built, dict[str, Any]]:
    seeds = cell["seed"], cell["seed"] + OTHER
    outcome = _run(Dense(), kind.network, task, seeds, cell["epochs"], kind.rate)
    first, second = (outcome.module(place).eval() for place in (0, 1))
    probe = Probe(task.test.x, task.test.y, cell["places"])
    asked = construction(first, kind.recipe, tuple(task.test.x.shape[1:]))
    built = Built(kind, probe, first, second, units.matched(first, second), asked, module_of(asked), {})
    spent = sum(row["multiply_adds"] for row in outcome.last)
    return built, {"targets": [row["test"] for row in outcome.last], "multiply_adds": spent}


def _run(
    method: TrainingMethod, network: Callable[[int], nn.Module], task: Task, seeds: tuple[int, int], epochs: float,
    rate: float,
) -> Any:  # fmt: skip
    return run(method, network, task, Setup(seeds=seeds, epochs=epochs, recipe=replace(RECIPE, rate=rate)))


def _of_tickets(built: Built, seed: int) -> Iterator[Line]:
    """One target, whole sources."""
    asked = built.asked
    first, second = (built.ticket(f"of source {k}", built.first, seed + k * OTHER) for k in (0, 1))
    yield built.line(SAME, first, first)
    yield built.line(DRAWN, first, second)
    yield built.line(ALIKE, first, placed(asked, first, second, alike))
    moved = placed(asked, first, second, beside)
    yield built.line(BESIDE, first, moved)
    if built.kind.halved:
        yield built.line(BESIDE_ARC, first, moved, arc)
    yield built.line(SCALED, rescaled(asked, first), rescaled(asked, second))


def _of_halves(built: Built, seed: int) -> Iterator[Line]:
    """One target, halves of one source."""
    first, second = (built.ticket(f"of half {k}", built.first, seed, apart="neurons", side=k) for k in (0, 1))
    yield built.line(APART, first, second)
    yield built.line(APART_ARC, first, second, arc)


def _of_targets(built: Built, seed: int) -> Iterator[Line]:
    """Halves of one source that have a first layer in common, for one target and for two; and the targets."""
    asked = built.asked
    first = built.ticket("of weights 0", built.first, seed, apart="weights", side=0)
    names = {FIRST: built.first, TWO: built.second, TWO_MATCHED: built.matched}
    for name, target in names.items():
        second = built.ticket(f"of weights 1, {name}", target, seed, apart="weights", side=1)
        if name == FIRST:
            yield built.line(KEPT, first, second)
        yield built.line(name, *with_all_below(asked, first, second))
    one, shuffled = built.first, units.shuffled(built.first, seed)
    ends = {SEEDS: built.second, SEEDS_MATCHED: built.matched, SHUFFLED: shuffled, BACK: units.matched(one, shuffled)}
    for name, other in ends.items():
        yield Line(name, one, state(one), state(other))


def _found(task: Task, seed: int, epochs: float) -> Line:
    """Two searches of one source of weights of one size, from other scores and in another order of batches."""
    outcome = _run(
        EdgePopup(DENSITY, "own"), lambda _: _constant(seed), task, (seed, seed + OTHER), epochs, RECIPE.rate
    )
    first, second = (outcome.module(place).eval() for place in (0, 1))
    return Line(FOUND, first, state(first), state(second))


def _constant(seed: int) -> nn.Module:
    own = dense_network(SOUGHT, seed)
    with torch.no_grad():
        for name, layer in own.named_modules():
            if isinstance(layer, nn.Linear):
                drawn = torch_stream(seed, "ticket lines", name)
                layer.weight.copy_(weights_of("signed-constant", tuple(layer.weight.shape), DENSITY, drawn))
    return own


def state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters in float64."""
    return {name: value.detach().double() for name, value in module.named_parameters()}


def _lifted(built: Built, lines: list[Line]) -> float:
    """Largest difference between the line of two targets' tickets and the line of the targets, in the middle, over the
    largest output; 0 where there are none."""
    there = {line.name: line for line in lines}
    found = [0.0]
    for tickets, targets in ((TWO, SEEDS), (TWO_MATCHED, SEEDS_MATCHED)):
        if tickets in there:
            ours, theirs = (
                built.probe.outputs(line.module, mixed(line.first, line.second, straight(0.5)))
                for line in (there[tickets], there[targets])
            )
            found.append(float((ours - theirs).abs().max() / theirs.abs().max()))
    return max(found)
