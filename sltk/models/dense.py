"""Networks of the studies, drawn from a seed."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.models.initial import initialise, wide
from sltk.models.registry import model


def dense_network(sizes: Sequence[int], seed: int) -> nn.Sequential:
    """``flatten, linear, relu, ..., linear`` through ``sizes``, from the streams of ``seed``.

    Weights are uniform with variance ``2 / fan_in`` (``sltk.models.initial.wide``), biases 0. At torch's default, a
    sixth of that variance, sparse networks of three layers stand still for all of a short training.
    """
    if len(sizes) < 2:
        raise SltkError(f"a dense network needs an input and an output size, but got {tuple(sizes)}.")
    layers: list[nn.Module] = [nn.Flatten()]
    with torch.device("meta"):  # makes the layers without drawing from the global generator
        for n, m in itertools.pairwise(sizes):
            layers += [nn.Linear(n, m), nn.ReLU()]
    module = nn.Sequential(*layers[:-1]).to_empty(device="cpu")
    initialise(module, seed, wide, biases=False)
    return module


class Labelled(Protocol):
    """What fixes a network's inputs and outputs, such as ``sltk.data.datasets.Dataset``."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one row."""
        ...

    @property
    def train_y(self) -> Tensor:
        """Labels, 0 to ``classes - 1``."""
        ...


def network_for(which: str, hidden: Sequence[int], data: Labelled) -> Callable[[int], nn.Module]:
    """What makes the network of a study from a seed.

    Args:
        which: ``dense``, or a name in ``sltk.models.registry.MODELS``.
        hidden: sizes of the hidden layers of ``dense``.
        data: it fixes inputs and classes.
    """
    classes = int(data.train_y.max()) + 1
    if which == "dense":
        return lambda seed: dense_network(sizes_for(data.input_shape, hidden, classes), seed)
    return lambda seed: model(which, seed, input_shape=data.input_shape, classes=classes)


def sizes_for(input_shape: Sequence[int], hidden: Sequence[int], classes: int = 10) -> tuple[int, ...]:
    """Input, hidden and output sizes."""
    return (math.prod(input_shape), *hidden, classes)
