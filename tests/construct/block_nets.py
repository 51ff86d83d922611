"""Small networks of the kinds that others write: blocks with skips in every order, groups, a plain VGG."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHAPE = (2, 6, 6)


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """Parameters and running statistics drawn; weights in [-1/2, 1/2], gains in [1/2, 1]."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.weight.copy_(0.5 + 0.5 * torch.rand(part.weight.shape, generator=generator))
                assert part.running_mean is not None
                assert part.running_var is not None
                part.running_mean.copy_(torch.rand(part.running_mean.shape, generator=generator) - 0.5)
                part.running_var.copy_(0.75 + 0.5 * torch.rand(part.running_var.shape, generator=generator))
    return module.eval()


class Ended(nn.Module):
    """A stem, a body, a global average and a readout."""

    def __init__(self, body: nn.Module, stem: int = 2, width: int = 2) -> None:
        super().__init__()
        self.stem, self.body, self.end = nn.Conv2d(2, stem, 3, padding=1, bias=False), body, nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(F.adaptive_avg_pool2d(self.body(self.stem(x)), 1).flatten(1))


class PreActivationBlock(nn.Module):
    """Norm, activation, convolution, twice, beside a skip; the shortcut of a wider block reads the activated value."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, phi: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.bn1, self.bn2, self.phi = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs), phi()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs or stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.phi(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(y)
        return self.conv2(self.phi(self.bn2(self.conv1(y)))) + skip


def pre_activation(phi: type[nn.Module] = nn.ReLU) -> nn.Module:
    """Two blocks, one of them with a strided projection, a norm and an activation behind them."""
    body = nn.Sequential(PreActivationBlock(2, 2, 1, phi), PreActivationBlock(2, 3, 2, phi), nn.BatchNorm2d(3), phi())
    return randomised(Ended(body, width=3))


def depthwise_separable() -> nn.Module:
    """Depthwise and pointwise convolution without an activation between them, then one with."""
    return randomised(
        Ended(
            nn.Sequential(
                nn.Conv2d(2, 2, 3, padding=1, groups=2, bias=False), nn.Conv2d(2, 4, 1, bias=False), nn.BatchNorm2d(4),
                nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1, groups=4), nn.BatchNorm2d(4), nn.ReLU(),
                nn.Conv2d(4, 2, 1),
            )
        )
    )  # fmt: skip


def vgg() -> nn.Module:
    """Convolutions, max pools, and two linear maps."""
    layers: list[nn.Module] = []
    inputs = 2
    for width in (2, 2, "pool", 3, "pool"):
        if width == "pool":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(inputs, int(width), 3, padding=1), nn.BatchNorm2d(int(width)), nn.ReLU()]
            inputs = int(width)
    return randomised(nn.Sequential(*layers, nn.Flatten(), nn.Linear(3, 4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 2)))


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution and a linear end that joins the skip; nested in a second skip."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.deep = nn.Conv2d(2, 3, 1), nn.Conv2d(3, 3, 3, padding=1, groups=3)
        self.down, self.a = nn.Conv2d(3, 2, 1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.down(self.a(self.deep(self.a(self.up(x)))))
        return self.a(y) + x


class WithInput(nn.Module):
    """The network's own input joins, and the output is a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.one(x)) + x
        return self.two(y) + y + y


NETWORKS = {
    "pre-activation": (pre_activation, SHAPE),
    "pre-activation tanh": (lambda: pre_activation(nn.Tanh), SHAPE),
    "depthwise-separable": (depthwise_separable, SHAPE),
    "vgg": (vgg, (2, 4, 4)),
    "inverted residual": (lambda: randomised(Ended(InvertedResidual())), SHAPE),
    "input and output joined": (lambda: randomised(WithInput()), (3,)),
}
