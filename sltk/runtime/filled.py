"""Sparse layers that keep much of their weight, run as dense ones.

A product over kept weights costs each of them more than a dense product does. Measured on two cores, when images lay
outermost in memory: a ticket of ResNet-20 that keeps 4.8% of the weights among live neurons takes 140 ms an image in
the sparse form, 320 ms as plain dense layers, and 450 ms with every mask applied; one of a small convolutional network
that keeps 4.6% takes 6 minutes for 10,000 images against 5; a small residual network whose layers keep 10 to 11% takes
86 ms an image sparse and 170 dense. Tickets of least error keep a fifth or more, and run dense. Above ``DENSE_ABOVE``
the dense form is taken.
"""

import math

import torch
from torch import nn

from sltk.runtime.sparse import SparseConv2d, SparseLayer, SparseLinear

DENSE_ABOVE = 0.12
LARGEST = 2**28  # entries of a weight that is filled: 1 GiB in float32


def filled(module: nn.Module, above: float = DENSE_ABOVE) -> nn.Module:
    """``module`` with every sparse layer of density over ``above`` as a plain dense layer, zeros filled in.

    Args:
        module: any; changed in place, like ``nn.Module.to``.
        above: kept fraction from which on a layer is filled.

    Returns:
        The module; its outputs differ by the order of sums alone.
    """
    for name, child in module.named_children():
        if isinstance(child, SparseLayer):
            if child.density > above and math.prod(child.shape) <= LARGEST:
                setattr(module, name, _dense(child))
        else:
            filled(child, above)
    return module


def _dense(layer: SparseLayer) -> nn.Module:
    if isinstance(layer, SparseConv2d):
        with torch.device("meta"):
            made: nn.Module = nn.Conv2d(
                layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding, layer.dilation
            )
    else:
        assert isinstance(layer, SparseLinear)
        with torch.device("meta"):
            made = nn.Linear(layer.in_features, layer.out_features)
    made.weight = nn.Parameter(layer.weight, requires_grad=False)
    made.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
    return made
