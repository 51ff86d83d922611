r"""When two networks answer alike on a whole ball (claim ``local-certificate``).

Lemma. On a set of inputs let the target's output t lead every other by at least ``lead_j``, and let the difference
target minus ticket lie in ``[low, high]``, entry by entry. If for every ``j != t`` both ``lead_j > 0`` and
``lead_j > high_t - low_j``, then target and ticket answer t at every input of the set.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.numerics.arrays import Flags, Values
from sltk.core.statistics.verdict import Never

INPUTS, CLASSES, POINTS, RADIUS, OFF = 4, 3, 64, 0.3, 0.15


def required_lead(high_answer: float, low_other: float) -> float:
    """What the lead over another class has to exceed: ``max(0, high_t - low_j)``."""
    return max(0.0, high_answer - low_other)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Pairs of linear classifiers that are said to agree on a ball, at its corners and at random points of it."""
    measured, allowed = np.zeros(trials), np.zeros(trials)
    for trial in range(trials):
        while True:
            weight = generator.normal(size=(CLASSES, INPUTS))
            error = generator.uniform(-OFF, OFF, weight.shape)
            centre = generator.normal(size=INPUTS)
            answer, said = _said(weight, error, centre, cell["difference"] == "kept")
            if said:
                break
        inside = generator.choice([-1.0, 1.0], (POINTS, INPUTS)) * generator.choice([1.0, 0.5], (POINTS, 1))
        # The corner at which the ticket's lead over each class is least is looked at too.
        worst = [-np.sign((weight - error)[answer] - row) for row in (weight - error)]
        points = centre + RADIUS * np.concatenate([inside, worst])
        measured[trial] = float(np.any(_answers(points @ (weight - error).T) != answer))
    return violations(measured, allowed)


def _said(weight: Values, error: Values, centre: Values, kept: bool) -> tuple[int, bool]:
    """The target's answer, and whether both are said to give it; the sup of ``a x`` is ``a c + r |a|``."""
    answer = int(np.argmax(weight @ centre))
    others = [j for j in range(CLASSES) if j != answer]
    ahead = weight[answer] - weight
    leads = ahead @ centre - RADIUS * np.abs(ahead).sum(1)
    off, spread = error @ centre, RADIUS * np.abs(error).sum(1)
    needed = [required_lead(off[answer] + spread[answer], off[j] - spread[j]) if kept else 0.0 for j in others]
    enough: Flags = leads[others] > np.array(needed)
    # A control has to be near the limit, where leaving the difference out shows.
    near = kept or bool((leads[others] < 0.1).any())
    return answer, bool(enough.all()) and near


def _answers(outputs: Values) -> Values:
    return np.argmax(outputs, axis=1).astype(np.float64)


def cases(preset: Preset) -> tuple[Case, ...]:
    """The lemma, and as a control the target's lead alone."""
    share = 0.05 if preset == "quick" else 0.01
    said = "no point of a ball with another answer"
    return (
        Case("lead beyond the difference", {"difference": "kept"}, Never(share=share), said),
        Case("lead of the target alone", {"difference": "dropped"}, Never(share=share), said, control=True),
    )


CLAIM = Claim(
    key="local-certificate",
    title="two networks that answer alike on a ball",
    statement=r"\forall j \ne t: \mathrm{lead}_j > \max(0, \overline{d}_t - \underline{d}_j) \Rightarrow "
    r"\arg\max f_T(x) = \arg\max f_P(x) = t \text{ on the ball}",
    source="Derived for this project, elementary",
    provenance=(("statement", "derived"),),
    explanation="A bound of the error over all inputs says little of a deep network's answers. Around one input the "
    "target's lead can be bounded by a linear relaxation, and the difference by signed intervals; where the first "
    "exceeds the second, the ticket's answer is proved to be the target's (sltk certify). At a point both networks are "
    "evaluated in twice the precision, with what that loses, which holds in deep networks too.",
    hypotheses=(
        Hypothesis(
            "bounds of the difference that are finite",
            lambda high_answer, low_other: abs(high_answer) < float("inf") and abs(low_other) < float("inf"),
            "an overflow proves nothing",
            "bound the difference on a smaller ball",
        ),
    ),
    bound=required_lead,
    measure=measure,
    cases=cases,
)
