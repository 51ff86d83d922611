"""Hypotheses that several claims share."""

from typing import TYPE_CHECKING

from sltk.core.claim import Hypothesis

if TYPE_CHECKING:
    from sltk.networks.activations.activation import Activation

EPS = Hypothesis(
    "a tolerance 0 < eps < 1",
    lambda eps: 0.0 < eps < 1.0,
    "from 1 on the empty ticket is as good as any, and at 0 a random pool reaches no target",
    "rescale the target, or pass the tolerance in the units of the target",
)
DELTA = Hypothesis(
    "a failure probability 0 < delta < 1",
    lambda delta: 0.0 < delta < 1.0,
    "no finite width is certain to succeed",
    "write 5% as delta=0.05",
)
DENSITY = Hypothesis(
    "a density 0 < density < 1 of the source",
    lambda density: 0.0 < density < 1.0,
    "at 0 nothing is left to choose from and at 1 nothing is pruned beforehand",
    "pass the kept fraction of the source",
)
RELU = Hypothesis(
    "the activation ReLU",
    lambda activation: activation == "relu",
    "the identity x = relu(x) - relu(-x), on which the proof rests, is ReLU's",
    "use plus-one-dense or plus-one-conv, which allow most activations",
)
NO_BIAS = Hypothesis(
    "a target without biases",
    lambda biases: not biases,
    "the source of this statement has no constant neurons to make them from",
    "drop the biases, or use nonzero-bias or plus-one-dense",
)


def _odd_part(activation: "Activation") -> bool:
    return activation.slope_positive + activation.slope_negative != 0.0


KINK = Hypothesis(
    "a first activation with m_+ + m_- != 0 at the origin (see sltk.networks.activations.table)",
    lambda first_activation: _odd_part(first_activation),
    "phi(x) - phi(-x) then has no linear part, so no combination of its neurons is the identity",
    "put ReLU, tanh, sigmoid or another admissible activation into the first layer",
)
