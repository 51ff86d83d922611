"""One method on one network and one task, by name: what `sltk train` runs, and the branches from its levels."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save

from sltk.core.errors import SltkError
from sltk.core.files import write_atomic
from sltk.core.threads import limit
from sltk.data.augment import CropFlip
from sltk.studies.training.asked import Network, asked_data, asked_network
from sltk.train.branches import branch
from sltk.train.levels import level_path
from sltk.train.loop.corrupt import corrupted
from sltk.train.loop.rates import COSINE, Rates
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Task
from sltk.train.methods import TrainingMethod, registry
from sltk.train.outcome import Outcome
from sltk.train.runner import run, task_of
from sltk.train.setup import Setup
from sltk.train.stacks import needs, stacks

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class TrainJob:
    """What is run.

    Args:
        method: a name in ``sltk.train.methods.registry()``.
        options: ``name=value`` of the method's own numbers.
        density: kept fraction; the method's default where it is ``None``.
        scope: ``global``, ``layerwise``, ``erk`` or ``n:m``; the method's default where it is empty.
        m: of ``n:m``.
        dense: names of layers that stay dense.
        data: name of the data set, or ``package.module:function``.
        folder: where it lies, if it is no embedded one.
        corrupt: a corruption of the data, or none; see ``sltk.train.loop.corrupt``.
        model: as in ``sltk.studies.training.asked.asked_network``.
        hidden: of ``dense``.
        basis: of the coefficients.
        seeds: 0, 1, ...
        epochs: of every training.
        rate: of SGD with momentum .9 and decay 1e-4.
        batch: rows a step.
        rates: how the rate goes over each training.
        augment: crop and mirror the training images at random.
        stack: replicas at a time; 0 chooses by network and device.
        device: where it runs.
        levels: store a level at every measurement.
        content: hash of a user's own model and data.
    """

    method: str
    options: tuple[str, ...] = ()
    density: float | None = None
    scope: str = ""
    m: int = 4
    dense: tuple[str, ...] = ()
    data: str = "digits"
    folder: str | None = None
    corrupt: str = ""
    model: str = "dense"
    hidden: tuple[int, ...] = (100, 60)
    basis: str = "canonical"
    seeds: int = 4
    epochs: float = 12
    rate: float = 0.2
    batch: int = 64
    rates: Rates = COSINE
    augment: bool = False
    stack: int = 0
    device: str = "cpu"
    levels: bool = False
    content: str = ""

    def record(self) -> dict[str, Any]:
        """All of it as JSON values."""
        lists = {name: list(value) for name, value in vars(self).items() if isinstance(value, tuple)}
        return {**asdict(self), **lists, "rates": {**vars(self.rates), "milestones": list(self.rates.milestones)}}

    def inputs(self) -> dict[str, Any]:
        """What its row is named by."""
        return {"study": "train", "revision": 1, **{n: v for n, v in self.record().items() if n != "folder"}}

    def made(self) -> TrainingMethod:
        """The method.

        Raises:
            SltkError: an unknown method or option, or a value that the method refuses.
        """
        if self.method not in registry():
            raise SltkError(f"METHOD must be one of {', '.join(registry())}, but got {self.method!r}.")
        kind = registry()[self.method]
        given: dict[str, Any] = dict(_option(kind, text) for text in self.options)
        if self.density is not None:
            given["density"] = self.density
        if self.scope or self.dense:
            if "scope" not in {f.name for f in fields(kind)}:
                raise SltkError(f"{self.method} has no scope; leave out --scope and --dense.")
            default = getattr(kind, "scope")  # noqa: B009  # a default of the dataclass
            given["scope"] = replace(default, kind=self.scope or default.kind, m=self.m, dense=self.dense)
        return kind(**given)

    def setup(self, seeds: Sequence[int], checkpoint: Path | None = None, levels: Path | None = None) -> Setup:
        """How it is run."""
        recipe = TrainingRecipe(rate=self.rate, decay=1e-4, batch=self.batch, rates=self.rates)
        return Setup(self.basis, seeds, self.epochs, recipe=recipe, device=self.device, checkpoint=checkpoint,
                     augment=CropFlip() if self.augment else None, levels=levels)  # fmt: skip

    def problem(self) -> tuple[Network, Task]:
        """The network and the data, corrupted where that is asked."""
        data = asked_data(self.data, self.folder)
        task = task_of(data)
        network = asked_network(self.model, self.hidden, data)
        return network, corrupted(task, self.corrupt) if self.corrupt else task


def job_of(record: dict[str, Any]) -> TrainJob:
    """The job of a ``TrainJob.record``.

    Raises:
        SltkError: other fields.
    """
    try:
        rates = Rates(**{**record["rates"], "milestones": tuple(record["rates"]["milestones"])})
        values = {n: tuple(v) if isinstance(v, list) else v for n, v in record.items()}
        return TrainJob(**{**values, "rates": rates})
    except (KeyError, TypeError) as error:
        raise SltkError(f"this is no record of `sltk train`: {error}. Name a folder that it wrote.") from error


@limit(1)
def measure_training(job: TrainJob, folder: Path, checkpoint: Path | None = None) -> dict[str, Any]:
    """``{"rows": ...}``; weights of every ticket go to ``folder/weights``, levels to ``folder/levels``.

    A measurement that was stopped goes on from the folder ``checkpoint``.
    """
    method = job.made()
    network, task = job.problem()
    rows: Rows = []
    first = network(0)
    needed = needs(first, task.train.x, job.batch)
    for seeds in stacks(range(job.seeds), first, job.device, job.stack, len(method.arms), **needed):
        levels = folder / "levels" / f"{seeds[0]}-{seeds[-1]}" if job.levels else None
        outcome = run(method, network, task, job.setup(seeds, checkpoint, levels))
        _write_weights(outcome, folder / "weights")
        rows += _finite(outcome)
    return {"rows": rows}


@limit(1)
def measure_branch(
    job: TrainJob, folder: Path, label: str, kind: str, rewind: int, checkpoint: Path | None = None
) -> dict[str, Any]:
    """``{"rows": ...}`` of the branch ``kind`` from the level ``label`` of what ``job`` left in ``folder``."""
    network, task = job.problem()
    rows: Rows = []
    for place in level_folders(folder):
        low, _, high = place.name.partition("-")
        method = branch(level_path(place, label), kind, rewind)
        outcome = run(method, network, task, job.setup(range(int(low), int(high) + 1), checkpoint))
        rows += _finite(outcome)
    return {"rows": rows}


def level_folders(folder: Path) -> list[Path]:
    """Folders of the levels below ``folder``, in order of their first seeds.

    Raises:
        SltkError: there are none.
    """
    found = [place for place in (folder / "levels").glob("*-*") if place.is_dir()]
    if not found:
        raise SltkError(f"{folder} holds no levels; run sltk train with --levels.")
    return sorted(found, key=lambda place: int(place.name.partition("-")[0]))


def _finite(outcome: Outcome) -> Rows:
    """Measurements as JSON values; a loss that has left float64 is none."""
    rows = [row for row in outcome.rows if "test" in row]
    kept = [{n: None if isinstance(v, float) and v - v != 0 else v for n, v in row.items()} for row in rows]
    return kept


def _write_weights(outcome: Outcome, folder: Path) -> None:
    replicas = outcome.state.replicas
    for index, (arm, seed) in enumerate(zip(replicas.arms, replicas.seeds, strict=True)):
        state = {name: value.contiguous().cpu() for name, value in outcome.module(index).state_dict().items()}
        write_atomic(folder / f"{arm}-{seed}.safetensors", save(state))


def _option(kind: type[TrainingMethod], text: str) -> tuple[str, Any]:
    """Name and value of ``name=value``, read as the default of that name is."""
    name, equals, value = text.partition("=")
    known = {f.name: f.default for f in fields(kind) if type(f.default) in _READ and f.name != "density"}
    if not equals or name not in known:
        names = ", ".join(f"{n}={v}" for n, v in known.items()) or "none"
        raise SltkError(f"options of {kind.name} are name=value of {names}, but got {text!r}.")
    try:
        return name, _READ[type(known[name])](value)
    except (ValueError, KeyError) as error:
        raise SltkError(
            f"option {text!r} must be of type {type(known[name]).__name__}, like {known[name]!r}."
        ) from error


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


_READ: dict[type, Callable[[str], Any]] = {
    int: int, float: float, str: str, tuple: _numbers,
    bool: lambda text: {"true": True, "false": False}[text.lower()],
}  # fmt: skip
