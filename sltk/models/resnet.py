"""Residual networks for small images, with shortcuts that have no weights."""

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (16, 32, 64)


class Block(nn.Module):
    """``relu(bn(conv(relu(bn(conv(x))))) + shortcut(x))``; the shortcut takes every second pixel and pads with zeros.

    Args:
        inputs: channels in.
        outputs: channels out.
        stride: of the first convolution and of the shortcut.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.more = stride, outputs - inputs
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, h, w)`` to ``(batch, outputs, h / stride, w / stride)``."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        short = x if self.stride == 1 else x[..., :: self.stride, :: self.stride]
        if self.more:
            short = F.pad(short, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu(y + short)


def resnet(depth: int, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """ResNet-20 or -56: a convolution, three stages of ``(depth - 2) / 6`` blocks, a mean, and a linear layer.

    Source: He et al. 1512.03385, section 4.2, option A (remembered).
    """
    channels = WIDTHS[0]
    layers: list[nn.Module] = [nn.Conv2d(shape[0], channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    for stage, wide in enumerate(WIDTHS):
        for place in range((depth - 2) // 6):
            layers.append(Block(channels, wide, 2 if stage and not place else 1))
            channels = wide
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
