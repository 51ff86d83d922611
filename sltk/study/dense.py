"""Dense networks of the studies, drawn from a seed."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.networks.models import initialise


def dense_network(sizes: Sequence[int], seed: int) -> nn.Sequential:
    """``flatten, linear, relu, ..., linear`` through ``sizes``, weights and biases from the streams of ``seed``."""
    if len(sizes) < 2:
        raise SltkError(f"a dense network needs an input and an output size, but got {tuple(sizes)}.")
    layers: list[nn.Module] = [nn.Flatten()]
    with torch.device("meta"):  # makes the layers without drawing from the global generator
        for n, m in itertools.pairwise(sizes):
            layers += [nn.Linear(n, m), nn.ReLU()]
    module = nn.Sequential(*layers[:-1]).to_empty(device="cpu")
    initialise(module, seed)
    return module


def sizes_for(input_shape: Sequence[int], hidden: Sequence[int], classes: int = 10) -> tuple[int, ...]:
    """Input, hidden and output sizes."""
    return (math.prod(input_shape), *hidden, classes)
