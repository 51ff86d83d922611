"""Small convolutional and residual networks whose parameters are drawn once from a fixed stream."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.rng import torch_stream
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.characterise import characterise

SHAPE = (1, 4, 4)


class Isru(nn.Module):
    """``x / sqrt(1 + x^2)``, which the toolkit does not know by name."""

    def forward(self, x: Tensor) -> Tensor:
        """Elementwise."""
        return x / torch.sqrt(1.0 + x * x)


class Plain(nn.Module):
    """Two convolutions and a readout."""

    def __init__(self, phi: type[nn.Module]) -> None:
        super().__init__()
        self.one, self.two, self.end = nn.Conv2d(1, 2, 2), nn.Conv2d(2, 1, 2), nn.Linear(1, 1)
        self.phi = phi()

    def forward(self, x: Tensor) -> Tensor:
        """One output."""
        x = self.phi(self.two(self.phi(self.one(x))))
        return self.end(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Identity(nn.Module):
    """A stem, a block with an identity skip and zero padding, a readout."""

    def __init__(self, phi: type[nn.Module], inner: type[nn.Module] | None = None) -> None:
        super().__init__()
        self.stem, self.one = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 3, padding=1)
        self.two, self.end = nn.Conv2d(1, 2, 1), nn.Linear(2, 1)
        self.phi, self.inner = phi(), (inner or phi)()

    def forward(self, x: Tensor) -> Tensor:
        """One output."""
        x = self.phi(self.stem(x))
        x = self.phi(self.two(self.inner(self.one(x))) + x)
        return self.end(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Projection(nn.Module):
    """A block that halves the image, with a projection as its skip and a norm behind each convolution."""

    def __init__(self, phi: type[nn.Module]) -> None:
        super().__init__()
        self.stem, self.one = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, 3, stride=2, padding=1, bias=False)
        self.two, self.short = nn.Conv2d(2, 2, 1, bias=False), nn.Conv2d(2, 2, 1, stride=2, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(2) for _ in range(3))
        self.phi, self.end = phi(), nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """One output."""
        x = self.phi(self.stem(x))
        y = self.norms[1](self.two(self.phi(self.norms[0](self.one(x)))))
        return self.end(F.adaptive_avg_pool2d(self.phi(y + self.norms[2](self.short(x))), 1).flatten(1))


class PreActivation(nn.Module):
    """Norm and activation before each convolution, and a skip that nothing touches."""

    def __init__(self, phi: type[nn.Module]) -> None:
        super().__init__()
        self.stem, self.one = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 3, padding=1, bias=False)
        self.two, self.end = nn.Conv2d(1, 2, 1), nn.Linear(2, 1)
        self.first, self.second, self.phi = nn.BatchNorm2d(2), nn.BatchNorm2d(1), phi()

    def forward(self, x: Tensor) -> Tensor:
        """One output."""
        x = self.stem(x)
        x = self.two(self.phi(self.second(self.one(self.phi(self.first(x)))))) + x
        return self.end(F.adaptive_avg_pool2d(x, 1).flatten(1))


def drawn(module: nn.Module) -> tuple[nn.Module, tuple[int, ...]]:
    """The module with weights in [-.8, .8], gains and variances near 1, and the shape of its input."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if not tensor.is_floating_point():
                continue
            uniform = torch.rand(tensor.shape, generator=torch_stream(0, "residual networks", name))
            norm = "norms" in name or name.startswith(("first", "second"))
            spread = 0.75 + 0.5 * uniform if norm and not name.endswith(("bias", "mean")) else 1.6 * uniform - 0.8
            tensor.copy_(spread)
    return module.eval(), SHAPE


def known_activations() -> dict[type[nn.Module], Activation]:
    """Those of the networks here that have to be characterised."""
    return {Isru: characterise(Isru(), "isru")}


NETWORKS: dict[str, Callable[[], tuple[nn.Module, tuple[int, ...]]]] = {
    "convolutional, ReLU": lambda: drawn(Plain(nn.ReLU)),
    "identity block, ReLU": lambda: drawn(Identity(nn.ReLU)),
    "projection block, ReLU": lambda: drawn(Projection(nn.ReLU)),
    "pre-activation block, ReLU": lambda: drawn(PreActivation(nn.ReLU)),
    "identity block, tanh": lambda: drawn(Identity(nn.Tanh)),
    "identity block, sigmoid": lambda: drawn(Identity(nn.Sigmoid)),
    "identity block, GELU": lambda: drawn(Identity(nn.GELU)),
    "identity block, SiLU": lambda: drawn(Identity(nn.SiLU)),
    "identity block, x / sqrt(1 + x^2)": lambda: drawn(Identity(Isru)),
    "identity block, sigmoid and tanh": lambda: drawn(Identity(nn.Sigmoid, nn.Tanh)),
}
