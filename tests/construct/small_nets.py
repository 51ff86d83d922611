"""Small networks of the kinds that users have: mobile, dense, U-shaped, residual, on lines."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.construct.block_nets import randomised


class DenseBlock(nn.Module):
    """Norm, activation and convolution of all that came before, twice, each beside the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3, padding=1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(2), nn.BatchNorm2d(3)])
        self.convs = nn.ModuleList([nn.Conv2d(2, 1, 3, padding=1, bias=False), nn.Conv2d(3, 1, 3, padding=1)])
        self.last, self.end = nn.BatchNorm2d(4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = torch.cat([x, conv(F.relu(norm(x)))], 1)
        return self.end(F.adaptive_avg_pool2d(F.relu(self.last(x)), 1).flatten(1))


class UNet(nn.Module):
    """Down and up again, beside what was there before."""

    def __init__(self, up: Callable[[], nn.Module], phi: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.down, self.deep, self.up = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 3, 3, padding=1), up()
        self.out, self.end = nn.Conv2d(5, 2, 3, padding=1), nn.Conv2d(2, 1, 1)
        self.phi, self.pool = phi(), nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        high = self.phi(self.down(x))
        low = self.phi(self.deep(self.pool(high)))
        return self.end(self.phi(self.out(torch.cat([self.up(low), high], dim=1))))


class BasicBlock(nn.Module):
    """Two convolutions with norms beside an identity, or a strided projection."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = nn.Identity()
        if stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


def resnet18() -> nn.Module:
    """A strided stem, a max pool, four times two blocks, a mean and a readout: 18 layers of weights in a row."""
    blocks = [BasicBlock(1, 1, 1)]
    for inputs, outputs in ((1, 1), (1, 2), (2, 2)):
        blocks += [BasicBlock(inputs, outputs, 2), BasicBlock(outputs, outputs, 1)]
    stem = (
        nn.Conv2d(1, 1, 3, 2, 1, bias=False),
        nn.BatchNorm2d(1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        BasicBlock(1, 1, 1),
    )
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))


class Line(nn.Module):
    """A block on lines."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm, self.two = nn.Conv1d(1, 2, 3, padding=1), nn.BatchNorm1d(2), nn.Conv1d(2, 2, 3, padding=1)
        self.three, self.end = nn.Conv1d(2, 2, 3, stride=2), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.one(x)))
        x = torch.tanh(self.two(x) + x)
        return self.end(F.max_pool1d(F.relu(self.three(x)), 2).mean(2))


def mobile() -> nn.Module:
    """Expansion, depthwise convolution, and pointwise end, with Hardswish and ReLU6."""
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, 2, 1, bias=False), nn.BatchNorm2d(2), nn.Hardswish(),
        nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3), nn.ReLU6(),
        nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False), nn.BatchNorm2d(3), nn.ReLU6(),
        nn.Conv2d(3, 2, 1), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2),
    )  # fmt: skip


def transposed() -> nn.Module:
    return nn.ConvTranspose2d(3, 3, 2, stride=2)


def wide_transposed() -> nn.Module:
    return nn.ConvTranspose2d(3, 3, 3, stride=2, padding=1, output_padding=1)


def upsampled() -> nn.Module:
    return nn.Upsample(scale_factor=2)


def sloped() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.PReLU(2), nn.Conv2d(2, 1, 2), nn.PReLU(), nn.Flatten(), nn.Linear(4, 2))


SMALL: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "MobileNet-like": (mobile, (1, 6, 6)),
    "DenseNet-like": (DenseBlock, (1, 4, 4)),
    "U-Net-like, transposed": (lambda: UNet(transposed), (1, 4, 4)),
    "U-Net-like, wide transposed, GELU": (lambda: UNet(wide_transposed, nn.GELU), (1, 4, 4)),
    "U-Net-like, nearest": (lambda: UNet(upsampled), (1, 4, 4)),
    "ResNet-18-like": (resnet18, (1, 16, 16)),
    "line": (Line, (1, 9)),
    "slopes of channels": (sloped, (1, 5, 5)),
}


def small(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    """The network of that name with parameters drawn, and the shape of its input."""
    torch.manual_seed(0)
    make, shape = SMALL[name]
    return randomised(make()), shape
