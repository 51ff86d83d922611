"""Sparse layers that keep much of their weight, run as dense ones.

A product over kept weights costs each of them more than a dense product does. Measured on two cores, time of the sparse
form over that of the dense one: convolutions of 150 to 600 channels, in batches of 16 to 64 images of 14 to 28 pixels,
.24 to .47 at a density of .1, .5 to .9 at .3, .75 to 1.2 at .5, 1 to 1.6 at .8; of 100 channels .5 to 1.2 at .1, and
1 at .3. Linear layers of 300 to 3,000 inputs, in batches of 16 and 128, .3 to 1.5 at .01, and 1.6 to 2.9 at .06. Above
``DENSE_ABOVE`` the dense form is taken; not by a convolution that reads fewer than ``FEWEST`` numbers at a pixel, since
what it saves is less than what it takes to turn the images for the sparse layers around it and back: the first
convolution of a ticket for MNIST, of density .7, adds a quarter to the time of the whole network in the dense form.
"""

import math

import torch
from torch import nn

from sltk.runtime.sparse import SparseConv2d, SparseLayer, SparseLinear

DENSE_ABOVE: dict[type[SparseLayer], float] = {SparseConv2d: 0.3, SparseLinear: 0.05}
FEWEST = 2**8
LARGEST = 2**28  # entries of a weight that is filled: 1 GiB in float32


def filled(module: nn.Module) -> nn.Module:
    """``module`` with every sparse layer of density over ``DENSE_ABOVE`` as a plain dense layer, zeros filled in.

    Args:
        module: any; changed in place, like ``nn.Module.to``.

    Returns:
        The module; its outputs differ by the order of sums alone.
    """
    for name, child in module.named_children():
        if isinstance(child, SparseLayer):
            if _is_dear(child) and math.prod(child.shape) <= LARGEST:
                setattr(module, name, _dense(child))
        else:
            filled(child)
    return module


def _is_dear(layer: SparseLayer) -> bool:
    few = isinstance(layer, SparseConv2d) and math.prod(layer.shape[1:]) < FEWEST
    return layer.density > DENSE_ABOVE[type(layer)] and not few


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
