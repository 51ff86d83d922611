"""Initial weights that a seed alone fixes: a stream for every layer; torch's global generator is left alone."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream

Deviation = Callable[[Tensor], float]


def glorot(weight: Tensor) -> float:
    """Standard deviation ``sqrt(2 / (fan_in + fan_out))``."""
    taps = math.prod(weight.shape[2:])
    return math.sqrt(2.0 / (taps * (weight.shape[0] + weight.shape[1])))


def kaiming(weight: Tensor) -> float:
    """Standard deviation ``sqrt(2 / fan_in)``."""
    return math.sqrt(2.0 / math.prod(weight.shape[1:]))


def narrow(fan_in: int) -> float:
    """``1 / sqrt(fan_in)``, as torch has it for uniform weights: variance ``1 / (3 fan_in)``."""
    return 1.0 / math.sqrt(fan_in)


def wide(fan_in: int) -> float:
    """``sqrt(6 / fan_in)``: uniform weights of variance ``2 / fan_in``.

    Source: He et al. 1502.01852 (remembered).
    """
    return math.sqrt(6.0 / fan_in)


def initialise(module: nn.Module, seed: int, bound: Callable[[int], float] = narrow, *, biases: bool = True) -> None:
    """Draw the linear and convolutional layers of ``module`` anew, in place, uniform in ``+-bound(fan_in)``.

    Args:
        module: any.
        seed: of the streams ``(seed, "initial", name of the layer, "weight" or "bias")``.
        bound: ``narrow`` or ``wide``.
        biases: draw them too; else they are 0.
    """
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            size = bound(layer.weight[0].numel())
            for part, tensor in layer.named_parameters(recurse=False):
                drawn = torch.rand(tensor.shape, generator=torch_stream(seed, "initial", name, part))
                with torch.no_grad():
                    tensor.copy_((2.0 * drawn - 1.0) * size if biases or part == "weight" else torch.zeros_like(tensor))


def redrawn(module: nn.Module, seed: int, deviation: Deviation = kaiming) -> Any:
    """A copy of ``module`` with normal weights of the given ``deviation``, biases 0, and norms as new.

    Raises:
        SltkError: a layer with parameters that is neither linear, nor a convolution, nor a batch norm.
    """
    return draw_normal(copy.deepcopy(module), seed, deviation)


def draw_normal(module: nn.Module, seed: int, deviation: Deviation) -> nn.Module:
    """The same in place, from the streams ``(seed, "initial", name of the layer)``; see ``redrawn``."""
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


def _draw_layer(layer: Any, deviation: Deviation, generator: torch.Generator) -> None:
    with torch.no_grad():
        drawn = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.copy_(drawn * deviation(layer.weight))
        if layer.bias is not None:
            layer.bias.zero_()
