"""Target and ticket on a device of torch, as functions that read and give tensors of the CPU.

Rows go there and outputs come back, which are a few numbers each; weights and all values between stay there. What is
drawn is drawn on the CPU, so that it is the same on every device.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.core.numerics.device import whole_products
from sltk.networks.network import Network, run
from sltk.networks.wiring import flow
from sltk.runtime.unfolded import DenseUnfolded


@dataclass(frozen=True)
class Placed:
    """``function`` on rows of the CPU, computed on ``device``; gradients pass.

    Attributes:
        function: maps a tensor on ``device`` to one there.
        device: of torch.
    """

    function: Callable[[Tensor], Tensor]
    device: torch.device

    def __call__(self, x: Tensor) -> Tensor:
        """The function's values at the rows of ``x``, products of float32 numbers taken whole."""
        with whole_products():
            return self.function(x.to(self.device)).to("cpu")


def target_on(network: Network, device: torch.device) -> Placed:
    """``network`` on ``device``, in the dtype of what it is given; it differs by the order of sums."""
    layers = [
        DenseUnfolded(affine.kernel, affine.offset, affine.geometry, affine.groups).to(device)
        for affine in (stage.affine for stage in network.stages)
    ]

    def step(index: int, x: Tensor, skips: list[Tensor]) -> Tensor:
        return run(network.stages[index].after, sum(skips, layers[index](x)))

    return Placed(lambda x: flow(network.stages, run(network.before, x), step), device)


def exactly_on(network: Network, device: torch.device) -> Callable[[Tensor], Tensor]:
    """``network`` on numbers of float32 or float64, in float64 on ``device`` without gradient."""
    there = target_on(network, device)

    def evaluate(x: Tensor) -> Tensor:
        with torch.no_grad():
            return there(x.double())

    return evaluate
