"""Models by name, each from a seed, and the user's own."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.models import convnets, lenet, resnet, vgg

Shape = tuple[int, ...]
Build = Callable[[Shape, int], nn.Module]
Gain = Callable[[Tensor], float]
GRAY, COLOUR = (1, 28, 28), (3, 32, 32)


def glorot(weight: Tensor) -> float:
    """Standard deviation ``sqrt(2 / (fan_in + fan_out))``."""
    taps = math.prod(weight.shape[2:])
    return math.sqrt(2.0 / (taps * (weight.shape[0] + weight.shape[1])))


def kaiming(weight: Tensor) -> float:
    """Standard deviation ``sqrt(2 / fan_in)``."""
    return math.sqrt(2.0 / math.prod(weight.shape[1:]))


MODELS: dict[str, tuple[Build, Shape, Gain]] = {
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
    input_shape: Shape | None = None,
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
        return initialised(which, seed)
    if callable(which):
        return which(seed)
    if which not in MODELS:
        raise SltkError(f"model knows {', '.join(MODELS)}, a module, or a function of the seed, but got {which!r}.")
    if classes < 1:
        raise SltkError(f"classes must be at least 1, but got {classes}.")
    build, shape, deviation = MODELS[which]
    with torch.device("meta"):  # makes the layers without drawing from the global generator
        blank = build(shape if input_shape is None else tuple(input_shape), classes)
    return _draw(blank.to_empty(device="cpu"), seed, deviation)


def initialised(module: nn.Module, seed: int, deviation: Gain = kaiming) -> Any:
    """A copy of ``module`` with normal weights of the given ``deviation``, biases 0, and norms as new.

    Raises:
        SltkError: a layer with parameters that is neither linear, nor a convolution, nor a batch norm.
    """
    return _draw(copy.deepcopy(module), seed, deviation)


def _draw(module: nn.Module, seed: int, deviation: Gain) -> nn.Module:
    for name, layer in module.named_modules():
        if isinstance(layer, _BatchNorm):
            layer.reset_parameters()  # ones and zeros: nothing is drawn
        elif isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            _draw_layer(layer, deviation, torch_stream(seed, "initial", name))
        elif next(layer.parameters(recurse=False), None) is not None:
            raise SltkError(
                f"{name!r} is a {type(layer).__name__}, for which no initial law is known; pass a function of the seed "
                "that makes the module."
            )
    return module


def _draw_layer(layer: Any, deviation: Gain, generator: torch.Generator) -> None:
    with torch.no_grad():
        drawn = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.copy_(drawn * deviation(layer.weight))
        if layer.bias is not None:
            layer.bias.zero_()
