"""LeNet-300-100 and LeNet-5, with ReLU, as lottery tickets were first looked for in them."""

import math

from torch import nn

from sltk.core.errors import SltkError


def lenet_300_100(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Linear 300, 100, ``classes`` on the flattened image; 266,610 numbers for 28 x 28 and ten classes."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), 300), nn.ReLU(),
        nn.Linear(300, 100), nn.ReLU(),
        nn.Linear(100, classes),
    )  # fmt: skip


def lenet_5(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Two convolutions of 5 x 5, 6 and 16 channels, each max-pooled, and linear 120, 84, ``classes``."""
    channels, height, width = shape
    if min(height, width) < 12:
        raise SltkError(f"lenet-5 needs images of 12 x 12 pixels at least, but got {shape}; take another model.")
    inner = 16 * ((height // 2 - 4) // 2) * ((width // 2 - 4) // 2)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(inner, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, classes),
    )  # fmt: skip
