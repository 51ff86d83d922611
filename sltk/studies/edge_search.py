"""Edge-popup on data, and on a planted ticket that it has to find."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import hypergeom
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.core.threads import limit
from sltk.models.dense import dense_network
from sltk.studies.training.asked import asked_data, asked_network
from sltk.studies.training.job import TrainingJob
from sltk.train.loop.given import task_of
from sltk.train.loop.samples import Samples, Task
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.pruning.scopes import Scope, scope_kind
from sltk.train.pruning.search import WeightLaw, weight_law
from sltk.train.runner import run
from sltk.train.setup import RECIPE, Setup
from sltk.train.stacks import needs, stacks

PLANTED, PLANTED_DENSITY = (32, 16, 8), 0.5
MEASURED = ("test", "validation", "density", "live", "epochs", "steps", "multiply_adds")


@dataclass(frozen=True)
class SearchJob(TrainingJob):
    """What is run.

    Args:
        densities: kept fractions.
        laws: of the weights.
        epochs: of training the scores.
    """

    densities: tuple[float, ...] = (0.5, 0.2, 0.1)
    laws: tuple[WeightLaw, ...] = ("signed-constant", "kaiming")
    seeds: int = 8
    epochs: int = 60

    def inputs(self, name: str) -> dict[str, Any]:
        """All that the row ``name`` depends on."""
        return {"study": "edge-popup", "revision": 4, "name": name, **self.asked(*self.device_on_cpu)}

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """Inputs by name: law, scope and density."""
        names = [
            f"{law}, {kind}, {d:g}" for law in self.laws for kind in ("layerwise", "global") for d in self.densities
        ]
        return {name: self.inputs(name) for name in names}


@limit(1)
def measure_search(job: SearchJob, name: str, checkpoint: Path | None = None) -> dict[str, Any]:
    """Accuracies of one law, scope and density, and whether any weight or bias moved.

    A measurement that was stopped goes on from the folder ``checkpoint``.
    """
    law, kind, density = name.split(", ")
    data = asked_data(job.data, job.folder)
    network = asked_network(job.model, job.hidden, data)
    method = EdgePopup(float(density), weight_law(law), Scope(scope_kind(kind)))
    recipe = replace(RECIPE, rates=job.rates)
    found: dict[str, list[float]] = {part: [] for part in MEASURED}
    trained = 0
    first = network(0)
    needed = needs(first, task_of(data).train.x, recipe.batch)
    for seeds in stacks(range(job.seeds), first, job.device, **needed):
        setup = Setup(seeds=seeds, epochs=job.epochs, recipe=recipe, device=job.device, checkpoint=checkpoint)
        outcome = run(method, network, data, setup)
        for part in MEASURED:
            found[part] += [row[part] for row in outcome.last]
        parameters = outcome.state.replicas.named_parameters()
        trained += sum(p.requires_grad for name, p in parameters if not name.endswith("scores"))
    return {**found, "weights trained": trained}


@dataclass(frozen=True)
class Planted:
    """How much of a planted support a search found.

    Attributes:
        found: planted weights among those kept, by layer.
        planted: weights that were planted, by layer; as many are kept.
        total: weights, by layer.
        p_value: probability that a random mask of the same counts finds as many in all, exact.
    """

    found: tuple[int, ...]
    planted: tuple[int, ...]
    total: tuple[int, ...]
    p_value: float


def planted_support(found: list[Tensor], planted: list[Tensor]) -> Planted:
    """Exact one-sided test: a random mask meets each layer's support in a hypergeometric number, independently."""
    hits = [int((f & p).sum()) for f, p in zip(found, planted, strict=True)]
    law = np.ones(1)
    for f, p in zip(found, planted, strict=True):
        kept, size, total = int(f.sum()), int(p.sum()), p.numel()
        law = np.convolve(law, hypergeom.pmf(np.arange(kept + 1), total, size, kept))
    sizes, totals = tuple(int(p.sum()) for p in planted), tuple(p.numel() for p in planted)
    return Planted(tuple(hits), sizes, totals, float(min(1.0, law[sum(hits) :].sum())))


def planted_task(
    sizes: tuple[int, ...], density: float, seed: int, rows: int = 4000
) -> tuple[Task, nn.Sequential, list[Tensor]]:
    """A random network without biases, a random ticket in it, and data that the ticket labels.

    The ticket keeps ``density`` of the inputs of every unit.

    Returns:
        The task, the whole network, and the planted masks.
    """
    module, plain = dense_network(sizes, seed), dense_network(sizes, seed)
    masks = []
    with torch.no_grad():
        for index, layer in enumerate(part for part in plain if isinstance(part, nn.Linear)):
            drawn = torch.rand(layer.weight.shape, generator=torch_stream(seed, "planted", index))
            masks.append(drawn.argsort(1).argsort(1) < round(density * layer.in_features))
            layer.weight *= masks[-1]
        for part in (*module.modules(), *plain.modules()):
            if isinstance(part, nn.Linear):
                part.bias.zero_()  # else biases, which no mask touches, decide most labels
        x = torch.randn(rows, sizes[0], generator=torch_stream(seed, "planted inputs"))
        y = plain(x).argmax(1)
    cut = rows * 3 // 4
    held = Samples(x[cut:], y[cut:])
    return Task(Samples(x[:cut], y[:cut]), held, held, "planted"), module, masks


def search_planted(
    sizes: tuple[int, ...], density: float, seed: int, *, rows: int = 4000, epochs: int = 60
) -> tuple[Planted, float]:
    """What edge-popup finds of a planted ticket that it has not seen, and its accuracy on rows it has not seen."""
    task, module, masks = planted_task(sizes, density, seed, rows)
    outcome = run(EdgePopup(density, "own"), module, task, Setup(seeds=(seed,), epochs=epochs))
    found = [mask[0] for mask in outcome.masks.values()]
    return planted_support(found, masks), outcome.accuracy("final")[0]


@limit(1)
def measure_planted(job: SearchJob, checkpoint: Path | None = None) -> dict[str, Any]:
    """What the search finds of one planted ticket a seed, and the exact p-value of all of them together."""
    found: list[Tensor] = []
    planted: list[Tensor] = []
    for seed in range(job.seeds):
        task, module, masks = planted_task(PLANTED, PLANTED_DENSITY, seed)
        setup = Setup(seeds=(seed,), epochs=job.epochs, device=job.device, checkpoint=checkpoint)
        outcome = run(EdgePopup(PLANTED_DENSITY, "own"), module, task, setup)
        found += [mask[0].cpu() for mask in outcome.masks.values()]
        planted += masks
    result = planted_support(found, planted)
    chance = sum(p * p / t for p, t in zip(result.planted, result.total, strict=True))
    counts = {name: sum(getattr(result, name)) for name in ("found", "planted", "total")}
    return {**counts, "chance": chance, "p_value": result.p_value}
