"""What a ticket of a chosen recipe will come to, said before it is built: failures, error, size, time, memory.

The error is simulated on the target itself: every copy of a neuron gets the noise that rehearsed subsets have, from the
values that they read and from the differences between copies, and activations, pools and skips act on the copies as
they are. This is an estimate; nothing in it decides the recipe.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.findings import SHARE, output_spread, probes
from sltk.certify.intervals import Box
from sltk.construct.choose.choose import Choice
from sltk.construct.choose.stages import StageChoice
from sltk.construct.choose.straight import coarse
from sltk.construct.construction import Construction
from sltk.construct.methods.roles import SourcePlan
from sltk.core.numerics.tensors import tensor_of
from sltk.core.rng import torch_stream
from sltk.networks.affine import Affine
from sltk.networks.network import Network, Stage, run
from sltk.networks.wiring import flow

COPIES = 8  # simulated; a neuron has more, so that what copies share comes out a little too large
INPUTS, FEWEST = 64, 8
PRODUCTS = 4e8  # of the target's weights on all inputs that are simulated: a simulation takes about 50 times as many
BYTES_KEPT = 115.0  # a kept weight, in the mask, the module and the certificate; measured on four networks
_Both = tuple[Tensor, Tensor]
BYTES_BASE = 2.0**30  # the libraries, the data, and a batch of pools


@dataclass(frozen=True)
class Forecast:
    """What is expected of the ticket.

    Attributes:
        source: parameters of the source; kept: of them, by the mask.
        problems: subset sums; missed: expected failures among them.
        error: largest error of an output that was simulated on ``inputs`` inputs; typical: root mean square.
        spread: largest range of one output of the target over these inputs.
        rounding: the part of ``typical`` that float32 rounding and curvature of univariate layers have.
        seconds: of the search on this machine; bytes: memory, about.
    """

    source: int
    kept: int
    problems: int
    missed: float
    inputs: int
    error: float
    typical: float
    spread: float
    rounding: float
    seconds: float
    bytes: float

    @property
    def lost(self) -> bool:
        """Whether the function is expected to be lost, by the rule of ``sltk.certify.findings``."""
        return not self.error <= SHARE * self.spread


def forecast(network: Network, box: Box, choice: Choice, data: Tensor | None = None) -> Forecast:
    """What a ticket of ``choice`` will come to.

    Args:
        network, box: the target and its domain.
        choice: of recipe and search.
        data: inputs ``(rows, *input_shape)``, of which the first few serve; else probes of the domain.
    """
    construction = Construction(network, box, choice)
    rows = max(FEWEST, min(INPUTS, int(PRODUCTS / _products(network))))
    x = probes(box, network.input_shape, 0, rows) if data is None else data[:rows]
    exact = network(x.double()).flatten(1)
    off, coarse = (simulated - exact for simulated in _simulated(network, construction.plan, choice, x.double()))
    kept = [stage.kept for stage in choice.stages]
    return Forecast(
        source=construction.source(0).size(),
        kept=round(sum(kept)),
        problems=choice.problems,
        missed=choice.missed,
        inputs=len(x),
        error=float(off.abs().max()),
        typical=float(off.square().mean().sqrt()),
        spread=output_spread(exact),
        rounding=float(coarse.square().mean().sqrt()),
        seconds=choice.seconds,
        bytes=BYTES_BASE + BYTES_KEPT * sum(kept),
    )


def _products(network: Network) -> int:
    """Multiplications of the target on one input."""
    affine = ((stage.affine.weight, network.shapes(index)[1][1:]) for index, stage in enumerate(network.stages))
    return sum(weight.numel() * math.prod(positions) for weight, positions in affine)


def _simulated(network: Network, plan: SourcePlan, choice: Choice, x: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs ``(rows, outputs)`` of a simulated ticket, and of one without its subsets' own errors: what is coarse."""
    generator = torch_stream(0, "forecast")

    def step(index: int, both: _Both, skips: list[_Both]) -> _Both:
        noise, left = None, list[Tensor]()
        for own, x, added in zip((True, False), both, zip(*skips, strict=True) if skips else ((), ()), strict=True):
            mean = x.mean(0)
            clean = network.stages[index].affine(mean)
            if noise is None:  # the same for both
                copies = COPIES if plan.roles[index].copies_out > 1 else 1
                noise = torch.randn(copies, *clean.shape, generator=generator, dtype=torch.float64)
            variance = _noise(network.stages[index].affine, plan, choice.stages[index], index, (x, mean, clean), own)
            left.append(_behind(network.stages[index], clean + variance.sqrt() * noise, added))
        return left[0], left[1]

    with torch.no_grad():
        first = run(network.before, x)[None]
        own, coarse = flow(network.stages, (first, first), step)
    return own[0].flatten(1), coarse[0].flatten(1)


def _behind(stage: Stage, noisy: Tensor, skips: tuple[Tensor, ...]) -> Tensor:
    """Copies ``(copies, rows, ...)`` behind the skips and the steps of their stage."""
    flat = noisy.flatten(0, 1)
    for skip in skips:
        flat = flat + skip.expand_as(noisy).flatten(0, 1)
    after = run(stage.after, flat)
    return after.reshape(*noisy.shape[:2], *after.shape[1:])


def _noise(
    affine: Affine, plan: SourcePlan, stage: StageChoice, index: int, values: tuple[Tensor, Tensor, Tensor], own: bool
) -> Tensor:
    """Variance of what one copy adds to ``W x + b``, ``(rows, outputs, ...)``; ``x``, its mean, and the map of that."""
    (x, mean, clean), role = values, plan.roles[index]
    found = torch.zeros_like(clean)
    if stage.rehearsal is None:
        return found
    unit, size = math.ldexp(1.0, stage.octave + stage.offset), affine.weight.abs().reshape(affine.geometry.shape)
    error = unit**2 * tensor_of(stage.rehearsal.at(stage.rehearsal.error_sq, size.numpy() / unit))
    square = unit**2 * tensor_of(stage.rehearsal.at(stage.rehearsal.square, size.numpy() / unit))
    if own:
        found = found + affine.correlate(error, mean.square()).reshape(found.shape)
    if len(x) > 1:
        found = found + affine.correlate(square, _variance(x, mean)).reshape(found.shape)
    if role.first is not None and role.activation is not None:
        found = found + affine.correlate(square, coarse(role, plan, mean)).reshape(found.shape)
    return found


def _variance(x: Tensor, mean: Tensor) -> Tensor:
    """Of the copies, copy by copy: torch's own goes through memory number by number."""
    total = torch.zeros_like(mean)
    for copy in x:
        away = copy - mean
        total.addcmul_(away, away)
    return total / (len(x) - 1)
