"""Models by name, each from a seed, and the user's own."""

from collections.abc import Callable

import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.models import convnets, lenet, resnet, vgg
from sltk.models.initial import Deviation, draw_normal, glorot, kaiming, redrawn

Build = Callable[[tuple[int, ...], int], nn.Module]  # (shape of one image, classes)
GRAY, COLOUR = (1, 28, 28), (3, 32, 32)


MODELS: dict[str, tuple[Build, tuple[int, ...], Deviation]] = {
    "lenet-300-100": (lenet.lenet_300_100, GRAY, glorot),
    "lenet-5": (lenet.lenet_5, GRAY, glorot),
    "conv-2": (lambda shape, classes: convnets.conv_n(2, shape, classes), COLOUR, glorot),
    "conv-4": (lambda shape, classes: convnets.conv_n(4, shape, classes), COLOUR, glorot),
    "conv-6": (lambda shape, classes: convnets.conv_n(6, shape, classes), COLOUR, glorot),
    "vgg-11": (lambda shape, classes: vgg.vgg(11, shape, classes), COLOUR, kaiming),
    "vgg-16": (lambda shape, classes: vgg.vgg(16, shape, classes), COLOUR, kaiming),
    "vgg-19": (lambda shape, classes: vgg.vgg(19, shape, classes), COLOUR, kaiming),
    "resnet-20": (lambda shape, classes: resnet.resnet(20, shape, classes), COLOUR, kaiming),
    "resnet-56": (lambda shape, classes: resnet.resnet(56, shape, classes), COLOUR, kaiming),
}


def model(
    which: str | nn.Module | Callable[[int], nn.Module],
    seed: int = 0,
    *,
    input_shape: tuple[int, ...] | None = None,
    classes: int = 10,
) -> nn.Module:
    """A network with initial weights that ``seed`` alone fixes; torch's global generator is neither read nor moved.

    Weights are normal, with the deviation of Glorot (LeNets, Conv-n) or of Kaiming (the others); biases start at 0.

    Args:
        which: a name in ``MODELS``; or a module, which is copied and drawn anew; or a function of the seed.
        seed: of the initial weights.
        input_shape: ``(channels, height, width)`` of one image; default 1 x 28 x 28 for LeNets, else 3 x 32 x 32.
        classes: number of outputs.

    Raises:
        SltkError: an unknown name, no class, or an image that is too small for the model.
    """
    if isinstance(which, nn.Module):
        return redrawn(which, seed)
    if callable(which):
        return which(seed)
    if which not in MODELS:
        raise SltkError(f"model knows {', '.join(MODELS)}, a module, or a function of the seed, but got {which!r}.")
    if classes < 1:
        raise SltkError(f"classes must be at least 1, but got {classes}.")
    build, shape, deviation = MODELS[which]
    with torch.device("meta"):  # makes the layers without drawing from the global generator
        blank = build(shape if input_shape is None else tuple(input_shape), classes)
    return draw_normal(blank.to_empty(device="cpu"), seed, deviation)
