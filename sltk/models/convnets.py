"""Conv-2, Conv-4 and Conv-6: pairs of 3 x 3 convolutions, max-pooled, and three linear layers."""

from torch import nn

from sltk.core.errors import SltkError

WIDTHS = (64, 128, 256)


def conv_n(depth: int, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """``depth / 2`` pairs of convolutions with 64, 128, 256 channels, then linear 256, 256, ``classes``.

    Source: Frankle, Carbin 1803.03635, figure 2 (remembered).
    """
    channels, height, width = shape
    pairs = depth // 2
    if min(height, width) < 2**pairs:
        raise SltkError(f"conv-{depth} halves images {pairs} times, but got {shape}; take a shallower model.")
    layers: list[nn.Module] = []
    for wide in WIDTHS[:pairs]:
        layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(wide, wide, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels, height, width = wide, height // 2, width // 2
    layers += [nn.Flatten(), nn.Linear(channels * height * width, 256), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, classes))
