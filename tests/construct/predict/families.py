"""Small constructions whose problems share weights and constants, one or two sums a parameter."""

from typing import Any

import torch
from torch import nn

from sltk.construct import Construction
from sltk.construct.pools.problems import ProblemFamily
from tests.construct.building import construction


def small(activation: type[nn.Module] = nn.ReLU, scale: float = 1.0, **recipe: Any) -> Construction:
    """Two inputs in [-1, 1], three hidden neurons, two outputs, with biases."""
    module = nn.Sequential(nn.Linear(2, 3), activation(), nn.Linear(3, 2))
    with torch.no_grad():
        for layer in (module[0], module[2]):
            layer.weight.copy_(scale * torch.linspace(-0.7, 0.8, layer.weight.numel()).view_as(layer.weight))
            layer.bias.copy_(scale * torch.linspace(0.2, 0.4, layer.bias.numel()))
    options = {"method": "plus-one", "n": 8, "param_eps": 0.1} | recipe
    return construction(module, domain=(-1.0, 1.0), input_shape=(2,), **options)


def conv(**recipe: Any) -> Construction:
    """A convolution and a readout on 4 x 4 pixels."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    options = {"method": "two-layer", "n": 9, "param_eps": 0.1} | recipe
    return construction(module, domain=(0.0, 1.0), input_shape=(1, 4, 4), **options)


def shared_families(**recipe: Any) -> list[ProblemFamily]:
    """Those of ``small`` that share something."""
    return [part for part in small(**recipe).families()[0] if part.shared is not None]
