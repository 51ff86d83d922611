"""Claims that are judged by runs paired over seeds: findings of families of comparisons."""

from collections.abc import Mapping
from dataclasses import dataclass

from sltk.core.statistics.paired import Finding, Paired, findings

LEVEL = 0.05  # of all findings of a claim together


@dataclass(frozen=True)
class PairedFinding:
    """What was found of one claim in one place.

    Attributes:
        claim: in words.
        basis: where: a basis, or a rival and a density.
        finding: supported, contradicted or open, in the sense of ``sltk.core.statistics.paired.TESTED``: what is
            refuted is symmetry about the margin, not a mean.
        p_value: after Holm's correction over the claim's family.
        comparison: that it rests on.
    """

    claim: str
    basis: str
    finding: Finding
    p_value: float
    comparison: Paired


def judged_claims(families: Mapping[str, Mapping[str, Paired]], level: float = LEVEL) -> list[PairedFinding]:
    """Findings of each claim, a family of comparisons by place, with Holm's correction over it."""
    return [
        PairedFinding(claim, where, finding, p_value, family[where])
        for claim, family in families.items()
        for where, (finding, p_value) in findings(family, level).items()
    ]
