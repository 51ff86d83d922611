"""RST beside everything it has to be held against, on one network and one task."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sltk.core.statistics.paired import Paired, paired
from sltk.core.threads import limit
from sltk.data.datasets import load
from sltk.models.dense import network_for
from sltk.studies.findings import LEVEL, PairedFinding, judged_claims
from sltk.train.loop.penalties import Ramp
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.after_training import AfterTraining
from sltk.train.methods.base import TrainingMethod
from sltk.train.methods.dense import Dense
from sltk.train.methods.imp import Imp
from sltk.train.methods.rst import Rst
from sltk.train.methods.scratch import Scratch
from sltk.train.pruning.scopes import Scope
from sltk.train.runner import run, task_of
from sltk.train.setup import Setup


@dataclass(frozen=True)
class RstJob:
    """What is run.

    Args:
        data: name of the data set.
        folder: where it lies, if it is no embedded one.
        model: ``dense``, or a name in ``sltk.models.registry.MODELS``.
        hidden: sizes of the hidden layers of ``dense``.
        densities: kept fractions of all weights but the last layer's, which stays dense in every arm.
        seeds: 0, 1, ...
        basis: of the coefficients.
        epochs: of the transformation.
        final_epochs: after the cut, and of every training of the other arms.
        cap: where ``lambda`` stops; it gets there after three quarters of the transformation.
        rate: of SGD with momentum .9, decay 1e-4 and a cosine to 0; the transformation has a constant quarter of it.
        l1: strength of the L1 arm.
        batch: rows a step.
        device: where it runs.
    """

    data: str = "digits"
    folder: str | None = None
    model: str = "dense"
    hidden: tuple[int, ...] = (100, 60)
    densities: tuple[float, ...] = (0.3, 0.1, 0.05, 0.02)
    seeds: int = 16
    basis: str = "canonical"
    epochs: int = 36
    final_epochs: int = 12
    cap: float = 0.3
    rate: float = 0.2
    l1: float = 1e-4
    batch: int = 64
    device: str = "cpu"

    def inputs(self, arm: str) -> dict[str, Any]:
        """All that the row of ``arm`` depends on."""
        # Rows of a CPU are named as they were when there was no choice.
        ignored = ("folder", "device") if self.device == "cpu" else ("folder",)
        kept = {name: value for name, value in asdict(self).items() if name not in ignored}
        lists = {"hidden": list(self.hidden), "densities": list(self.densities)}
        return {"study": "rst-arms", "revision": 2, "arm": arm, **kept, **lists}

    def setup(self, epochs: float, steps: int | None = None) -> Setup:
        """That of an arm whose trainings take ``epochs``, or ``steps``."""
        recipe = TrainingRecipe(rate=self.rate, decay=1e-4, batch=self.batch)
        return Setup(self.basis, range(self.seeds), epochs, steps, recipe, self.device)

    def whole(self, rows: int) -> Setup:
        """That of one training as long as the transformation and the training after it together."""
        lengths = [self.setup(epochs).timed(rows)[1] for epochs in (self.epochs, self.final_epochs)]
        return self.setup(self.epochs, sum(lengths))


RIVALS = {  # by claim: whom RST is held against, and whether it may be worse by the margin
    "weak": (("scratch, equal steps", "dense, then cut"), False),
    "strong": (("lth, 5 rounds", "lth, 5 rounds, global"), True),
}
ROWS = Scope("layerwise", dense_last=True)
ALL = Scope("global", dense_last=True)
# (job, training rows, density) -> what runs, and how
RstArm = Callable[[RstJob, int, float], tuple[TrainingMethod, Setup]]


def _rst(cap: float | None = None, cycles: int = 1) -> RstArm:
    def arm(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
        ramp = Ramp(job.cap if cap is None else cap, share=0.75)
        return Rst(density, cycles, job.final_epochs, ramp, ROWS), job.setup(job.epochs)

    return arm


def _lth(rounds: int, scope: Scope, late: bool = False) -> RstArm:
    def arm(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
        setup = job.setup(job.final_epochs)
        rewind = setup.timed(rows)[1] // 10 if late else 0
        return Imp(density, rounds, rewind, scope=scope), setup

    return arm


def _after(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return AfterTraining(density, scope=ALL), job.setup(job.final_epochs)


def _l1(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return AfterTraining(density, job.l1, ALL), job.setup(job.final_epochs)


def _scratch(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return Scratch(density, ROWS), job.setup(job.final_epochs)


def _scratch_equal(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return Scratch(density, ROWS), job.whole(rows)


def _dense(job: RstJob, rows: int, density: float) -> tuple[TrainingMethod, Setup]:
    return Dense(), job.whole(rows)


ARMS: dict[str, RstArm] = {
    "rst": _rst(),
    "rst, 5 cycles": _rst(cycles=5),
    "dense, then cut": _rst(cap=0.0),
    "scratch": _scratch,
    "scratch, equal steps": _scratch_equal,
    "lth, one shot": _lth(1, ROWS),
    "lth, one shot, global": _lth(1, ALL),
    "lth, one shot, late": _lth(1, ROWS, late=True),
    "lth, 5 rounds": _lth(5, ROWS),
    "lth, 5 rounds, global": _lth(5, ALL),
    "lth, 5 rounds, late": _lth(5, ROWS, late=True),
    "lth, 5 rounds, global, late": _lth(5, ALL, late=True),
    "magnitude after training": _after,
    "l1 from pretrained": _l1,
    "dense": _dense,
}


@limit(1)
def measure_arm(job: RstJob, arm: str, checkpoint: Path | None = None) -> dict[str, Any]:
    """``{"test": [[accuracy by seed] by density], "validation": ..., "density": ..., "ratio": ...}`` of one arm.

    A measurement that was stopped goes on from the folder ``checkpoint``.
    """
    data = load(job.data, job.folder)
    network = network_for(job.model, job.hidden, data)
    task = task_of(data)
    found: dict[str, Any] = {"test": [], "validation": [], "density": [], "ratio": []}
    for density in job.densities:
        method, setup = ARMS[arm](job, len(task.train.y), density)
        outcome = run(method, network, task, replace(setup, checkpoint=checkpoint))
        for part in ("test", "validation", "density"):
            found[part].append([row[part] for row in outcome.last])
        found["ratio"].append([row["ratio"] for row in outcome.rows if "ratio" in row])
    return found


def judge(job: RstJob, found: Mapping[str, Any], level: float = LEVEL, margin: float = 0.005) -> list[PairedFinding]:
    """The weak and the strong claim, each a family over densities and rivals, paired over seeds, Holm over it.

    Weak: better than scratch of equal steps, and than dense-then-cut. Strong: not worse by ``margin`` than LTH of five
    rounds, layerwise and global.
    """
    families: dict[str, dict[str, Paired]] = {}
    for claim, (rivals, may_be_worse) in RIVALS.items():
        families[claim] = {}
        for rival in (r for r in rivals if r in found and "rst" in found):
            for n, density in enumerate(job.densities):
                ours, theirs = found["rst"]["test"][n], found[rival]["test"][n]
                families[claim][f"{rival} at {density:g}"] = paired(ours, theirs, -margin if may_be_worse else 0.0)
    return judged_claims(families, level)
