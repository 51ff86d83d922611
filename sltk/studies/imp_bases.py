"""Lottery tickets across bases: IMP of one network in each basis, with its controls in the same stack.

Arms of a seed share network, batches and schedule: ``ticket``; ``reinitialised``, the same basis and mask on another
initial network; ``random``, a random mask with the same counts in each layer. A basis is one task with a row of its
own in the store. Bases that drop whole groups keep the classifier dense, since at a rank or a number of units below the
number of classes no network can tell them apart; ``canonical, dense classifier`` is what they are held against.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sltk.core.threads import limit
from sltk.data.augment import CropFlip
from sltk.data.datasets import Dataset
from sltk.studies.networks import network_name
from sltk.studies.training.asked import asked_data, asked_network
from sltk.studies.training.job import TrainingJob
from sltk.train.bases import is_blind
from sltk.train.common_start import SHARED
from sltk.train.loop.given import task_of
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Task
from sltk.train.methods.imp import Imp
from sltk.train.pruning.followers import LEADER, Follow
from sltk.train.pruning.schedules import geometric
from sltk.train.pruning.scopes import Scope
from sltk.train.runner import REINITIALISED, Model, run
from sltk.train.setup import Setup
from sltk.train.stacks import needs, stacks

BASES = ("canonical", "dct-input", "dct", "haar:0", "haar:1", "haar:2", "permuted-dct", "hadamard", "low-rank", "unit",
         "subspace")  # fmt: skip
GROUPED = ("low-rank", "unit")
CONTROLS: dict[str, Follow] = {REINITIALISED: "same", "random": "random"}
DENSE = ", dense classifier"  # in the name of a task
MEASURED = ("test", "validation", "density", "live", "epochs", "steps", "multiply_adds")


@dataclass(frozen=True)
class ImpJob(TrainingJob):
    """What is run.

    Args:
        augment: crop and mirror the training images at random.
        controls: run the arms ``reinitialised`` and ``random`` too.
        bases: by name.
        classifier: ``by-basis`` leaves the last layer dense in bases that drop whole groups, and in a canonical run
            beside them; ``dense`` leaves it so in all, ``pruned`` in none.
        rounds: of pruning.
        removed: share of the survivors that goes each round.
        epochs: of every training.
        rate: of SGD with momentum .9, decay 1e-4 and a cosine to 0.
        factor_rate: the same for ``low-rank``, whose factors diverge at the rate of the others.
        rewind: steps after which the anchor is stored.
        batch: rows a step.
        stack: replicas at a time; 0 chooses by network and device.
    """

    augment: bool = False
    controls: bool = True
    bases: tuple[str, ...] = BASES
    classifier: Literal["by-basis", "dense", "pruned"] = "by-basis"
    rounds: int = 20
    removed: float = 0.2
    epochs: int = 12
    rate: float = 0.2
    factor_rate: float = 0.05
    rewind: int = 0
    batch: int = 64
    stack: int = 0

    @property
    def densities(self) -> tuple[float, ...]:
        """As asked: 1, then that of each round, of all weights that are pruned."""
        return (1.0, *geometric(self.removed, self.rounds))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The bases, and the canonical run with a dense classifier where one has to be beside them."""
        wanted = self.classifier == "by-basis" and "canonical" in self.bases and set(GROUPED) & set(self.bases)
        return (*self.bases, "canonical" + DENSE) if wanted else self.bases

    def dense_classifier(self, task: str) -> bool:
        """Whether the last layer stays dense."""
        if self.classifier != "by-basis":
            return self.classifier == "dense"
        return task.endswith(DENSE) or task in GROUPED

    def scope(self, task: str) -> Scope:
        """Which layers compete, and how."""
        return Scope("layerwise" if task in GROUPED else "global", dense_last=self.dense_classifier(task))

    def inputs(self, basis: str) -> dict[str, Any]:
        """All that the row of ``basis`` depends on."""
        dense = {"dense classifier": self.dense_classifier(basis)}
        return {"study": "imp-bases", "revision": 3, "basis": basis, **self.asked("bases", "classifier"), **dense}


@limit(1)
def measure_basis(job: ImpJob, basis: str, checkpoint: Path | None = None) -> dict[str, Any]:
    """``{arm: {"test": [[accuracy by round] by seed], ...}}`` of a task: the parts ``MEASURED``, and ``network`` named.

    A measurement that was stopped goes on from the folder ``checkpoint``; what bases have in common lies beside it, in
    ``SHARED``.
    """
    data = asked_data(job.data, job.folder)
    network = asked_network(job.model, job.hidden, data)
    arms = (LEADER, *_controls(job, basis))
    first = network(0)
    said = network_name(job.model, first)
    found: dict[str, Any] = {arm: {"network": said, **{part: [] for part in MEASURED}} for arm in arms}
    needed = needs(first, task_of(data).train.x, job.batch)
    # The stack holds every arm of a seed.
    for seeds in stacks(range(job.seeds), first, job.device, job.stack, len(arms), **needed):
        rows = _run(job, basis, data, network, seeds, checkpoint)
        for arm, seed in itertools.product(arms, seeds):
            own = [row for row in rows if row["arm"] == arm and row["seed"] == seed]
            for part in MEASURED:
                found[arm][part].append([row[part] for row in own])
    return found


def _run(
    job: ImpJob, basis: str, data: Dataset | Task, network: Model, seeds: list[int], checkpoint: Path | None
) -> list[dict[str, Any]]:
    rate = job.factor_rate if basis == "low-rank" else job.rate
    setup = Setup(
        basis.removesuffix(DENSE),
        seeds,
        job.epochs,
        recipe=TrainingRecipe(rate=rate, decay=1e-4, batch=job.batch, rates=job.rates),
        device=job.device,
        augment=CropFlip() if job.augment else None,
        checkpoint=checkpoint,
        shared=None if checkpoint is None else checkpoint.parent / SHARED,
    )
    method = Imp(
        job.densities[-1],
        rewind=job.rewind,
        scope=job.scope(basis),
        densities=job.densities[1:],
        followers=_controls(job, basis),
    )
    return run(method, network, data, setup).rows


def _controls(job: ImpJob, basis: str) -> Mapping[str, Follow]:
    """None where the mask is random already."""
    return CONTROLS if job.controls and not is_blind(basis.removesuffix(DENSE)) else {}
