"""The small targets of claims about tickets, as networks; apart from what lists the claims, which needs no torch."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from sltk.networks.activations.table import activation
from sltk.networks.network import Network, Stage
from sltk.networks.op import Step
from sltk.networks.ops.act import Act
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear

if TYPE_CHECKING:
    from sltk.claims._existence import Small

SIZES = (0.7, -0.5, 0.6, -0.8, 0.4, 0.9)


def dense_target(act: str, biases: bool) -> Network:
    """2-2-1, weights of size .4 to .8."""
    hidden = Linear("hidden", _real([[0.7, -0.4], [-0.5, 0.6]]), _real([0.3, -0.2]) * biases)
    output = Linear("output", _real([[0.8, -0.6]]), _real([0.25]) * biases)
    return Network((2,), (Stage(hidden, (Act(activation(act)),)), Stage(output)))


def conv_target(act: str, biases: bool) -> Network:
    """One 2 x 2 kernel on 3 x 3 pixels, then 4-1."""
    kernel = Conv("conv", _real([[[[0.7, -0.4], [-0.5, 0.6]]]]), _real([0.3]) * biases)
    output = Linear("output", _real([[0.8, -0.6, 0.5, 0.4]]), _real([0.25]) * biases)
    return Network((1, 3, 3), (Stage(kernel, (Act(activation(act)), Flatten())), Stage(output)))


TARGETS: dict[str, Callable[[str, bool], Network]] = {"dense": dense_target, "conv": conv_target}


def small_network(small: "Small") -> Network:
    """The target of a family, see ``sltk.claims._existence.Small``."""
    phi, last = (Act(activation(small.activation)),), small.depth - 1
    if small.family == "conv":
        inner = tuple(_conv(small, i) for i in range(last))
        stages = [Stage(c, (*phi, Flatten()) if i == last - 1 else phi) for i, c in enumerate(inner)]
        return Network((1, 4, 4), (*stages, Stage(_linear(small, last, 9 * small.width, 1))))
    skip = small.family == "residual"
    stages = [
        Stage(_linear(small, i, small.width if i else 1, small.width), phi, adds=(i - 1,) if skip and i else ())
        for i in range(last)
    ]
    return Network((1,), (*stages, Stage(_linear(small, last, small.width, 1))))


def one_hidden_layer(first: Sequence[float], last: Sequence[float]) -> Network:
    """One input, a ReLU neuron for each number of ``first``, one output with the weights ``last``; no biases."""
    hidden = Linear("hidden", _real([[value] for value in first]), torch.zeros(len(first), dtype=torch.float64))
    output = Linear("output", _real([list(last)]), torch.zeros(1, dtype=torch.float64))
    return Network((1,), (Stage(hidden, (Act(activation("relu")),)), Stage(output)))


def dense_of(
    input_shape: tuple[int, ...], layers: Sequence[Sequence[torch.Tensor]], after: Sequence[tuple[Step, ...]]
) -> Network:
    """Fully connected layers ``(weight, bias)``, each with the steps that follow it."""
    made = [Linear(f"layer{number}", weight, bias) for number, (weight, bias) in enumerate(layers)]
    return Network(input_shape, tuple(Stage(layer, steps) for layer, steps in zip(made, after, strict=True)))


def _linear(small: "Small", index: int, inputs: int, outputs: int) -> Linear:
    weight = _values(index, outputs * inputs).reshape(outputs, inputs)
    if inputs > 8:
        weight[:, 6:] = 0.0  # a few pixels are enough for a readout
    return Linear(f"layer {index + 1}", weight, _bias(small, index, outputs))


def _conv(small: "Small", index: int) -> Conv:
    inputs = small.width if index else 1
    side, padding = (3, (1, 1)) if index else (2, (0, 0))
    weight = _values(index, small.width * inputs * side * side).reshape(small.width, inputs, side, side)
    if index:
        weight[:, :, 0, :] = 0.0
        weight[:, :, 2, 1:] = 0.0
    return Conv(f"layer {index + 1}", weight, _bias(small, index, small.width), padding=padding)


def _bias(small: "Small", index: int, outputs: int) -> torch.Tensor:
    hidden = small.biases and index < small.depth - 1
    return 0.5 * _values(index + 3, outputs).abs() * hidden


def _values(offset: int, count: int) -> torch.Tensor:
    return torch.tensor([SIZES[(offset + k) % len(SIZES)] for k in range(count)], dtype=torch.float64)


def _real(values: list) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)
