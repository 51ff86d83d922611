"""Residual networks for small images, with shortcuts that have no weights."""

from torch import nn

from sltk.models.basic_block import BasicBlock, Padded

WIDTHS = (16, 32, 64)


def resnet(depth: int, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """ResNet-20 or -56: a convolution, three stages of ``(depth - 2) / 6`` blocks, a mean, and a linear layer.

    Source: He et al. 1512.03385, section 4.2, option A (remembered).
    """
    channels = WIDTHS[0]
    layers: list[nn.Module] = [nn.Conv2d(shape[0], channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    for stage, wide in enumerate(WIDTHS):
        for place in range((depth - 2) // 6):
            stride = 2 if stage and not place else 1
            layers.append(BasicBlock(channels, wide, stride, nn.ReLU, Padded(stride, wide - channels)))
            channels = wide
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
