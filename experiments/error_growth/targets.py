"""The targets: chains and residual networks of six neurons a layer."""

import torch
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.networks.layers import Network
from sltk.networks.reading.read import read

WIDTH = 6
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class Deep(nn.Module):
    """``layers`` linear maps with an activation each, and a readout; a skip around every two of them, or none."""

    def __init__(self, layers: int, phi: type[nn.Module], skips: bool) -> None:
        super().__init__()
        self.first, self.phi, self.skips = nn.Linear(2, WIDTH), phi(), skips
        self.maps = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(layers - 1))
        self.end = nn.Linear(WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 2)`` to ``(batch, 1)``."""
        x = self.phi(self.first(x))
        skip = x
        for place, layer in enumerate(self.maps):
            joins = self.skips and place % 2 == 1
            x = self.phi(layer(x) + skip) if joins else self.phi(layer(x))
            skip = x if joins else skip
        return self.end(x)


def target(layers: int, activation: str, skips: bool) -> Network:
    """A random target; deeper ones of a kind begin with the same layers."""
    module = Deep(layers, ACTIVATIONS[activation], skips)
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            tensor.copy_(torch.rand(tensor.shape, generator=torch_stream(0, "error-growth", name)) - 0.5)
    return read(module, (2,))
