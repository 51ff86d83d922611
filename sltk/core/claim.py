"""A claim of the field as one object: what it says, who says it, its numbers, and how it is measured."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.statistics.verdict import Design, Verdict

Status = Literal["explicit", "certified", "calibrated", "existential"]
Provenance = Literal["read", "abstract", "restated", "remembered", "derived", "measured"]
Preset = Literal["quick", "standard"]
Piece = Literal["claim", "proof", "test", "study", "figure"]

PROVENANCE: dict[str, str] = {
    "read": "read in the public text",
    "abstract": "read in the public abstract",
    "restated": "as another paper restates it",
    "remembered": "remembered and not verified, so not to be quoted as the paper's statement",
    "derived": "derived for this project and provable as stated",
    "measured": "measured for this project",
}
NUMBERS = ("bound", "required_width", "lower_bound")

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Hypothesis:
    """What a statement needs, as a predicate.

    Args:
        text: the hypothesis in words.
        holds: predicate; the names of its parameters are those that it looks at.
        why: what breaks without it.
        cure: what to do about it.
    """

    text: str
    holds: Callable[..., bool]
    why: str
    cure: str

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters that the predicate looks at."""
        return tuple(inspect.signature(self.holds).parameters)

    def require(self, key: str, given: Mapping[str, Any]) -> None:
        """Raise SltkError, saying what fails, why, and the cure, where the predicate is false of ``given``."""
        values = {name: given[name] for name in self.names}
        if not self.holds(**values):
            shown = ", ".join(f"{name}={value!r}" for name, value in values.items())
            raise SltkError(f"claim {key!r} needs {self.text}, but got {shown}: {self.why}; {self.cure}.")


@dataclass(frozen=True)
class Case:
    """One measurement of a claim and the test that it is put to.

    Args:
        name: unique within the claim.
        cell: what is measured, as JSON values.
        plan: the test, fixed in advance: null hypothesis, false alarm, number of trials.
        predicted: what the claim says of this cell, in words.
        control: a negative control, which must come out refuted.
    """

    name: str
    cell: Mapping[str, Any]
    plan: Design
    predicted: str
    control: bool = False


Measure = Callable[[Mapping[str, Any], int, np.random.Generator], Mapping[str, Any]]


@dataclass(frozen=True)
class Claim:
    """A statement of the field with its numbers, its measurement and, where there is one, its construction.

    Args:
        key: kebab-case; names the claim in code, proofs, tests, experiments and figures.
        title: what it is, in a few words.
        statement: in LaTeX, with every constant.
        source: paper, arXiv id and theorem number, or how it was derived.
        provenance: ``(part, mark)``; the first part is the statement, and says what it rests on.
        explanation: what it means and how it is used here, on one screen.
        hypotheses: predicates; every number below is refused where one of them fails.
        status: of the constants: ``explicit`` in the statement, ``certified`` by machine, ``calibrated`` by
            measurement, or ``existential`` (numbers take a ``constant`` that the caller must supply).
        bound: the proved number as a function of the parameters.
        required_width: the width that the statement asks for.
        lower_bound: the width below which it must fail.
        construction: what realises it.
        measure: ``(cell, trials, generator)`` to counts or sums that may be added over blocks of trials (see
            ``sltk.core.statistics.verdict.merge``).
        cases: what is measured under a preset.
        absent: the pieces that the claim does not have, with the reason.
        revision: raised when ``measure`` changes meaning, so that stored rows are not mistaken for new ones.

    Raises:
        SltkError: a key that is not kebab-case, an empty text, an unknown status or mark, a field that should be
            callable and is not, an existential number without ``constant``, ``measure`` without ``cases``.
    """

    key: str
    title: str
    statement: str
    source: str
    provenance: tuple[tuple[str, Provenance], ...]
    explanation: str
    hypotheses: tuple[Hypothesis, ...] = ()
    status: Status = "explicit"
    bound: Callable[..., Any] | None = None
    required_width: Callable[..., Any] | None = None
    lower_bound: Callable[..., Any] | None = None
    construction: Callable[..., Any] | None = None
    measure: Measure | None = None
    cases: Callable[[Preset], tuple[Case, ...]] | None = None
    absent: Mapping[str, str] = field(default_factory=dict[str, str])
    revision: int = 1

    def __post_init__(self) -> None:
        if not _KEBAB.fullmatch(self.key):
            raise SltkError(f"a claim's key must be kebab-case like 'subset-sum-covering', but got {self.key!r}.")
        self._require_text()
        self._require_callables()
        self._require_words()
        for name in NUMBERS:
            function = getattr(self, name)
            if function is not None:
                object.__setattr__(self, name, self._guarded(name, function))

    def require(self, **given: Any) -> tuple[str, ...]:
        """Check every hypothesis whose parameters are all in ``given``.

        Returns:
            Texts of the hypotheses that could not be checked, because a parameter of theirs was not given.

        Raises:
            SltkError: a hypothesis fails (what, why, cure), or a name that no hypothesis looks at.
        """
        known = {name for hypothesis in self.hypotheses for name in hypothesis.names}
        unknown = sorted(set(given) - known)
        if unknown:
            raise SltkError(
                f"claim {self.key!r} has no hypothesis about {', '.join(unknown)}; give some of {sorted(known)}."
            )
        return self._check(given)

    def verdict(self, case: Case, observed: Mapping[str, Any]) -> Verdict:
        """What the observation of ``case`` says of the claim, by the rule of the case's plan."""
        return case.plan.judge(observed)

    @property
    def quotable(self) -> bool:
        """Whether the statement may be shown as the source's own."""
        return self.provenance[0][1] not in ("remembered", "abstract")

    def _check(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        unchecked: list[str] = []
        for hypothesis in self.hypotheses:
            if all(name in given for name in hypothesis.names):
                hypothesis.require(self.key, given)
            else:
                unchecked.append(hypothesis.text)
        return tuple(unchecked)

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        if self.status == "existential" and name == "required_width" and "constant" not in signature.parameters:
            raise SltkError(f"claim {self.key!r} is existential, so its {name} must take a parameter 'constant'.")

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            if "constant" in bound.arguments:
                require_constant(self.key, bound.arguments["constant"])
            self._check(bound.arguments)
            return function(*args, **kwargs)

        return guarded

    def _require_text(self) -> None:
        for name in ("title", "statement", "source", "explanation"):
            if not getattr(self, name).strip():
                raise SltkError(f"claim {self.key!r} needs a {name}, but it is empty.")

    def _require_callables(self) -> None:
        for name in (*NUMBERS, "construction", "measure", "cases"):
            if not (getattr(self, name) is None or callable(getattr(self, name))):
                raise SltkError(
                    f"claim {self.key!r} needs a function or None for {name}, but got {getattr(self, name)!r}."
                )
        if (self.measure is None) != (self.cases is None):
            raise SltkError(f"claim {self.key!r} needs measure and cases together; give both or neither.")

    def _require_words(self) -> None:
        if self.status not in get_args(Status):
            raise SltkError(
                f"claim {self.key!r} needs a status of {', '.join(get_args(Status))}, but got {self.status!r}."
            )
        if not self.provenance or any(mark not in PROVENANCE for _, mark in self.provenance):
            raise SltkError(
                f"claim {self.key!r} needs provenance marks of {', '.join(PROVENANCE)}, but got {self.provenance!r}."
            )
        given: Any = self.hypotheses  # whatever an untyped caller has passed
        if not isinstance(given, tuple) or not all(isinstance(h, Hypothesis) for h in cast("tuple[Any, ...]", given)):
            raise SltkError(f"claim {self.key!r} needs a tuple of Hypothesis objects, but got {self.hypotheses!r}.")
        if not set(self.absent) <= set(get_args(Piece)):
            raise SltkError(f"claim {self.key!r} lacks one of {get_args(Piece)}, but got {sorted(self.absent)}.")


def require_constant(key: str, constant: float | None) -> float:
    """``constant``, where the caller has given one.

    Raises:
        SltkError: it is None, or not a positive number.
    """
    if constant is None:
        raise SltkError(
            f"claim {key!r} has an existential constant: its source proves that one exists and gives no number. "
            "Pass constant=..., a value of your own or a calibrated one, and read the result as resting on it."
        )
    if not constant > 0:
        raise SltkError(f"claim {key!r} needs constant > 0, but got constant={constant}.")
    return float(constant)
