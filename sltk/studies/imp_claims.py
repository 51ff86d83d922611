"""What is claimed of lottery tickets across bases, judged over the bases of one job."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sltk.studies.areas import Curve, areas
from sltk.studies.findings import LEVEL, Comparison, PairedFinding, Spent, compared, judged_claims
from sltk.studies.imp_bases import DENSE, ImpJob
from sltk.train.pruning.followers import LEADER
from sltk.train.runner import REINITIALISED

EXTREME = 0.05


def judge(job: ImpJob, found: Mapping[str, Any], level: float = LEVEL, margin: float = 0.005) -> list[PairedFinding]:
    """The claims, each a family over the bases, each comparison paired over seeds, Holm over the family.

    1 flat: not worse than dense by ``margin`` at half density; 1 rise: better there; 1 fall: worse than there at the
    last round. 2: not worse than dense by ``margin`` at a density of about .2. These hold trainings of one length in
    one run against each other, at densities asked. 3: better than the canonical run with the same sort of classifier,
    over log density as achieved: up to .05, over all densities that both achieved, and the same of live densities.
    4: better than reinitialised. 5: better than a random mask; both over all densities. 3 to 5 hold whole runs against
    each other, at equal budgets alone. The training runs are what is random here: the test part is one and the same.
    """
    half, fifth = nearest(job, 0.5), nearest(job, 0.2)
    said = {task: setting(job, task, arms[LEADER]["network"]) for task, arms in found.items()}
    families: dict[str, Callable[[str], Comparison | None]] = {
        "1 flat at half density": lambda b: _at(found[b], half, 0, said[b], -margin),
        "1 rises at half density": lambda b: _at(found[b], half, 0, said[b]),
        "1 then falls": lambda b: _at(found[b], half, job.rounds, said[b]),
        "2 matches at a fifth": lambda b: _at(found[b], fifth, 0, said[b], -margin),
        "3 beats canonical when extreme": lambda b: _canonical(job, found, b, said[b], "density", EXTREME),
        "3 beats canonical over densities": lambda b: _canonical(job, found, b, said[b], "density"),
        "3 beats canonical over live ones": lambda b: _canonical(job, found, b, said[b], "live"),
        "4 beats reinitialised": lambda b: _control(found[b], REINITIALISED, said[b]),
        "5 beats random mask": lambda b: _control(found[b], "random", said[b]),
    }
    held = {
        claim: {basis: one for basis in found if (one := compare(basis)) is not None}
        for claim, compare in families.items()
    }
    return judged_claims(held, level)


def setting(job: ImpJob, task: str, network: str) -> str:
    """What the verdicts on ``task`` speak of: data, network, classifier, epochs of a training."""
    classifier = "dense" if job.dense_classifier(task) else "pruned"
    return f"{job.data}, {network}, classifier {classifier}, {job.epochs} epochs a training, {job.rounds} rounds"


def nearest(job: ImpJob, density: float) -> int:
    """The round whose density, as asked, is nearest to ``density``."""
    return int(np.argmin(np.abs(np.log(np.asarray(job.densities) / density))))


def curves(parts: Mapping[str, Any], by: str = "density") -> list[Curve]:
    """One a seed: densities as achieved, or live ones, and test accuracies."""
    return list(zip(parts[by], parts["test"], strict=True))


def _at(arms: Mapping[str, Any], here: int, there: int, said: str, margin: float = 0.0) -> Comparison:
    own = arms[LEADER]
    first, second = ([seed[place] for seed in own["test"]] for place in (here, there))
    one = Spent([seed[0] for seed in own["epochs"]], [seed[0] for seed in own["multiply_adds"]])
    return compared(first, second, (one, one), setting=said, margin=margin)


def _canonical(
    job: ImpJob, found: Mapping[str, Any], basis: str, said: str, by: str, below: float = np.inf
) -> Comparison | None:
    """Against the canonical run with the same sort of classifier, if there is one."""
    rivals = [b for b in found if b.removesuffix(DENSE) == "canonical"]
    rivals = [b for b in rivals if job.dense_classifier(b) == job.dense_classifier(basis)]
    if basis.removesuffix(DENSE) == "canonical" or not rivals:
        return None
    return _whole(found[basis][LEADER], found[rivals[0]][LEADER], said, by, below)


def _control(arms: Mapping[str, Any], arm: str, said: str) -> Comparison | None:
    return _whole(arms[LEADER], arms[arm], said, "density") if arm in arms else None


def _whole(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], said: str, by: str, below: float = np.inf
) -> Comparison | None:
    pairs = areas(curves(ours, by), curves(theirs, by), below)
    if pairs is None:
        return None
    budgets = (_spent(ours), _spent(theirs))
    return compared([a for a, _ in pairs], [b for _, b in pairs], budgets, setting=said)


def _spent(parts: Mapping[str, Any]) -> Spent:
    return Spent([seed[-1] for seed in parts["epochs"]], [seed[-1] for seed in parts["multiply_adds"]])
