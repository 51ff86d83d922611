"""RST beside everything it has to be held against, on one network and one task, each arm with the same budget."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sltk.core.errors import SltkError
from sltk.core.threads import limit
from sltk.studies.networks import least_fan_in, network_name
from sltk.studies.training.asked import asked_data, asked_network
from sltk.studies.training.job import TrainingJob
from sltk.train.loop.given import task_of
from sltk.train.loop.penalties import Ramp
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.after_training import AfterTraining
from sltk.train.methods.base import TrainingMethod
from sltk.train.methods.dense import Dense
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import PAPER_BATCH, TRANSFORM, PaperLengths, Rst, paper_recipe
from sltk.train.methods.scratch import Scratch
from sltk.train.pruning.scopes import Scope
from sltk.train.runner import run
from sltk.train.setup import Setup
from sltk.train.stacks import needs, stacks

Budgets = Literal["equal", "own"]
PARTS = 12  # a budget is a multiple of as many steps, so that it splits into 1, 2, 3, 4 or 6 trainings of equal length


@dataclass(frozen=True)
class RstJob(TrainingJob):
    """What is run.

    Args:
        densities: kept fractions of all weights but those of layers that stay dense in every arm, as the last does.
        first_seed: the first of them.
        basis: of the coefficients.
        epochs: of RST's transformation.
        final_epochs: of RST after the cut. Every other arm gets the sum, over all of its trainings.
        cap: where ``lambda`` stops; it gets there after three quarters of the transformation.
        rate: of SGD with momentum .9, decay 1e-4 and a cosine to 0; the transformation has a constant quarter of it.
        l1: strength of the L1 arm.
        batch: rows a step.
        dense_first: leave the first layer dense too, in every arm.
        preset: ``paper`` takes RST's own setting from its code (first layer dense, cap 1, its recipes and lengths),
            in place of both epochs, ``cap``, ``rate``, ``batch`` and ``dense_first``.
        shrink: of the paper's lengths.
        budgets: ``equal``, or ``own``: every training of a rival as long as RST's last, so that arms of many
            trainings spend more; then no verdict is given where budgets differ.
        stack: replicas at a time; 0 chooses by network and device.
    """

    densities: tuple[float, ...] = (0.3, 0.1, 0.05, 0.02)
    first_seed: int = 0
    basis: str = "canonical"
    epochs: float = 54
    final_epochs: float = 18
    cap: float = 1.0
    rate: float = 0.2
    l1: float = 1e-4
    batch: int = 64
    dense_first: bool = False
    preset: Literal["", "paper"] = ""
    shrink: float = 1.0
    budgets: Budgets = "equal"
    stack: int = 0

    def __post_init__(self) -> None:
        if not self.epochs > 0 or not self.final_epochs > 0:
            raise SltkError(
                f"RST needs epochs > 0 and final_epochs > 0, but got {self.epochs} and {self.final_epochs}."
            )
        PaperLengths(self.shrink)

    def inputs(self, arm: str) -> dict[str, Any]:
        """All that the row of ``arm`` depends on."""
        return {"study": "rst-arms", "revision": 3, "arm": arm, **self.asked("stack", *self.device_on_cpu)}

    @property
    def every_seed(self) -> tuple[int, ...]:
        """All seeds."""
        return tuple(range(self.first_seed, self.first_seed + self.seeds))

    def scope(self, kind: Literal["layerwise", "global"]) -> Scope:
        """Which layers compete, and how."""
        return Scope(kind, dense_first=self.dense_first or self.preset == "paper", dense_last=True)

    @property
    def largest_penalty(self) -> float:
        """Where ``lambda`` stops."""
        return 1.0 if self.preset == "paper" else self.cap


@dataclass(frozen=True)
class Lengths:
    """Steps of RST's two parts, and of all rivals together."""

    transform: int
    final: int
    total: int

    def of(self, job: RstJob, trainings: int) -> int:
        """Steps of each of ``trainings`` equal ones of a rival."""
        return self.final if job.budgets == "own" else max(1, round(self.total / trainings))

    def rewound(self, job: RstJob, rounds: int) -> tuple[int, int]:
        """Steps of the first training, and the step to which each round rewinds: about a tenth of them."""
        if job.budgets == "own":
            return self.final, self.final // 10
        steps = round(self.total / (1 + 0.9 * rounds))
        steps += (self.total - steps) % rounds  # then the rounds share the rest evenly
        return steps, max(0, steps - (self.total - steps) // rounds)


def lengths(job: RstJob, rows: int) -> Lengths:
    """What is trained how long; ``rows`` of the training part turn epochs into steps."""
    if job.preset == "paper":
        paper = PaperLengths(job.shrink)
        # The transformation's batches are smaller: what counts is how often the data are seen.
        slow, fast = rows // TRANSFORM.batch, rows // PAPER_BATCH
        seen = max(1, round(paper.steps / slow * fast))
        total = PARTS * max(math.ceil((seen + 1) / PARTS), round((seen + paper.final_epochs * fast) / PARTS))
        return Lengths(round(seen / fast * slow), total - seen, total)
    each = rows // job.batch
    total = PARTS * max(1, round((job.epochs + job.final_epochs) * each / PARTS))
    transform = min(total - 1, max(1, round(job.epochs * each)))
    return Lengths(transform, total - transform, total)


# (job, training rows, density) -> what runs, and how
RstArm = Callable[[RstJob, int, float], tuple[TrainingMethod, Setup]]


def _setup(job: RstJob, steps: int, recipe_steps: int | None = None) -> Setup:
    """That of trainings of ``steps``."""
    if job.preset == "paper":
        recipe = paper_recipe(recipe_steps or steps)
    else:
        recipe = TrainingRecipe(rate=job.rate, decay=1e-4, batch=job.batch, rates=job.rates)
    return Setup(job.basis, job.every_seed, steps=steps, recipe=recipe, device=job.device)


def _rst(cycles: int = 1, cap: float | None = None) -> RstArm:
    def arm(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
        own, last = lengths(job, rows), _setup(job, 1).recipe.batch
        ramp = Ramp(job.largest_penalty if cap is None else cap, 5 / 9 if job.preset == "paper" else 0.75)
        transform = TRANSFORM if job.preset == "paper" else None
        method = Rst(density, cycles, own.final / (rows // last), ramp, job.scope("layerwise"), transform)
        return method, _setup(job, own.transform, own.final)

    return arm


def _lth(rounds: int, kind: Literal["layerwise", "global"] = "layerwise", late: bool = False) -> RstArm:
    def arm(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
        steps, rewind = lengths(job, rows).rewound(job, rounds) if late else (lengths(job, rows).of(job, 1 + rounds), 0)
        return Imp(density, rounds, rewind, scope=job.scope(kind)), _setup(job, steps)

    return arm


def _after(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return AfterTraining(density, scope=job.scope("global")), _setup(job, lengths(job, rows).of(job, 2))


def _l1(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return AfterTraining(density, job.l1, job.scope("global")), _setup(job, lengths(job, rows).of(job, 3))


def _scratch(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return Scratch(density, job.scope("layerwise")), _setup(job, lengths(job, rows).of(job, 1))


def _dense(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return Dense(), _setup(job, lengths(job, rows).of(job, 1))


ARMS: dict[str, RstArm] = {
    "rst": _rst(),
    "rst, 5 cycles": _rst(cycles=5),
    "dense, then cut": _rst(cap=0.0),
    "scratch": _scratch,
    "lth, one shot": _lth(1),
    "lth, one shot, global": _lth(1, "global"),
    "lth, one shot, late": _lth(1, late=True),
    "lth, 5 rounds": _lth(5),
    "lth, 5 rounds, global": _lth(5, "global"),
    "lth, 5 rounds, late": _lth(5, late=True),
    "lth, 5 rounds, global, late": _lth(5, "global", late=True),
    "magnitude after training": _after,
    "l1 from pretrained": _l1,
    "dense": _dense,
}
MEASURED = ("test", "validation", "density", "live", "epochs", "steps", "multiply_adds")
CUT = ("ratio", "masked_per_kept", "mass")


@limit(1)
def measure_arm(job: RstJob, arm: str, checkpoint: Path | None = None) -> dict[str, Any]:
    """``{part: [[value by seed] by density]}`` of one arm: the parts ``MEASURED`` at the end; of arms with a cut what
    it takes (``CUT``), and the accuracies on the test part before and after it. Beside them ``network``, in words, and
    ``fan_in``, the least of the layers that are pruned.

    A measurement that was stopped goes on from the folder ``checkpoint``.
    """
    data = asked_data(job.data, job.folder)
    network = asked_network(job.model, job.hidden, data)
    task = task_of(data)
    first = network(job.first_seed)
    found: dict[str, Any] = {part: [] for part in (*MEASURED, *CUT, "before cut", "after cut")}
    found |= {"network": network_name(job.model, first), "fan_in": least_fan_in(first, job.scope("layerwise"))}
    for density in job.densities:
        method, setup = ARMS[arm](job, len(task.train.y), density)
        rows: list[dict[str, Any]] = []
        last: list[dict[str, Any]] = []
        needed = needs(first, task.train.x, job.batch)
        for seeds in stacks(job.every_seed, first, job.device, job.stack, **needed):
            outcome = run(method, network, task, replace(setup, seeds=seeds, checkpoint=checkpoint))
            rows += outcome.rows
            last += outcome.last
        for part in MEASURED:
            found[part].append([row[part] for row in last])
        for part in CUT:
            found[part].append([row[part] for row in rows if part in row])
        for part, label in (("before cut", "transformed"), ("after cut", "cut")):
            found[part].append([row["test"] for row in rows if row["label"] == label and "test" in row])
    return found
