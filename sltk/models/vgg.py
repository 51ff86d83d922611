"""VGG for small images: 3 x 3 convolutions with batch norm, five halvings, a mean over pixels, one linear layer."""

from torch import nn

from sltk.core.errors import SltkError

PLANS = {  # convolutions before each halving
    11: (1, 1, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
WIDTHS = (64, 128, 256, 512, 512)


def vgg(depth: int, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """VGG of ``depth`` 11, 16 or 19; the count is that of the original, whose three linear layers are one here."""
    channels, *size = shape
    if min(size) < 32:
        raise SltkError(f"vgg-{depth} halves images five times and needs 32 x 32 pixels, but got {shape}.")
    layers: list[nn.Module] = []
    for count, wide in zip(PLANS[depth], WIDTHS, strict=True):
        for _ in range(count):
            # A bias before a batch norm does nothing.
            layers += [nn.Conv2d(channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
            channels = wide
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))
