"""Lottery tickets across bases: IMP of one network in each basis, with its controls in the same stack.

Arms of a seed share network, batches and schedule: ``ticket``; ``reinitialised``, the same basis and mask on another
initial network; ``random``, a random mask with the same counts in each layer. A basis is one task with a row of its
own in the store.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.paired import Paired, findings, paired
from sltk.core.threads import limit
from sltk.data.augment import CropFlip
from sltk.data.datasets import load
from sltk.models.dense import network_for
from sltk.train.bases import RANDOM
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.imp import imp_phases
from sltk.train.outcome import REINITIALISED, Model, finish, start, timed
from sltk.train.pruning.schedules import geometric
from sltk.train.pruning.scopes import Scope
from sltk.train.pruning.scores import magnitude, random
from sltk.train.tickets.replicas import stack_size

BASES = ("canonical", "dct-input", "dct", "haar:0", "haar:1", "haar:2", "permuted-dct", "hadamard", "low-rank", "unit",
         "subspace")  # fmt: skip
GROUPED = ("low-rank", "unit")
ARMS = ("ticket", REINITIALISED, "random")
EXTREME = 0.05
LEVEL = 0.05  # of all findings of a claim together


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
        return {"study": "imp-bases", "revision": 1, "basis": basis, **kept, "hidden": list(self.hidden)}


@dataclass(frozen=True)
class JudgedClaim:
    """One claim in one basis."""

    claim: str
    basis: str
    finding: str
    p_value: float
    comparison: Paired


@limit(1)
def measure_basis(job: ImpJob, basis: str) -> dict[str, Any]:
    """``{arm: {"test": [[accuracy by round] by seed], "validation": ..., "density": ...}}``."""
    data = load(job.data, job.folder)
    network = network_for(job.model, job.hidden, data)
    arms = ARMS if job.controls and basis not in RANDOM else ARMS[:1]
    at_once = job.stack or max(1, stack_size(network(0), job.device))
    found: dict[str, Any] = {arm: {part: [] for part in ("test", "validation", "density")} for arm in arms}
    for first in range(0, job.seeds, at_once):
        seeds = range(first, min(job.seeds, first + at_once))
        _measure(job, basis, data, network, arms, list(seeds), found)
    return found


def _measure(
    job: ImpJob, basis: str, data: Any, network: Model, arms: tuple[str, ...], seeds: list[int], found: Any
) -> None:
    state = start(network, data, seeds=seeds, basis=basis, arms=arms, device=job.device)
    rate = job.factor_rate if basis == "low-rank" else job.rate
    recipe, steps = timed(TrainingRecipe(rate=rate, decay=1e-4, batch=job.batch), job.epochs, len(state.task.train.y))
    phases = imp_phases(
        job.densities[1:],
        recipe,
        steps,
        rewind=job.rewind,
        scope=Scope("layerwise" if basis in GROUPED else "global"),
        score=random if basis in RANDOM else magnitude,
        followers={REINITIALISED: "same", "random": "random"},
        augment=CropFlip() if job.augment else None,
    )
    outcome = finish(state, phases)
    for arm in arms:
        for seed in seeds:
            own = [row for row in outcome.rows if row["arm"] == arm and row["seed"] == seed]
            for part in found[arm]:
                found[arm][part].append([row[part] for row in own])


def area(job: ImpJob, curves: Any, below: float = 1.0) -> list[float]:
    """Mean accuracy over log density, at densities up to ``below``, for each seed; the trapezoid rule."""
    x = -np.log(np.asarray(job.densities))
    y = np.asarray(curves)
    use = np.asarray(job.densities) <= below
    if use.sum() < 2:
        raise SltkError(f"the densities {job.densities} have fewer than two up to {below}; run more rounds.")
    return (np.trapezoid(y[:, use], x[use], axis=1) / np.ptp(x[use])).tolist()


def judge(job: ImpJob, found: Mapping[str, Any], level: float = LEVEL, margin: float = 0.005) -> list[JudgedClaim]:
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
    judged = []
    for claim, compare in families.items():
        family = {basis: one for basis in found if (one := compare(basis)) is not None}
        for basis, (finding, p_value) in findings(family, level).items():
            judged.append(JudgedClaim(claim, basis, finding, p_value, family[basis]))
    return judged


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
