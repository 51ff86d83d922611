"""What is claimed of RST, judged over the arms of one job."""

import math
from collections.abc import Mapping
from typing import Any

from sltk.data.datasets import load
from sltk.models.dense import network_for, sizes_for
from sltk.studies.findings import LEVEL, Comparison, PairedFinding, compared, judged_claims, spent
from sltk.studies.rst_arms import RstJob, lengths
from sltk.train.loop.samples import VALIDATION
from sltk.train.tickets.attach import LAYERS

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
    said = settings(job)
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


def settings(job: RstJob) -> dict[float, str]:
    """By density, what a verdict speaks of: data, network, dense layers, inputs a unit, lengths, cap."""
    data = load(job.data, job.folder)
    rows = len(data.train_y) - round(VALIDATION * len(data.train_y))
    network = network_for(job.model, job.hidden, data)(0)
    classes = int(data.train_y.max()) + 1
    name = "-".join(map(str, sizes_for(data.input_shape, job.hidden, classes))) if job.model == "dense" else job.model
    fans = [math.prod(layer.weight.shape[1:]) for layer in network.modules() if isinstance(layer, LAYERS)]
    pruned = job.scope("layerwise").covered([str(place) for place in range(len(fans))])
    least = min(fans[int(place)] for place in pruned)
    whole = lengths(job, rows)
    dense = "first and last layer" if len(pruned) < len(fans) - 1 else "last layer"
    return {
        density: f"{job.data}, {name}, {dense} dense, {density * least:.3g} inputs a unit (least), "
        f"{whole.total} steps an arm, cap {job.largest_penalty:g}" + (f", {job.preset} preset" if job.preset else "")
        for density in job.densities
    }
