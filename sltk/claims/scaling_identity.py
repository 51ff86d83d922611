r"""Scaling the layers of a 1-homogeneous network scales its output (claim ``scaling-identity``).

Lemma. ``phi(s x) = s phi(x)`` for ``s > 0``. Then the network with weights ``s_l W_l`` and biases
``(prod_{k<=l} s_k) b_l`` computes ``(prod s_l) f(x)``.
"""

import itertools
import math
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sltk.claims._pools import violations
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.lazy import later
from sltk.core.statistics.verdict import Never

if TYPE_CHECKING:
    from sltk.networks.network import Network

_networks, torch = later("sltk.claims._networks"), later("torch")

WIDTHS = (3, 5, 4, 2)
ROUNDING = 1e-12


def homogeneous(name: str) -> bool:
    """Whether ``phi(s x) = s phi(x)`` for ``s > 0``: phi is its two half lines, without intercept."""
    phi = _networks.activation(name)
    return not phi.curved and phi.intercept == 0.0


def scaled(network: "Network", scales: list[float], *, biases: bool = True) -> "Network":
    """The network with weights ``s_l W_l`` and biases times ``prod_{k<=l} s_k`` (or times ``s_l`` alone: wrong)."""
    products = list(itertools.accumulate(scales, operator.mul)) if biases else scales
    layers = [
        (stage.affine.weight * scale, stage.affine.bias * product)
        for stage, scale, product in zip(network.stages, scales, products, strict=True)
    ]
    return _networks.dense_of(network.input_shape, layers, [stage.after for stage in network.stages])


def output_scale(scales: list[float]) -> float:
    """``prod s_l``: the scalar that remains."""
    return math.prod(scales)


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Distance of the scaled network from the scaled output, relative to the output, at random inputs."""
    off = np.empty(trials)
    for trial in range(trials):
        network = _random(cell["activation"], generator)
        scales = generator.uniform(0.2, 2.0, len(network.stages)).tolist()
        x = torch.from_numpy(generator.uniform(-1.0, 1.0, (8, WIDTHS[0])))
        wanted = output_scale(scales) * network(x)
        got = scaled(network, scales, biases=cell["biases"] == "running product")(x)
        off[trial] = float((got - wanted).abs().max() / (1.0 + wanted.abs().max()))
    return violations(off, np.full(trials, ROUNDING))


def cases(preset: Preset) -> tuple[Case, ...]:
    """ReLU and leaky ReLU; controls: sigmoid, and biases that are scaled like weights."""
    made = [("relu", "running product", False), ("leaky_relu(0.1)", "running product", False),
            ("sigmoid", "running product", True), ("relu", "own scale", True)]  # fmt: skip
    return tuple(_case(*case, share=0.05 if preset == "quick" else 0.02) for case in made)


def _case(name: str, biases: str, control: bool, share: float) -> Case:
    cell = {"activation": name, "biases": biases}
    return Case(f"{name}, biases by {biases}", cell, Never(share=share), "equal up to rounding", control)


def _random(name: str, generator: np.random.Generator) -> "Network":
    shapes = [((out, width), (out,)) for width, out in itertools.pairwise(WIDTHS)]
    layers = [[torch.from_numpy(generator.uniform(-1.0, 1.0, shape)) for shape in pair] for pair in shapes]
    phi = (_networks.Act(_networks.activation(name)),)
    return _networks.dense_of((WIDTHS[0],), layers, [*[phi] * (len(layers) - 1), ()])


CLAIM = Claim(
    key="scaling-identity",
    title="scaling layers scales the output",
    statement=r"f(x; \{s_l W_l, (\textstyle\prod_{k \le l} s_k) b_l\}) = (\textstyle\prod_l s_l) f(x; \{W_l, b_l\})",
    source="Elementary",
    provenance=(("statement", "derived"),),
    explanation="A target with weights above 1 is sought in scaled form; a known output scalar remains and is said. "
    "Without homogeneity only the pair (layer 1, layer 2) may be rescaled, or the source's law made wider.",
    hypotheses=(
        Hypothesis(
            "an activation with phi(s x) = s phi(x) for s > 0",
            lambda activation: homogeneous(activation),
            "otherwise the scale does not pass through it",
            "use ReLU or a leaky ReLU, or a source law that covers the target",
        ),
        Hypothesis(
            "scales s_l > 0",
            lambda scales: all(s > 0.0 for s in scales),
            "phi(-x) is not -phi(x)",
            "pass positive scales",
        ),
    ),
    bound=output_scale,
    measure=measure,
    cases=cases,
)
