r"""Targets with biases (claim ``nonzero-bias``).

Statement (abstract). Strong tickets exist for targets with biases, which random sources without biases cannot hold;
here: a constant neuron ``c = phi(b)`` or ``phi(0)``, and the bias a subset sum over ``v_a c_a`` with its actual values.
"""

from sltk.claims import _tickets
from sltk.claims._hypotheses import DELTA, EPS, KINK
from sltk.claims._tickets import Setting, broken_case, success_cases
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.lazy import calling

CALIBRATED = 3.6  # as plus-one-dense


def cases(preset: Preset) -> tuple[Case, ...]:
    """Sigmoid tickets, whose constants are pruned neurons; controls (ReLU, tanh) lose their constant neurons."""
    made = success_cases(Setting("dense", "plus-one", "sigmoid"), CALIBRATED, preset)
    names = ("relu", "tanh")
    return (*made, *(broken_case(Setting("dense", "plus-one", act), 24, "bias") for act in names))


CLAIM = Claim(
    key="nonzero-bias",
    title="targets with biases",
    statement=r"b_j \approx \textstyle\sum_{a \in S} v_a c_a, \quad c_a = \phi(b_a) \text{ or } \phi(0)",
    source="Fischer, Gadhikar, Burkholz 2021 (arXiv 2110.11150)",
    provenance=(("statement", "abstract"), ("the blocks", "derived")),
    explanation="A bias is one more weight, on a constant input. Where the activation passes through 0 the source's "
    "own random biases make the constants; where it does not (sigmoid), pruned neurons do. Carried constants equal "
    "phi(1 +- error) and not 1, so the actual values are used, and no error enters. The control overwrites them.",
    hypotheses=(
        EPS,
        DELTA,
        KINK,
        Hypothesis(
            "a source with constant neurons",
            lambda biases: bool(biases),
            "without them f(0) = 0 for every ReLU ticket",
            "construct with biases=True",
        ),
    ),
    status="existential",
    construction=calling("sltk.construct", "strong_ticket"),
    measure=_tickets.measure,
    cases=cases,
)
