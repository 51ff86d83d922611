"""Claims that are judged by runs paired over seeds: findings of families of comparisons, at equal budgets alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from sltk.core.statistics.paired import Finding, Paired, findings, paired

LEVEL = 0.05  # of all findings of a claim together
SAME = 0.005  # of their epochs: trainings of whole steps cannot always share a budget more evenly
NO_VERDICT: Literal["no verdict: unequal budgets"] = "no verdict: unequal budgets"
Verdict = Finding | Literal["no verdict: unequal budgets"]


@dataclass(frozen=True)
class Comparison:
    """Two arms held against each other, and what a verdict on them speaks of.

    Attributes:
        paired: first less second, seed by seed.
        setting: network, inputs a unit at that density, lengths, and what else the verdict depends on.
        budgets: epochs and multiply-adds of both, in words.
        equal: whether the budgets are equal, seed by seed, to ``SAME`` of the epochs; else there is no verdict.
    """

    paired: Paired
    setting: str
    budgets: str
    equal: bool


@dataclass(frozen=True)
class PairedFinding:
    """What was found of one claim in one place.

    Attributes:
        claim: in words.
        basis: where: a basis, or a rival and a density.
        finding: supported, contradicted or open, in the sense of ``sltk.core.statistics.paired.TESTED``: what is
            refuted is symmetry about the margin, not a mean. Or ``NO_VERDICT``.
        p_value: after Holm's correction over the claim's family; 1 where there is no verdict.
        comparison: that it rests on.
        setting: that it speaks of, and of no other.
        budgets: of both arms.
    """

    claim: str
    basis: str
    finding: Verdict
    p_value: float
    comparison: Paired
    setting: str = ""
    budgets: str = ""


@dataclass(frozen=True)
class Spent:
    """Epochs and multiply-adds of one arm, by seed."""

    epochs: Sequence[float]
    multiply_adds: Sequence[float]


def compared(
    first: Sequence[float], second: Sequence[float], spent: tuple[Spent, Spent], *, setting: str, margin: float = 0.0
) -> Comparison:
    """``first - second`` against ``margin``, with the budgets that the two arms have had."""
    ours, theirs = spent
    equal = all(abs(a - b) <= SAME * max(a, b) for a, b in zip(ours.epochs, theirs.epochs, strict=True))
    return Comparison(paired(first, second, margin), setting, f"{_said(ours)} against {_said(theirs)}", equal)


def judged_claims(families: Mapping[str, Mapping[str, Comparison]], level: float = LEVEL) -> list[PairedFinding]:
    """Findings of each claim, a family of comparisons by place, with Holm's correction over those of equal budgets."""
    judged = []
    for claim, family in families.items():
        found = findings({where: c.paired for where, c in family.items() if c.equal}, level)
        for where, c in family.items():
            verdict: tuple[Verdict, float] = found[where] if c.equal else (NO_VERDICT, 1.0)
            judged.append(PairedFinding(claim, where, *verdict, c.paired, c.setting, c.budgets))
    return judged


def _said(spent: Spent) -> str:
    return f"{fmean(spent.epochs):g} epochs, {fmean(spent.multiply_adds):.3g} multiply-adds"


def spent(parts: Mapping[str, Any], place: int) -> Spent:
    """Of outputs ``{part: [[value by seed] by density]}``."""
    return Spent(parts["epochs"][place], parts["multiply_adds"][place])
