"""Hidden units of a target: networks that are the same function, in another order."""

import copy
from collections.abc import Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from sltk.core.rng import stream

SWEEPS = 20
Orders = Sequence[Tensor]


def layers_of(module: nn.Module) -> list[nn.Linear | nn.Conv2d]:
    """Affine layers in order; each reads the one before."""
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


def ordered(module: nn.Module, orders: Orders) -> nn.Module:
    """A copy whose hidden layer ``l`` has unit ``orders[l][k]`` at place ``k``: the same function."""
    own = copy.deepcopy(module)
    layers = layers_of(own)
    with torch.no_grad():
        for order, layer, above in zip(orders, layers, layers[1:], strict=False):
            assert layer.bias is not None
            layer.weight.copy_(layer.weight[order].clone())
            layer.bias.copy_(layer.bias[order].clone())
            incoming = above.weight.view(above.weight.shape[0], order.numel(), -1)
            incoming.copy_(incoming[:, order].clone())
    return own


def shuffled(module: nn.Module, seed: int) -> nn.Module:
    """The units of every hidden layer in a random order, from the streams ``(seed, "units", layer)``."""
    counts = [layer.weight.shape[0] for layer in layers_of(module)[:-1]]
    return ordered(module, [torch.from_numpy(stream(seed, "units", k).permutation(n)) for k, n in enumerate(counts)])


def matched(first: nn.Module, second: nn.Module) -> nn.Module:
    """``second`` with its hidden units in the order that brings its weights closest to those of ``first``.

    Layer by layer, the order of largest inner product of all weights into and out of a layer while the others stay,
    until nothing changes: a local optimum, as in weight matching.

    Source: Ainsworth et al., arXiv 2209.04836 (remembered): sweeps go from the first layer to the last here.
    """
    fixed, own = layers_of(first), second
    for _ in range(SWEEPS):
        before = own
        for place in range(len(fixed) - 1):
            order = _closest(fixed, layers_of(own), place)
            orders = [torch.arange(layer.weight.shape[0]) for layer in fixed[:-1]]
            orders[place] = order
            own = ordered(own, orders)
        if all(torch.equal(a, b) for a, b in zip(before.parameters(), own.parameters(), strict=True)):
            break
    return own


def _closest(fixed: Sequence[nn.Linear | nn.Conv2d], own: Sequence[nn.Linear | nn.Conv2d], place: int) -> Tensor:
    gain = torch.zeros(fixed[place].weight.shape[0], own[place].weight.shape[0], dtype=torch.float64)
    for a, b in zip(_around(fixed, place), _around(own, place), strict=True):
        gain += a @ b.T
    return torch.from_numpy(linear_sum_assignment(gain.numpy(), maximize=True)[1])


def _around(layers: Sequence[nn.Linear | nn.Conv2d], place: int) -> list[Tensor]:
    """Everything into a unit, and out of it: a row a unit."""
    layer, above = layers[place], layers[place + 1]
    units = layer.weight.shape[0]
    assert layer.bias is not None
    out = above.weight.detach().double().view(above.weight.shape[0], units, -1).transpose(0, 1)
    return [layer.weight.detach().double().flatten(1), layer.bias.detach().double()[:, None], out.flatten(1)]
