"""What is asked of a construction, in three parts that the Python API, the command line, the file and a resume share.

``Recipe`` fixes the source, together with architecture, domain and seed; no target is among it. ``Search`` says which
subset is taken of those within tolerance. ``Run`` changes nothing in the result.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from sltk.core.errors import SltkError
from sltk.core.report import Report

Aim = Literal["param_eps", "eps"]
Objective = Literal["error", "cardinality", "mass", "weighted"]

MOST_SAMPLES = 40
_BY_STAGE = ("stage_exponents", "sample_exponents", "bias_exponents", "cascade_exponents")
_EXPONENTS = ("scale_exponents", *_BY_STAGE)
DEFAULT_LAW = "uniform(2.0)"  # reaches the parameters of the default class, up to 1 in size, with room for sums


@dataclass(frozen=True)
class Recipe:
    """What fixes a source, besides its architecture, its domain and its seed: method, law, declared class."""

    method: str = "plus-one"
    """Construction: plus-one (source depth L + 1), two-layer (2 L), or another that was registered."""
    n: int = 26
    """Samples of every pool; under plus-one also the copies of every neuron."""
    param_eps: float | None = None
    """Tolerance of every parameter; give this or eps."""
    eps: float | None = None
    """Aim for the largest output error over the domain; give this or param_eps."""
    law: str = DEFAULT_LAW
    """Law of the source's weights and biases; its range must cover the target's, to which it is not fitted."""
    scale_exponents: tuple[int, ...] = (0,)
    """Exponents of two over which the samples of a pool are spread that chooses among copies, such as 2 1 0 -1: small
    samples for small parameters keep errors from growing with depth."""
    bias_exponent: int = 0
    """Exponent of two for the pools of hidden biases, where these are larger than weights."""
    stage_exponents: tuple[int, ...] = ()
    """Exponents of two of the declared class, one a stage: a stage's samples and its tolerance are this much larger.
    None for 0 everywhere."""
    sample_exponents: tuple[int, ...] = ()
    """The same of a stage's samples alone, on top of its own exponent; none for 0 everywhere."""
    bias_exponents: tuple[int, ...] = ()
    """The same of the biases alone, one a stage, on top of bias_exponent; none for the stage's own."""
    cascade_exponents: tuple[int, ...] = ()
    """Exponents of two of the coarsest constants that absorb the intercepts of a univariate layer, one a stage; none
    for constants that do so whatever the subsets, which round a hundred times more than what subsets are like needs."""
    first_activation: str | None = None
    """Activation of the source's univariate layers, such as tanh; by default the target's first, or relu."""
    biases: bool = True
    """Whether the class has biases; without them the source has no constant neurons."""
    weight_bound: float = 1.0
    """Largest parameter of the declared class; used by eps only."""
    hidden_reach: float = 8.0
    """Largest hidden value that two-layer is made for; used by param_eps only."""
    curvature: float | tuple[float, ...] | None = None
    """What a univariate layer's curvature may cost a parameter if a subset took half of its pool, or one number a
    stage; by default as much as the tolerance. Subsets of few samples pay a small part of it, and larger values cost
    less float32 rounding."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "law", spelled(self.law))
        for name in _EXPONENTS:
            object.__setattr__(self, name, tuple(getattr(self, name)))  # files have lists
        if isinstance(self.curvature, list):
            object.__setattr__(self, "curvature", tuple(self.curvature))

    def require(self) -> None:
        """Check all numbers; a construction does so when it is declared.

        Raises:
            SltkError: a number out of range, or not exactly one aim.
        """
        self._require_exponents()
        self._require_numbers()

    @property
    def aim(self) -> Aim:
        """Which of the two aims was given."""
        return "param_eps" if self.param_eps is not None else "eps"

    @property
    def tolerance(self) -> float:
        """The value aimed at."""
        value = getattr(self, self.aim)
        assert value is not None
        return float(value)

    def stage_exponent(self, stage: int) -> int:
        """Exponent of two by which samples and tolerance of ``stage`` are larger."""
        return self.stage_exponents[stage] if self.stage_exponents else 0

    def sample_exponent(self, stage: int) -> int:
        """Exponent of two of the samples of ``stage``."""
        return self.stage_exponent(stage) + (self.sample_exponents[stage] if self.sample_exponents else 0)

    def bias_exponent_of(self, stage: int, common: bool = True) -> int:
        """Exponent of two of the pools of a stage's biases, with the one that all hidden stages have in common."""
        own = self.bias_exponents[stage] if self.bias_exponents else self.stage_exponent(stage)
        return self.bias_exponent + own if common else own

    def stage_tolerance(self, stage: int) -> float:
        """Tolerance of the parameters of ``stage``, where one was asked for."""
        return math.ldexp(self.tolerance, self.stage_exponent(stage))

    def curvature_of(self, stage: int) -> float:
        """What the curvature of a univariate layer of ``stage`` may cost a parameter."""
        if self.curvature is None:
            return self.tolerance
        return self.curvature[stage] if isinstance(self.curvature, tuple) else self.curvature

    def require_stages(self, stages: int) -> None:
        """Check that what is given by stage is as much as a network has stages.

        Raises:
            SltkError: they are not.
        """
        for name in _BY_STAGE:
            given = getattr(self, name)
            if given and len(given) != stages:
                raise SltkError(
                    f"{name} has one exponent a stage, of which the target has {stages}, or none at all, but got "
                    f"{name}={given!r}."
                )
        if isinstance(self.curvature, tuple) and len(self.curvature) != stages:
            raise SltkError(
                f"curvature is one number, or one a stage, of which the target has {stages}, but got "
                f"curvature={self.curvature!r}."
            )

    def record(self) -> dict[str, object]:
        """The recipe as JSON."""
        bends = list(self.curvature) if isinstance(self.curvature, tuple) else self.curvature
        return {**asdict(self), "curvature": bends, **{name: list(getattr(self, name)) for name in _EXPONENTS}}

    def _require_exponents(self) -> None:
        exponents = (*(e for name in _EXPONENTS for e in getattr(self, name)), self.bias_exponent)
        whole = all(type(e) is int and abs(e) <= 30 for e in exponents)
        if not self.scale_exponents or not whole:
            raise SltkError(
                f"{', '.join(_EXPONENTS)} and bias_exponent are whole exponents of two from -30 to 30, but got "
                + ", ".join(f"{name}={getattr(self, name)!r}" for name in (*_EXPONENTS, "bias_exponent"))
                + "."
            )
        if self.param_eps is None and (self.stage_exponents or self.curvature is not None):
            raise SltkError(
                "stage_exponents and curvature go with param_eps, since eps allots a tolerance to "
                f"every stage itself, but got eps={self.eps}; pass param_eps."
            )

    def _require_numbers(self) -> None:
        if type(self.n) is not int or not 1 <= self.n <= MOST_SAMPLES:
            raise SltkError(f"n must be a whole number from 1 to {MOST_SAMPLES}, but got n={self.n!r}.")
        if (self.param_eps is None) == (self.eps is None):
            raise SltkError(
                "a recipe needs exactly one of param_eps (tolerance of every parameter) and eps (sup error), "
                f"but got param_eps={self.param_eps}, eps={self.eps}."
            )
        for name in (self.aim, "weight_bound", "hidden_reach", "curvature"):
            value: float | tuple[float, ...] | None = getattr(self, name)
            numbers = value if isinstance(value, tuple) else () if value is None else (value,)
            if not all(0.0 < number < float("inf") for number in numbers):
                raise SltkError(f"{name} must be positive and finite, but got {name}={value!r}.")


@dataclass(frozen=True)
class Search:
    """Which subset is taken of those within tolerance. It fixes the mask, and nothing in the source."""

    objective: Objective = "weighted"
    """Least error, fewest samples, least mass, or the share of the error bound. Where the first activation has an
    intercept, its stage minimises the mass unless asked for cardinality."""
    copy_error: float | tuple[float, ...] | None = None
    """With objective weighted: the error that each copy of a neuron is taken to have, such as .01, or one number a
    stage, in place of its certified bound; a problem is then to minimise ``|error| + copy_error sum |v|``, which has no
    bias towards zero."""
    sub_pool: int | None = None
    """Samples of every weight's pool that are searched first, spread evenly over it; the whole pool only where these
    do not do. It takes the time of the smaller pool and has the failures of the larger one."""
    first_copies: int | tuple[int, ...] | None = None
    """Copies of every neuron that are searched first where a stage chooses among copies, those whose weights have the
    smallest scales, or one number a stage; the others are only read where these do not do. With skip_unread, a ticket
    of fewer weights. Not with sub_pool."""
    prune_below: float | None = None
    """Leave out parameters up to this size; by default the tolerance."""
    skip_unread: bool = False
    """Solve the stages from the last to the first, and neither solve nor keep a copy that nothing above reads. The
    ticket computes the same, bit for bit. Not with weighted without copy_error, which has to know the copies below."""

    def require(self, n: int) -> None:
        """Check all of it for pools of ``n`` samples; a construction does so before it searches.

        Raises:
            SltkError: an unknown objective, a number out of range.
        """
        if self.objective not in get_args(Objective):
            raise SltkError(f"objective must be one of {get_args(Objective)}, but got objective={self.objective!r}.")
        if self.prune_below is not None and not 0.0 <= self.prune_below < float("inf"):
            raise SltkError(f"prune_below must be finite and >= 0, but got prune_below={self.prune_below!r}.")
        positive = all(0.0 < error < float("inf") for error in self._copy_errors)
        if self.copy_error is not None and not (self.objective == "weighted" and self._copy_errors and positive):
            raise SltkError(
                "copy_error is a positive number, or one a stage, beside objective='weighted', but got "
                f"copy_error={self.copy_error!r}, objective={self.objective!r}."
            )
        if self.sub_pool is not None and not 1 <= self.sub_pool <= n:
            raise SltkError(f"sub_pool is a number of samples from 1 to n = {n}, but got sub_pool={self.sub_pool!r}.")
        first, given = self._first_copies, self.first_copies is not None
        numbers = bool(first) and all(type(m) is int and 1 <= m <= n for m in first)
        if given and (self.sub_pool is not None or not numbers):
            raise SltkError(
                f"first_copies is a number of copies from 1 to n = {n}, or one a stage, without sub_pool, but got "
                f"first_copies={self.first_copies!r}, sub_pool={self.sub_pool!r}."
            )
        if self.skip_unread and self.certified_errors:
            raise SltkError(
                "skip_unread=True solves the stages from the last to the first, but objective='weighted' without "
                "copy_error weighs samples by the errors of the stages below; pass copy_error, or another objective."
            )

    @property
    def certified_errors(self) -> bool:
        """Whether the objective weighs samples by the certified errors of the copies that they read."""
        return self.objective == "weighted" and self.copy_error is None

    def copy_error_of(self, stage: int) -> float | None:
        """The error that each copy is taken to have at the input of ``stage``; ``None`` where none was declared.

        Raises:
            SltkError: one number a stage was given, and none for this one.
        """
        if not isinstance(self.copy_error, tuple):
            return self.copy_error
        return _of_stage("copy_error", self.copy_error, stage)

    def first_copies_of(self, stage: int) -> int | None:
        """Copies that are searched first at the input of ``stage``; ``None`` where all are.

        Raises:
            SltkError: one number a stage was given, and none for this one.
        """
        if not isinstance(self.first_copies, tuple):
            return self.first_copies
        return _of_stage("first_copies", self.first_copies, stage)

    @property
    def _first_copies(self) -> tuple[int, ...]:
        return _numbers(self.first_copies)

    @property
    def _copy_errors(self) -> tuple[float, ...]:
        return _numbers(self.copy_error)

    def pruned(self, tolerance: float) -> float:
        """Size up to which a parameter of that tolerance is left out."""
        return tolerance if self.prune_below is None else self.prune_below

    def record(self) -> dict[str, object]:
        """The search as JSON."""
        record: dict[str, object] = {
            **asdict(self), "copy_error": _listed(self.copy_error), "first_copies": _listed(self.first_copies),
        }  # fmt: skip
        for name, usual in _LATER.items():  # files from before they were asked have no such entries
            if record[name] == usual:
                del record[name]
        return record


@dataclass(frozen=True)
class Run:
    """How a construction is run; the result is the same bytes whatever stands here."""

    checkpoint: Path | None = None
    """Folder for solved parts, from which a construction that was stopped goes on; it is emptied at the end."""
    merge: bool = False
    """Solve nothing: every part has to lie in the checkpoint, where shards have left it, and stays there."""
    threads: int | None = None
    """Threads of the solver and of torch; by default all cores that the process may use."""
    device: str = "cpu"
    """Where pools are drawn and searched: cpu, or a device of torch such as cuda; the ticket is the same bytes."""
    report: Report | None = None
    """Called with (stage name, stage number, number of stages) before each stage."""


_BY_NUMBER = ("copy_error", "first_copies")
_LATER: dict[str, object] = {"skip_unread": False, "first_copies": None}

Number = TypeVar("Number", int, float)


def _numbers(given: Number | tuple[Number, ...] | None) -> tuple[Number, ...]:
    if given is None:
        return ()
    return given if isinstance(given, tuple) else (given,)


def _listed(given: Number | tuple[Number, ...] | None) -> object:
    return list(given) if isinstance(given, tuple) else given


def _of_stage(name: str, given: tuple[Number, ...], stage: int) -> Number:
    if stage >= len(given):
        raise SltkError(
            f"{name} has {len(given)} numbers, but the target has a stage {stage + 1}; give one number a stage, or "
            "one for all."
        )
    return given[stage]


T = TypeVar("T", Recipe, Search)


def from_record(kind: type[T], record: Mapping[str, Any]) -> T:
    """The recipe or search that ``record()`` wrote.

    Raises:
        SltkError: other entries than it has.
    """
    known, given = {f.name for f in fields(kind)}, dict[str, Any](record)
    if kind is Search:
        given = dict[str, Any](_LATER) | given
    if set(given) != known:
        raise SltkError(f"a stored {kind.__name__.lower()} needs the entries {sorted(known)}, but got {record!r:.200}.")
    for name in _BY_NUMBER:
        if isinstance(given.get(name), list):
            given[name] = tuple(given[name])
    if "scale_exponents" in given:
        for name in _EXPONENTS:
            given[name] = tuple(given[name])
    return kind(**given)


def spelled(law: object) -> str:
    """The text of a law: itself, or what its ``spec()`` says.

    Raises:
        SltkError: neither.
    """
    if isinstance(law, str):
        return law
    spec: object = getattr(law, "spec", None)
    if not callable(spec):
        raise SltkError(f"law must be text such as 'uniform(2.0)', or a law, but got {law!r}.")
    return str(spec())
