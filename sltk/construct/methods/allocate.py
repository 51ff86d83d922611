"""Tolerances of every parameter from a wanted sup error, from the last layer back.

With ``E_L = eps`` and ``P_l = E_l / T_l`` the budget before the activation of stage ``l``, half of ``P_l`` pays for
the stage's own parameters (for a curved univariate layer: a quarter for them, a quarter for the curvature), and
the other half for the errors that arrive, which are amplified by at most ``A_l``:
``eps_l (1 + B_l) = own share`` and ``E_{l-1} = P_l / (2 A_l)``.

The same rule (``share_out``, ``hand_on``) serves three times: with the declared class (weights up to ``weight_bound``,
every parameter in use) it fixes the scales of the source before a target is seen; with the target's own norms it fixes
the solver's tolerances; and ``sltk.construct.predict.widths`` sizes the pools by it. The allocation is an aim: whether
it was met is decided by the certificate of the finished ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.intervals import Box, ranges
from sltk.construct.architecture import Architecture
from sltk.construct.methods.base import Method
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.wiring import flow


@dataclass(frozen=True)
class StageClass:
    """What the allocation knows of a stage.

    Args:
        lipschitz: T of its activation, 1 where it is linear.
        reach: B, bound of the sum of ``|x_i|`` over the support of one neuron.
        amplification: A, what errors at the input are multiplied with.
        support: most parameters of one neuron.
        curved: whether a curved univariate layer starts the stage.
    """

    lipschitz: float
    reach: float
    amplification: float
    support: int
    curved: bool


@dataclass(frozen=True)
class Allowance:
    """Tolerance of each parameter of a stage, and the allowance of each for the curvature."""

    parameter: float
    curvature: float


def share_out(budget: float, stage: StageClass, first: bool) -> tuple[Allowance, float]:
    """What of a stage's budget its own parameters may spend, and the budget before its activation.

    The first stage has no error to pass on, so it keeps all of it.
    """
    before_activation = budget / stage.lipschitz
    own = before_activation if first else before_activation / 2.0
    share = own / 2.0 if stage.curved else own
    return Allowance(share / (1.0 + stage.reach), share / max(stage.support, 1)), before_activation


def hand_on(before_activation: float, amplification: float) -> float:
    """The budget of the stage below, whose error is multiplied by ``amplification``."""
    return before_activation / (2.0 * max(amplification, 1e-300))


def allocate(eps: float, stages: Sequence[StageClass]) -> list[Allowance]:
    """Allowances by stage for a sup error of ``eps``."""
    budget, allowances = eps, []
    for index in reversed(range(len(stages))):
        allowance, before = share_out(budget, stages[index], first=index == 0)
        allowances.append(allowance)
        budget = hand_on(before, stages[index].amplification)
    return allowances[::-1]


def class_reaches(architecture: Architecture, domain_reach: float, weight_bound: float) -> list[float]:
    """Bound of ``|x|`` at the input of each stage, for every target with weights up to ``weight_bound``."""
    entering: list[float] = []

    def step(index: int, reach: float, skips: list[float]) -> float:
        entering.append(reach)
        stage = architecture.stages[index]
        pre = torch.tensor(weight_bound * (stage.degree * reach + 1.0) + sum(skips), dtype=torch.float64)
        return float(pre) if stage.activation is None else _image_bound(stage.activation, pre)

    flow(architecture.stages, domain_reach, step)
    return entering


def _image_bound(phi: Activation, pre: Tensor) -> float:
    low, high = phi.range(-pre, pre)
    return max(abs(float(low)), abs(float(high)))


def declared_class(
    architecture: Architecture,
    method: Method,
    reaches: Sequence[float],
    weight_bound: float,
    mass: float,
    phi: Activation,
) -> list[StageClass]:
    """The declared class as the allocation sees it: every parameter in use, of size ``weight_bound``."""
    stages = []
    for index, (stage, reach) in enumerate(zip(architecture.stages, reaches, strict=True)):
        per_parameter = method.amplification(index, weight_bound, mass)
        lipschitz = 1.0 if stage.activation is None else stage.activation.lipschitz
        curved = method.univariate(index) and phi.curved
        stages.append(StageClass(lipschitz, stage.degree * reach, stage.degree * per_parameter, stage.degree, curved))
    return stages


def target_class(
    network: Network, box: Box, method: Method, objective: str, samples: int, weight_high: float, phi: Activation
) -> list[StageClass]:
    """The target's own norms as the allocation sees them.

    The mass of a subset is not known before it is chosen. Minimum-error subsets use about half of a pool
    (``n a / 4`` per parameter); the sparing objectives need about ``2 |theta| + 3 a / 4`` (measured, not proved).
    """
    stages = []
    for index, (stage, known) in enumerate(zip(network.stages, ranges(network, box), strict=True)):
        weight = stage.affine.weight
        size = weight.abs().flatten(1).sum(1)
        support = (weight != 0).flatten(1).sum(1)
        sparing = 2.0 * size + 0.75 * weight_high * support
        mass = support * samples * weight_high / 4.0 if objective == "error" else sparing
        amplification = method.amplification(index, float(size.max()), float(mass.max()))
        lipschitz = 1.0 if stage.activation is None else stage.activation.lipschitz
        reach = stage.affine.support_reach(known.entering.magnitude)
        curved = method.univariate(index) and phi.curved
        stages.append(StageClass(lipschitz, reach, amplification, int(support.max()), curved))
    return stages
