"""What a stream asks: arguments of ``solve``, each the same for all targets or one row a target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.subset_sum.problem import Limits, floats, read
from sltk.subset_sum.restrict import restriction
from sltk.subset_sum.stream.drawn import Drawn
from sltk.subset_sum.stream.rows import Chunked, Rows, Source, Stored

SAMPLES = ("pool", "costs", "locked")  # arguments with an entry a sample


@dataclass(frozen=True)
class Question:
    """Arguments of ``solve`` for all targets of a stream.

    Attributes:
        objective: what is to be least.
        same: arguments that all targets share.
        rows: arguments with a row a target; ``target`` is always one, and so is ``pool`` where each has its own.
        n: samples of a pool.
        count: targets, where that is known before the last is read.
    """

    objective: str
    same: Mapping[str, Rows]
    rows: Mapping[str, Source]
    n: int
    count: int | None

    @property
    def own(self) -> bool:
        """Whether every target has a pool of its own."""
        return "pool" in self.rows

    @property
    def wide(self) -> bool:
        """Whether something has an entry for each sample of each target."""
        return any(name in SAMPLES for name in self.rows)

    def record(self) -> dict[str, object]:
        """What fixes the answers, but for rows that were given: their bytes are hashed as they are read."""
        same = {name: _record(values) for name, values in self.same.items()}
        rows = {name: own.record() if isinstance(own, Drawn) else "given" for name, own in self.rows.items()}
        return {"objective": self.objective, "n": self.n, "same": same, "rows": rows}

    def given(self) -> list[str]:
        """Arguments whose rows were given, by name."""
        return sorted(name for name, own in self.rows.items() if not isinstance(own, Drawn))


def question_of(objective: str, limits: Limits, arguments: Mapping[str, Any]) -> Question:
    """The question of ``arguments`` (by the names of ``solve``; ``None`` is left out), checked before a row is read.

    Raises:
        SltkError: shapes that do not fit, numbers of rows that differ, what ``solve`` refuses of one target 0.
    """
    same, rows = dict[str, Rows](), dict[str, Source]()
    for name, given in arguments.items():
        if given is not None:
            _sort(name, given, same, rows)
    n = _samples(same, rows)
    question = Question(objective, same, rows, n, _count(rows))
    _try_one(question, limits)
    return question


def _sort(name: str, given: Any, same: dict[str, Rows], rows: dict[str, Source]) -> None:
    """Put an argument among those that are the same for all targets, or those with a row a target."""
    if isinstance(given, Drawn):
        rows[name] = given
    elif isinstance(given, Iterator):
        rows[name] = Chunked(name, cast("Iterator[Any]", given))
    else:
        values = _array(name, given)
        one = name in SAMPLES  # axes of what all targets share: a number, or one a sample
        if name != "target" and values.ndim == one:
            same[name] = np.asarray(values) if name in ("size", "locked") else floats(name, values)
        elif values.ndim == one + 1:
            rows[name] = Stored(name, values)
        else:
            shapes = "(targets,)" if name == "target" else "(n,) or (targets, n)" if one else "() or (targets,)"
            raise SltkError(f"{name} of a stream must have shape {shapes}, but has {tuple(values.shape)}; reshape it.")


def _array(name: str, given: Any) -> Any:
    """``given`` as it lies where it has a shape and slices, so that nothing is read yet; else as an array."""
    if hasattr(given, "detach"):
        return given.detach().cpu().numpy()
    if hasattr(given, "ndim") and hasattr(given, "shape") and hasattr(given, "__getitem__"):
        return given
    return np.asarray(given) if name in ("size", "locked") else floats(name, given)


def _samples(same: Mapping[str, Rows], rows: Mapping[str, Source]) -> int:
    """``n``, where all that has an entry a sample agrees."""
    for name in ("pool", "target"):
        if name not in same and name not in rows:
            raise SltkError(f"a stream needs a {name}, but {name}=None; pass an array, an iterator of chunks or Drawn.")
    shapes = {name: own.row for name, own in rows.items()} | {name: values.shape for name, values in same.items()}
    n = shapes["pool"][0] if len(shapes["pool"]) == 1 else -1
    for name, shape in shapes.items():
        wanted = (n,) if name in SAMPLES else ()
        if shape != wanted:
            raise SltkError(
                f"a row of {name} must have shape {'(n,)' if n < 0 else wanted}, but has {shape}; "
                f"pass {name} with one row a target, each of that shape."
            )
    return n


def _count(rows: Mapping[str, Source]) -> int | None:
    """How many targets there are, by those arguments that know."""
    known = {name: own.count for name, own in rows.items() if own.count is not None}
    if len(set(known.values())) > 1:
        said = ", ".join(f"{name} has {count}" for name, count in known.items())
        raise SltkError(f"all that has a row a target must have as many rows, but {said}.")
    if not known and all(isinstance(own, Drawn) for own in rows.values()):
        raise SltkError("where everything is drawn something must say how many targets there are: Drawn(..., count=).")
    return next(iter(known.values()), None)


def _try_one(question: Question, limits: Limits) -> None:
    """Let ``solve``'s own checks look at a target 0 with a pool of zeros, and all that is the same for all targets."""
    one: dict[str, Any] = {
        name: np.full((1, *own.row), name in ("eps", "alpha"), np.float64)
        for name, own in question.rows.items() if name not in ("size", "locked")
    }  # fmt: skip
    one |= {name: values for name, values in question.same.items() if name not in ("size", "locked")}
    pool, target, eps, costs, alpha = (one.get(name) for name in ("pool", "target", "eps", "costs", "alpha"))
    problem = read(pool, target, eps, question.objective, costs, alpha, limits)
    restriction(problem, question.same.get("size"), question.same.get("locked"))
    if not question.own and ("size" in question.same or "size" in question.rows):
        raise SltkError(
            "size goes with a pool for each target in a stream, since the search by size of one shared pool looks at "
            "all targets at once; pass a pool with a row a target, or solve in memory."
        )


def _record(values: Rows) -> object:
    """A number as it is, an array by the hash of its bytes, little-endian."""
    if not values.ndim:
        return values.item()
    return sha256(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes())
