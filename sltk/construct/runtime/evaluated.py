"""A target in float64, by the kernels that its tickets are run by."""

from collections.abc import Callable

import torch
from torch import Tensor

from sltk.construct.runtime.builders import BUILDERS
from sltk.construct.runtime.steps import AfterStep, through
from sltk.construct.runtime.wired import by_batches
from sltk.networks.network import Network, run
from sltk.networks.wiring import flow


def evaluated(network: Network) -> Callable[[Tensor], Tensor]:
    """``network`` on numbers of float32 or float64, in float64 without gradient; it differs by the order of sums."""
    layers = [BUILDERS[stage.affine.tag].exact(stage.affine) for stage in network.stages]
    after = [[AfterStep(step) for step in stage.after] for stage in network.stages]

    def step(index: int, x: Tensor, skips: list[Tensor]) -> Tensor:
        return through(after[index], sum(skips, layers[index](x)))

    def evaluate(x: Tensor) -> Tensor:
        with torch.no_grad():
            return by_batches(x.double(), lambda part: flow(network.stages, run(network.before, part), step))

    return evaluate
