"""RST beside everything it has to be held against, on one network and one task."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sltk.core.paired import Paired, findings, paired
from sltk.core.threads import limit
from sltk.data.datasets import load
from sltk.models.dense import network_for
from sltk.studies.imp_bases import LEVEL, JudgedClaim
from sltk.train.loop.penalties import L1, GrowingL2
from sltk.train.loop.phases import Measure, Train
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.methods.after_training import after_training_phases
from sltk.train.methods.imp import imp_phases
from sltk.train.methods.rst import rst_phases
from sltk.train.methods.scratch import scratch_phases
from sltk.train.outcome import finish, start, timed
from sltk.train.pruning.schedules import to_density
from sltk.train.pruning.scopes import Scope


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

    def inputs(self, arm: str) -> dict[str, Any]:
        """All that the row of ``arm`` depends on."""
        kept = {name: value for name, value in asdict(self).items() if name != "folder"}
        lists = {"hidden": list(self.hidden), "densities": list(self.densities)}
        return {"study": "rst-arms", "revision": 1, "arm": arm, **kept, **lists}


@dataclass(frozen=True)
class _Plan:
    """Recipes and steps of one job."""

    job: RstJob
    first: tuple[TrainingRecipe, int]
    final: tuple[TrainingRecipe, int]
    total: int

    def penalty(self, cap: float, cycles: int = 1) -> GrowingL2:
        steps = self.first[1] // cycles
        return GrowingL2(increment=cap / max(1.0, 0.75 * steps), every=1, cap=cap)


ROWS = Scope("layerwise", dense_last=True)
ALL = Scope("global", dense_last=True)
Phases = Callable[[_Plan, float], list[Any]]


def _rst(cap: float | None, cycles: int = 1) -> Phases:
    def phases(plan: _Plan, density: float) -> list[Any]:
        own = plan.job.cap if cap is None else cap
        return rst_phases(density, plan.first, plan.final, plan.penalty(own, cycles), cycles=cycles, scope=ROWS)

    return phases


def _lth(rounds: int, scope: Scope, late: bool = False) -> Phases:
    def phases(plan: _Plan, density: float) -> list[Any]:
        recipe, steps = plan.final
        made = imp_phases(to_density(density, rounds), recipe, steps, rewind=steps // 10 if late else 0, scope=scope)
        return [*made, Measure("final")]

    return phases


def _scratch_equal(plan: _Plan, density: float) -> list[Any]:
    return scratch_phases(density, _stretched(plan.final[0], plan.total), plan.total, ROWS)


def _l1(plan: _Plan, density: float) -> list[Any]:
    return after_training_phases(density, *plan.final, ALL, L1(plan.job.l1))


def _dense(plan: _Plan, density: float) -> list[Any]:
    return [Train(plan.total, _stretched(plan.final[0], plan.total)), Measure("final")]


ARMS: dict[str, Phases] = {
    "rst": _rst(None),
    "rst, 5 cycles": _rst(None, 5),
    "dense, then cut": _rst(0.0),
    "scratch": lambda plan, density: scratch_phases(density, *plan.final, ROWS),
    "scratch, equal steps": _scratch_equal,
    "lth, one shot": _lth(1, ROWS),
    "lth, one shot, global": _lth(1, ALL),
    "lth, one shot, late": _lth(1, ROWS, late=True),
    "lth, 5 rounds": _lth(5, ROWS),
    "lth, 5 rounds, global": _lth(5, ALL),
    "lth, 5 rounds, late": _lth(5, ROWS, late=True),
    "lth, 5 rounds, global, late": _lth(5, ALL, late=True),
    "magnitude after training": lambda plan, density: after_training_phases(density, *plan.final, ALL),
    "l1 from pretrained": _l1,
    "dense": _dense,
}


@limit(1)
def measure_arm(job: RstJob, arm: str) -> dict[str, Any]:
    """``{"test": [[accuracy by seed] by density], "validation": ..., "density": ..., "ratio": ...}`` of one arm."""
    data = load(job.data, job.folder)
    network = network_for(job.model, job.hidden, data)
    found: dict[str, Any] = {"test": [], "validation": [], "density": [], "ratio": []}
    for density in job.densities:
        state = start(network, data, seeds=range(job.seeds), basis=job.basis)
        outcome = finish(state, ARMS[arm](_plan(job, len(state.task.train.y)), density))
        rows = [row for row in outcome.rows if row["label"] == "final"]
        for part in ("test", "validation", "density"):
            found[part].append([row[part] for row in rows])
        found["ratio"].append([row["ratio"] for row in outcome.rows if "ratio" in row])
    return found


def judge(job: RstJob, found: Mapping[str, Any], level: float = LEVEL, margin: float = 0.005) -> list[JudgedClaim]:
    """The weak and the strong claim, each a family over densities and rivals, paired over seeds, Holm over it.

    Weak: better than scratch of equal steps, and than dense-then-cut. Strong: not worse by ``margin`` than LTH of five
    rounds, layerwise and global.
    """
    families = {
        "weak": (("scratch, equal steps", "dense, then cut"), 0.0),
        "strong": (("lth, 5 rounds", "lth, 5 rounds, global"), -margin),
    }
    judged = []
    for claim, (rivals, bound) in families.items():
        family: dict[str, Paired] = {}
        for rival in (r for r in rivals if r in found and "rst" in found):
            for n, density in enumerate(job.densities):
                ours, theirs = found["rst"]["test"][n], found[rival]["test"][n]
                family[f"{rival} at {density:g}"] = paired(ours, theirs, bound)
        for name, (finding, p_value) in findings(family, level).items():
            judged.append(JudgedClaim(claim, name, finding, p_value, family[name]))
    return judged


def _plan(job: RstJob, rows: int) -> _Plan:
    base = TrainingRecipe(rate=job.rate, decay=1e-4, batch=job.batch)
    _, steps = timed(base, job.epochs, rows)
    final = timed(base, job.final_epochs, rows)
    slow = TrainingRecipe(rate=job.rate / 4, decay=1e-4, batch=job.batch)
    return _Plan(job, (slow, steps), final, steps + final[1])


def _stretched(recipe: TrainingRecipe, steps: int) -> TrainingRecipe:
    return TrainingRecipe(recipe.optimiser, recipe.rate, recipe.momentum, recipe.decay, recipe.batch, total=steps)
