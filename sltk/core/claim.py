"""A claim of the field as one object: what it says, who says it, its bound, and how it is measured."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sltk.core.errors import SltkError

Status = Literal["explicit", "certified", "calibrated", "existential"]

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Claim:
    """A statement of the field with its bound, its measurement and, where there is one, its construction.

    Args:
        key: kebab-case; names the claim in code, proofs, tests, experiments and figures.
        statement: in LaTeX, with every constant.
        source: paper, arXiv id and theorem number, or how it was derived.
        bound: the proved number as a function of the parameters.
        measure: the same quantity as it is observed.
        hypotheses: one sentence each; what the statement needs.
        status: of the constants: ``explicit`` in the statement, ``certified`` by machine, ``calibrated`` by
            measurement, or ``existential`` (the caller must supply them).
        required_width: the width that the statement asks for.
        lower_bound: the width below which it must fail.
        construction: what realises it.

    Raises:
        SltkError: a key that is not kebab-case, an empty statement or source, an unknown status, or a field that
            should be callable and is not.
    """

    key: str
    statement: str
    source: str
    bound: Callable[..., Any]
    measure: Callable[..., Any]
    hypotheses: tuple[str, ...] = ()
    status: Status = "explicit"
    required_width: Callable[..., Any] | None = None
    lower_bound: Callable[..., Any] | None = None
    construction: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if not _KEBAB.fullmatch(self.key):
            raise SltkError(f"a claim's key must be kebab-case like 'subset-sum-covering', but got {self.key!r}.")
        self._require_text()
        self._require_callables()
        if isinstance(self.hypotheses, str):
            raise SltkError(f"claim {self.key!r} needs a tuple of hypotheses, but got one string; write (text,).")
        if self.status not in get_args(Status):
            raise SltkError(
                f"claim {self.key!r} needs a status of {', '.join(get_args(Status))}, but got {self.status!r}."
            )

    def _require_text(self) -> None:
        for name in ("statement", "source"):
            if not getattr(self, name).strip():
                raise SltkError(f"claim {self.key!r} needs a {name}, but it is empty.")

    def _require_callables(self) -> None:
        for name in ("bound", "measure"):
            if not callable(getattr(self, name)):
                raise SltkError(f"claim {self.key!r} needs a function for {name}, but got {getattr(self, name)!r}.")
        for name in ("required_width", "lower_bound", "construction"):
            if not (getattr(self, name) is None or callable(getattr(self, name))):
                raise SltkError(
                    f"claim {self.key!r} needs a function or None for {name}, but got {getattr(self, name)!r}."
                )
