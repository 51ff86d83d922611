"""The target's outputs at points, enclosed in deep networks too: in float64, and in twice the precision.

Interval arithmetic multiplies its own rounding by the sum of sizes of a neuron's weights in every layer, and so by 1e14
in twenty. Here one number bounds the Euclidean norm of what a computed value is off by: a map multiplies it by its norm
(``sltk.certify.local.spectral``), an activation by its Lipschitz constant, and each adds the norm of its own rounding,
``gamma_N (|W| |c| + |b|)`` at the computed ``c``.

Activations that are known in twice the precision give closer enclosures (`sltk.certify.local.twofold`); both are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from sltk.certify.local.spectral import affine_norm, step_norm
from sltk.certify.local.twofold import TwofoldNetwork
from sltk.core.numerics.formats import FLOAT64
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma, up
from sltk.networks.network import Network
from sltk.networks.op import Step
from sltk.networks.wiring import flow


class Near(NamedTuple):
    """``centre`` ``(n, *shape)``, off by at most ``off`` ``(n,)`` in the Euclidean norm of each row."""

    centre: Tensor
    off: Tensor


def norm(x: Tensor) -> Tensor:
    """Euclidean norm of each row, rounded upward."""
    return x.flatten(1).square().sum(1).sqrt() * (1.0 + gamma(x[0].numel() + 8)) + 2.0**-500


@dataclass(frozen=True)
class Points:
    """A target, and the norms of its maps.

    Attributes:
        network: the target.
        norms: of the affine maps, one a stage.
        twofold: the target in twice the precision.
    """

    network: Network
    norms: tuple[float, ...]
    twofold: TwofoldNetwork

    @classmethod
    def of(cls, network: Network) -> "Points":
        """With norms computed once."""
        shapes = (network.shapes(index)[0] for index in range(len(network.stages)))
        norms = (affine_norm(stage.affine, shape) for stage, shape in zip(network.stages, shapes, strict=True))
        return cls(network, tuple(norms), TwofoldNetwork.of(network))

    def outputs(self, x: Tensor) -> Interval:
        """Where the exact outputs at the rows of ``x`` lie, ``(n, outputs)``."""
        start = _steps(self.network.before, Near(x.double(), torch.zeros(len(x), dtype=torch.float64)))
        found = flow(self.network.stages, start, self._step)
        centre, off = found.centre.flatten(1), found.off[:, None]
        closer = self.twofold(x).interval
        low, high = torch.fmax(-up(off - centre), closer.low), torch.fmin(up(centre + off), closer.high)
        return Interval(low, high)

    def _step(self, index: int, x: Near, skips: list[Near]) -> Near:
        stage = self.network.stages[index]
        affine = stage.affine
        centre = affine(x.centre)
        sizes = affine.upper(affine.kernel.abs(), x.centre.abs())
        bias = affine.offset.abs().reshape(-1, *(1,) * (centre.dim() - 2))
        off = up(self.norms[index] * x.off * (1.0 + 4 * UNIT) + norm(gamma(affine.terms + 4) * (sizes + bias)))
        for skip in skips:
            centre = centre + skip.centre
            off = up(off + skip.off + norm(2 * UNIT * centre))
        return _steps(stage.after, Near(centre, off))


def _steps(steps: Sequence[Step], x: Near) -> Near:
    for op in steps:
        centre = op(x.centre)
        lost = op.evaluation(Interval(x.centre, x.centre), FLOAT64)
        off = up(step_norm(op, tuple(x.centre.shape[1:])) * x.off * (1.0 + 4 * UNIT) + norm(lost))
        x = Near(centre, off)
    return x
