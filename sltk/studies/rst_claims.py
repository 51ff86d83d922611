"""What is claimed of RST, judged over the arms of one job."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from sltk.studies.findings import LEVEL, Comparison, PairedFinding, compared, judged_claims, spent
from sltk.studies.rst_arms import RstJob

RIVALS = {  # by claim: whom RST is held against, and whether it may be worse by the margin
    "weak": (("scratch", "dense, then cut"), False),
    "strong": (("lth, 5 rounds", "lth, 5 rounds, global"), True),
}


def judge(job: RstJob, found: Mapping[str, Any], level: float = LEVEL, margin: float = 0.005) -> list[PairedFinding]:
    """The weak and the strong claim, each a family over densities and rivals, paired over seeds, Holm over it.

    Weak: better than a random mask trained from scratch, and than dense-then-cut. Strong: not worse by ``margin`` than
    LTH of five rounds, layerwise and global. Only arms of equal budgets are held against each other.
    """
    families: dict[str, dict[str, Comparison]] = {}
    said = settings(job, found["rst"]) if "rst" in found else {}
    for claim, (rivals, may_be_worse) in RIVALS.items():
        families[claim] = {}
        for rival in (r for r in rivals if r in found and "rst" in found):
            for n, density in enumerate(job.densities):
                ours, theirs = found["rst"], found[rival]
                families[claim][f"{rival} at {density:g}"] = compared(
                    ours["test"][n], theirs["test"][n], (spent(ours, n), spent(theirs, n)),
                    setting=said[density], margin=-margin if may_be_worse else 0.0,
                )  # fmt: skip
    return judged_claims(families, level)


def settings(job: RstJob, parts: Mapping[str, Any]) -> dict[float, str]:
    """By density, what a verdict speaks of: data, network, dense layers, inputs a unit, lengths, cap.

    Args:
        job: that was run.
        parts: what was measured of RST.
    """
    dense = "first and last layer" if job.scope("layerwise").dense_first else "last layer"
    lasting = f"cap {job.largest_penalty:g}" + (f", {job.preset} preset" if job.preset else "")
    return {
        density: f"{job.data}, {parts['network']}, {dense} dense, {density * parts['fan_in']:.3g} inputs a unit "
        f"(least), {fmean(parts['epochs'][n]):g} epochs an arm, {lasting}"
        for n, density in enumerate(job.densities)
    }
