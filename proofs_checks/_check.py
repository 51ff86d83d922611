"""What a machine has checked of a proof: steps that must hold, each with mutations that must not.

A step is a function whose default arguments are the constants of the proof. A mutation calls the same function with
one of them changed (a wrong constant, a dropped factor); it counts as caught only where the step itself refutes it.
Any other exception is a defect of the check, and is reported as one.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sltk.core.errors import SltkError

Extent = Literal["proved", "partly"]


class Refuted(AssertionError):
    """A step does not hold: the message says where."""


@dataclass(frozen=True)
class ProofStep:
    """One statement and how it must fail.

    Args:
        name: the statement, in a few words.
        run: returns ``True`` where the statement holds; returns ``False`` or raises ``Refuted`` where it does not.
        mutations: what is wrong, to the keyword arguments of ``run`` that say so; at least one.
    """

    name: str
    run: Callable[..., bool]
    mutations: Mapping[str, Mapping[str, Any]]

    def __post_init__(self) -> None:
        if not self.mutations:
            raise SltkError(
                f"step {self.name!r} has no mutation, so nothing shows that it can fail; change a constant."
            )
        if not all(self.mutations.values()):
            raise SltkError(f"step {self.name!r} has a mutation that changes nothing; name the argument it changes.")


@dataclass(frozen=True)
class ProofCheck:
    """The checked part of one claim's proof.

    Args:
        key: of the claim.
        steps: at least one.
        covers: what follows from the steps, in one or two sentences.
        trusts: what the claim needs and no step shows; empty where nothing is left but textbook facts.
    """

    key: str
    steps: tuple[ProofStep, ...]
    covers: str
    trusts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if not names or len(set(names)) < len(names):
            raise SltkError(f"check {self.key!r} needs steps with names of their own, but got {names}.")
        if not self.covers.strip():
            raise SltkError(f"check {self.key!r} does not say what it covers; write one sentence.")

    @property
    def extent(self) -> Extent:
        """``proved`` where nothing is taken on trust."""
        return "partly" if self.trusts else "proved"


@dataclass
class CheckOutcome:
    """What came of one check; ``failures`` and ``missed`` are empty where all is well."""

    key: str
    steps: int = 0
    mutations: int = 0
    failures: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Every step holds and every mutation was caught."""
        return not self.failures and not self.missed


def execute(check: ProofCheck) -> CheckOutcome:
    """Run every step, and every mutation of it."""
    begin, outcome = time.perf_counter(), CheckOutcome(check.key)
    for step in check.steps:
        outcome.steps += 1
        found = _refutation(step, {})
        if found is not None:
            outcome.failures.append(f"{step.name}: {found}")
        for label, changes in step.mutations.items():
            outcome.mutations += 1
            _mutate(step, label, changes, outcome)
    outcome.seconds = time.perf_counter() - begin
    return outcome


def _mutate(step: ProofStep, label: str, changes: Mapping[str, Any], outcome: CheckOutcome) -> None:
    try:
        caught = _holds(step, changes) is not None
    except Exception as error:
        outcome.missed.append(f"{step.name} [{label}] broke instead of being refuted: {error!r}")
        return
    if not caught:
        outcome.missed.append(f"{step.name} [{label}] still holds")


def _refutation(step: ProofStep, changes: Mapping[str, Any]) -> str | None:
    try:
        return _holds(step, changes)
    except Exception as error:
        return f"broke: {error!r}"


def _holds(step: ProofStep, changes: Mapping[str, Any]) -> str | None:
    """``None`` where the step holds, else why not."""
    try:
        answer = step.run(**changes)
    except Refuted as refuted:
        return str(refuted) or "refuted"
    if answer is not True and answer is not False:
        raise TypeError(f"step {step.name!r} returned {answer!r} instead of True or False")
    return None if answer else "does not hold"


def require(condition: bool, message: str) -> None:
    """Refute the running step with ``message`` unless ``condition``."""
    if not condition:
        raise Refuted(message)
