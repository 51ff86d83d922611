"""What is asked of a construction, in three parts that the Python API, the command line, the file and a resume share.

``Recipe`` fixes the source, together with architecture, domain and seed; no target is among it. ``Search`` says which
subset is taken of those within tolerance. ``Run`` changes nothing in the result.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from sltk.core.errors import SltkError
from sltk.core.report import Report

Aim = Literal["param_eps", "eps"]
Objective = Literal["error", "cardinality", "mass", "weighted"]

MOST_SAMPLES = 40
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
    first_activation: str | None = None
    """Activation of the source's univariate layers, such as tanh; by default the target's first, or relu."""
    biases: bool = True
    """Whether the class has biases; without them the source has no constant neurons."""
    weight_bound: float = 1.0
    """Largest parameter of the declared class; used by eps only."""
    hidden_reach: float = 8.0
    """Largest hidden value that two-layer is made for; used by param_eps only."""

    def __post_init__(self) -> None:
        if not isinstance(self.law, str):
            object.__setattr__(self, "law", _spelled(self.law))
        object.__setattr__(self, "scale_exponents", tuple(self.scale_exponents))  # files have lists

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

    def record(self) -> dict[str, object]:
        """The recipe as JSON."""
        return asdict(self) | {"scale_exponents": list(self.scale_exponents)}

    def _require_exponents(self) -> None:
        exponents = (*self.scale_exponents, self.bias_exponent)
        whole = all(isinstance(e, int) and not isinstance(e, bool) and abs(e) <= 30 for e in exponents)
        if not self.scale_exponents or not whole:
            raise SltkError(
                "scale_exponents and bias_exponent are whole exponents of two from -30 to 30, but got "
                f"scale_exponents={self.scale_exponents!r}, bias_exponent={self.bias_exponent!r}."
            )

    def _require_numbers(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or not 1 <= self.n <= MOST_SAMPLES:
            raise SltkError(f"n must be a whole number from 1 to {MOST_SAMPLES}, but got n={self.n!r}.")
        if (self.param_eps is None) == (self.eps is None):
            raise SltkError(
                "a recipe needs exactly one of param_eps (tolerance of every parameter) and eps (sup error), "
                f"but got param_eps={self.param_eps}, eps={self.eps}."
            )
        for name in (self.aim, "weight_bound", "hidden_reach"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise SltkError(f"{name} must be positive and finite, but got {name}={getattr(self, name)!r}.")


@dataclass(frozen=True)
class Search:
    """Which subset is taken of those within tolerance. It fixes the mask, and nothing in the source."""

    objective: Objective = "weighted"
    """Least error, fewest samples, least mass, or the share of the error bound. Where the first activation has an
    intercept, its stage minimises the mass unless asked for cardinality."""
    copy_error: float | None = None
    """With objective weighted: the error that each copy of a neuron is taken to have, such as .01, in place of its
    certified bound; a problem is then to minimise |error| + copy_error sum |v|, which has no bias towards zero."""
    sub_pool: int | None = None
    """Samples of every weight's pool that are searched first, spread evenly over it; the whole pool only where these
    do not do. It takes the time of the smaller pool and has the failures of the larger one."""
    prune_below: float | None = None
    """Leave out parameters up to this size; by default the tolerance."""

    def require(self, n: int) -> None:
        """Check all of it for pools of ``n`` samples; a construction does so before it searches.

        Raises:
            SltkError: an unknown objective, a number out of range.
        """
        if self.objective not in get_args(Objective):
            raise SltkError(f"objective must be one of {get_args(Objective)}, but got objective={self.objective!r}.")
        if self.prune_below is not None and not 0.0 <= self.prune_below < float("inf"):
            raise SltkError(f"prune_below must be finite and >= 0, but got prune_below={self.prune_below!r}.")
        if self.copy_error is not None and not (self.objective == "weighted" and 0.0 < self.copy_error < float("inf")):
            raise SltkError(
                f"copy_error is a positive number beside objective='weighted', but got copy_error={self.copy_error!r}, "
                f"objective={self.objective!r}."
            )
        if self.sub_pool is not None and not 1 <= self.sub_pool <= n:
            raise SltkError(f"sub_pool is a number of samples from 1 to n = {n}, but got sub_pool={self.sub_pool!r}.")

    @property
    def certified_errors(self) -> bool:
        """Whether the objective weighs samples by the certified errors of the copies that they read."""
        return self.objective == "weighted" and self.copy_error is None

    def pruned(self, tolerance: float) -> float:
        """Size up to which a parameter of that tolerance is left out."""
        return tolerance if self.prune_below is None else self.prune_below

    def record(self) -> dict[str, object]:
        """The search as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Run:
    """How a construction is run; the result is the same bytes whatever stands here."""

    checkpoint: Path | None = None
    """Folder for solved stages, from which a construction that was stopped goes on; it is emptied at the end."""
    threads: int | None = None
    """Threads of the solver and of torch; by default all cores that the process may use."""
    report: Report | None = None
    """Called with (stage name, stage number, number of stages) before each stage."""


T = TypeVar("T", Recipe, Search)


def from_record(kind: type[T], record: Mapping[str, Any]) -> T:
    """The recipe or search that ``record()`` wrote.

    Raises:
        SltkError: other entries than it has.
    """
    known = {f.name for f in fields(kind)}
    if not isinstance(record, Mapping) or set(record) != known:
        raise SltkError(f"a stored {kind.__name__.lower()} needs the entries {sorted(known)}, but got {record!r:.200}.")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in record.items()})


def _spelled(law: object) -> str:
    if not hasattr(law, "spec"):
        raise SltkError(f"law must be text such as 'uniform(2.0)', or a law, but got {law!r}.")
    return law.spec()  # pyright: ignore[reportAttributeAccessIssue]  # just checked
