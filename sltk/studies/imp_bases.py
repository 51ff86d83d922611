"""Lottery tickets across bases: IMP of one network in each basis, with its controls in the same stack.

Arms of a seed share network, batches and schedule: ``ticket``; ``reinitialised``, the same basis and mask on another
initial network; ``random``, a random mask with the same counts in each layer. A basis is one task with a row of its
own in the store.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.statistics.paired import Paired, paired
from sltk.core.threads import limit
from sltk.data.augment import CropFlip
from sltk.data.datasets import Dataset, load
from sltk.models.dense import network_for
from sltk.studies.findings import LEVEL, PairedFinding, judged_claims
from sltk.train.bases import is_blind
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import Imp
from sltk.train.pruning.followers import LEADER, Follow
from sltk.train.pruning.schedules import geometric
from sltk.train.pruning.scopes import GLOBAL, LAYERWISE
from sltk.train.runner import REINITIALISED, Model, run
from sltk.train.setup import Setup
from sltk.train.tickets.replicas import stack_size

BASES = ("canonical", "dct-input", "dct", "haar:0", "haar:1", "haar:2", "permuted-dct", "hadamard", "low-rank", "unit",
         "subspace")  # fmt: skip
GROUPED = ("low-rank", "unit")
CONTROLS: dict[str, Follow] = {REINITIALISED: "same", "random": "random"}
EXTREME = 0.05


@dataclass(frozen=True)
class ImpJob:
    """What is run.

    Args:
        data: name of the data set.
        folder: where it lies, if it is no embedded one.
        model: ``dense``, or a name in ``sltk.models.registry.MODELS``.
        hidden: sizes of the hidden layers of ``dense``.
        augment: crop and mirror the training images at random.
        controls: run the arms ``reinitialised`` and ``random`` too.
        bases: by name.
        seeds: 0, 1, ...
        rounds: of pruning.
        removed: share of the survivors that goes each round.
        epochs: of every training.
        rate: of SGD with momentum .9, decay 1e-4 and a cosine to 0.
        factor_rate: the same for ``low-rank``, whose factors diverge at the rate of the others.
        rewind: steps after which the anchor is stored.
        batch: rows a step.
        stack: replicas at a time; 0 chooses by network and device.
        device: where it runs.
    """

    data: str = "digits"
    folder: str | None = None
    model: str = "dense"
    hidden: tuple[int, ...] = (100, 60)
    augment: bool = False
    controls: bool = True
    bases: tuple[str, ...] = BASES
    seeds: int = 16
    rounds: int = 20
    removed: float = 0.2
    epochs: int = 12
    rate: float = 0.2
    factor_rate: float = 0.05
    rewind: int = 0
    batch: int = 64
    stack: int = 0
    device: str = "cpu"

    @property
    def densities(self) -> tuple[float, ...]:
        """1, then that of each round."""
        return (1.0, *geometric(self.removed, self.rounds))

    def inputs(self, basis: str) -> dict[str, Any]:
        """All that the row of ``basis`` depends on."""
        ignored = ("bases", "folder")
        kept = {name: value for name, value in asdict(self).items() if name not in ignored}
        return {"study": "imp-bases", "revision": 2, "basis": basis, **kept, "hidden": list(self.hidden)}


@limit(1)
def measure_basis(job: ImpJob, basis: str, checkpoint: Path | None = None) -> dict[str, Any]:
    """``{arm: {"test": [[accuracy by round] by seed], "validation": ..., "density": ...}}``.

    A measurement that was stopped goes on from the folder ``checkpoint``.
    """
    data = load(job.data, job.folder)
    network = network_for(job.model, job.hidden, data)
    arms = (LEADER, *_controls(job, basis))
    # The stack holds every arm of a seed.
    at_once = max(1, (job.stack or stack_size(network(0), job.device)) // len(arms))
    found: dict[str, Any] = {arm: {part: [] for part in ("test", "validation", "density")} for arm in arms}
    for first in range(0, job.seeds, at_once):
        seeds = range(first, min(job.seeds, first + at_once))
        rows = _run(job, basis, data, network, list(seeds), checkpoint)
        for arm, seed in itertools.product(arms, seeds):
            own = [row for row in rows if row["arm"] == arm and row["seed"] == seed]
            for part in found[arm]:
                found[arm][part].append([row[part] for row in own])
    return found


def _run(
    job: ImpJob, basis: str, data: Dataset, network: Model, seeds: list[int], checkpoint: Path | None
) -> list[dict[str, Any]]:
    rate = job.factor_rate if basis == "low-rank" else job.rate
    setup = Setup(
        basis,
        seeds,
        job.epochs,
        recipe=TrainingRecipe(rate=rate, decay=1e-4, batch=job.batch),
        device=job.device,
        augment=CropFlip() if job.augment else None,
        checkpoint=checkpoint,
    )
    method = Imp(
        job.densities[-1],
        rewind=job.rewind,
        scope=LAYERWISE if basis in GROUPED else GLOBAL,
        densities=job.densities[1:],
        followers=_controls(job, basis),
    )
    return run(method, network, data, setup).rows


def _controls(job: ImpJob, basis: str) -> Mapping[str, Follow]:
    """None where the mask is random already."""
    return CONTROLS if job.controls and not is_blind(basis) else {}


def area(job: ImpJob, curves: Any, below: float = 1.0) -> list[float]:
    """Mean accuracy over log density, at densities up to ``below``, for each seed; the trapezoid rule."""
    x = -np.log(np.asarray(job.densities))
    y = np.asarray(curves)
    use = np.asarray(job.densities) <= below
    if use.sum() < 2:
        raise SltkError(f"the densities {job.densities} have fewer than two up to {below}; run more rounds.")
    return (np.trapezoid(y[:, use], x[use], axis=1) / np.ptp(x[use])).tolist()


def judge(job: ImpJob, found: Mapping[str, Any], level: float = LEVEL, margin: float = 0.005) -> list[PairedFinding]:
    """The five claims, each a family over the bases, each comparison paired over seeds, Holm over the family.

    1 flat: not worse than dense by ``margin`` at half density; 1 rise: better there; 1 fall: worse than there at the
    last round. 2: not worse than dense by ``margin`` at a density of about .2. 3: better than canonical at densities
    up to .05. 4: better than reinitialised. 5: better than a random mask; both over all densities. The training runs
    are what is random here: the test part is one and the same.
    """
    half, fifth = _nearest(job, 0.5), _nearest(job, 0.2)
    curves = {basis: {arm: np.asarray(part["test"]) for arm, part in arms.items()} for basis, arms in found.items()}
    families: dict[str, Callable[[str], Paired | None]] = {
        "1 flat at half density": lambda b: _at(curves[b], half, 0, -margin),
        "1 rises at half density": lambda b: _at(curves[b], half, 0, 0.0),
        "1 then falls": lambda b: _at(curves[b], half, job.rounds, 0.0),
        "2 matches at a fifth": lambda b: _at(curves[b], fifth, 0, -margin),
        "3 beats canonical when extreme": lambda b: _versus_canonical(job, curves, b),
        "4 beats reinitialised": lambda b: _versus_arm(job, curves[b], REINITIALISED),
        "5 beats random mask": lambda b: _versus_arm(job, curves[b], "random"),
    }
    compared = {
        claim: {basis: one for basis in found if (one := compare(basis)) is not None}
        for claim, compare in families.items()
    }
    return judged_claims(compared, level)


def _nearest(job: ImpJob, density: float) -> int:
    return int(np.argmin(np.abs(np.log(np.asarray(job.densities) / density))))


def _at(arms: Mapping[str, Any], here: int, there: int, margin: float) -> Paired:
    own = arms["ticket"]
    return paired(own[:, here].tolist(), own[:, there].tolist(), margin)


def _versus_canonical(job: ImpJob, curves: Mapping[str, Any], basis: str) -> Paired | None:
    if basis == "canonical" or "canonical" not in curves or job.densities[-2] > EXTREME:
        return None
    own, other = curves[basis]["ticket"], curves["canonical"]["ticket"]
    return paired(area(job, own, EXTREME), area(job, other, EXTREME))


def _versus_arm(job: ImpJob, arms: Mapping[str, Any], arm: str) -> Paired | None:
    return paired(area(job, arms["ticket"]), area(job, arms[arm])) if arm in arms else None
