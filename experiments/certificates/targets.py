"""The targets: dense, convolutional and residual networks with random weights of variance ``1 / fan-in``."""

import torch
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.networks.network import Network
from sltk.networks.reading.read import read

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus,
    "gelu": nn.GELU, "silu": nn.SiLU, "elu": nn.ELU, "selu": nn.SELU, "mish": nn.Mish, "softsign": nn.Softsign,
    "hardtanh": nn.Hardtanh,
}  # fmt: skip
SHAPES: dict[str, tuple[int, ...]] = {"dense": (6,), "deep": (6,), "conv": (1, 6, 6), "residual": (1, 4, 4)}


class Residual(nn.Module):
    """A stem, one block around which a skip leads, and a readout."""

    def __init__(self, phi: type[nn.Module]) -> None:
        super().__init__()
        self.stem, self.one, self.two = (nn.Conv2d(k, 3, 3, padding=1) for k in (1, 3, 3))
        self.phi, self.end = phi(), nn.Linear(3 * 16, 2)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 1, 4, 4)`` to ``(batch, 2)``."""
        x = self.phi(self.stem(x))
        x = self.phi(self.two(self.phi(self.one(x))) + x)
        return self.end(x.flatten(1))


def module_of(family: str, phi: type[nn.Module]) -> nn.Module:
    """One network, its weights yet to be drawn."""
    if family == "residual":
        return Residual(phi)
    if family == "conv":
        return nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), phi(), nn.Conv2d(3, 3, 3, stride=2), phi(), nn.Flatten(), nn.Linear(12, 2)
        )
    hidden = 2 if family == "dense" else 3
    layers: list[nn.Module] = [nn.Linear(6, 12), phi()]
    for _ in range(hidden - 1):
        layers += [nn.Linear(12, 12), phi()]
    return nn.Sequential(*layers, nn.Linear(12, 3))


def target(family: str, activation: str, seed: int) -> Network:
    """The network of ``seed``; weights and biases uniform, cut off at 1, which is what a source is made for."""
    module = module_of(family, ACTIVATIONS[activation])
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            fan = tensor[0].numel() if tensor.dim() > 1 else 12
            drawn = torch.rand(tensor.shape, generator=torch_stream(seed, "certificates", family, activation, name))
            tensor.copy_(((2.0 * drawn - 1.0) * (3.0 / fan) ** 0.5).clamp(-1.0, 1.0))
    return read(module, SHAPES[family])
