"""Edge-popup on data, and on a planted ticket that it has to find."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import hypergeom
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.core.threads import limit
from sltk.models.dense import dense_network
from sltk.studies.training.asked import asked_data, asked_network, told
from sltk.train.loop.given import task_of
from sltk.train.loop.rates import COSINE, Rates
from sltk.train.loop.samples import Samples, Task
from sltk.train.methods.edge_popup import EdgePopup
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.search import WeightLaw
from sltk.train.runner import run
from sltk.train.setup import RECIPE, Setup
from sltk.train.stacks import replica_bytes, stacks

PLANTED, PLANTED_DENSITY = (32, 16, 8), 0.5
MEASURED = ("test", "validation", "density", "live", "epochs", "steps", "multiply_adds")


@dataclass(frozen=True)
class SearchJob:
    """What is run.

    Args:
        data: name of the data set, or ``package.module:function``.
        folder: where it lies, if it is no embedded one.
        model: ``dense``, a name in ``sltk.models.registry.MODELS``, or ``package.module:function``.
        hidden: sizes of the hidden layers of ``dense``.
        densities: kept fractions.
        laws: of the weights.
        seeds: 0, 1, ...
        epochs: of training the scores.
        device: where it runs.
        content: hash of a user's own model and data; see ``sltk.studies.training.asked.content_of``.
        rates: how the rate goes over each training.
    """

    data: str = "digits"
    folder: str | None = None
    model: str = "dense"
    hidden: tuple[int, ...] = (100, 60)
    densities: tuple[float, ...] = (0.5, 0.2, 0.1)
    laws: tuple[WeightLaw, ...] = ("signed-constant", "kaiming")
    seeds: int = 8
    epochs: int = 60
    device: str = "cpu"
    content: str = ""
    rates: Rates = COSINE

    def inputs(self, name: str) -> dict[str, Any]:
        """All that the row ``name`` depends on."""
        # Rows of a CPU are named as they were when there was no choice.
        ignored = ("folder", "rates", "content", *(("device",) if self.device == "cpu" else ()))
        kept = {key: value for key, value in asdict(self).items() if key not in ignored}
        lists = {"hidden": list(self.hidden), "densities": list(self.densities), "laws": list(self.laws)}
        more = told(self.rates, self.content)
        return {"study": "edge-popup", "revision": 4, "name": name, **kept, **more, **lists}

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
    method = EdgePopup(float(density), law, Scope(kind))  # type: ignore[arg-type]  # names made by ``tasks``
    recipe = replace(RECIPE, rates=job.rates)
    found: dict[str, list[float]] = {part: [] for part in MEASURED}
    trained = 0
    first = network(0)
    taking = replica_bytes(first, task_of(data).train.x, recipe.batch)
    for seeds in stacks(range(job.seeds), first, job.device, taking=taking):
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
