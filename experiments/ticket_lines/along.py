"""What networks compute along a path between two vectors of weights, and how much worse they are there."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from sltk.train.analyse.connectivity import Path

Weights = Mapping[str, Tensor]
Way = Callable[[float], tuple[float, float]]  # of 0 to 1: how much of the first and of the second
MEASURES = ("error", "entropy", "off", "sup")


def straight(t: float) -> tuple[float, float]:
    """The line."""
    return 1.0 - t, t


def arc(t: float) -> tuple[float, float]:
    """A quarter of a circle, on which vectors at a right angle and of one length keep that length."""
    return math.cos(0.5 * math.pi * t), math.sin(0.5 * math.pi * t)


@dataclass(frozen=True)
class Probe:
    """Inputs on which networks are measured.

    Attributes:
        x: ``(rows, ...)``; networks run in its precision.
        y: labels.
        places: points of a path, both ends counted.
    """

    x: Tensor
    y: Tensor
    places: int

    @property
    def at(self) -> tuple[float, ...]:
        """The points, 0 to 1."""
        return tuple(k / (self.places - 1) for k in range(self.places))

    def outputs(self, module: nn.Module, weights: Weights) -> Tensor:
        """``(rows, classes)``."""
        with torch.no_grad():
            return functional_call(module, {name: value.to(self.x) for name, value in weights.items()}, (self.x,))


def mixed(first: Weights, second: Weights, shares: tuple[float, float]) -> Weights:
    """``shares[0] first + shares[1] second``."""
    a, b = shares
    return {name: a * value + b * second[name] for name, value in first.items()}


def both_keep(first: Weights, second: Weights) -> int:
    """Numbers that are not 0 in either."""
    return sum(int(((value != 0) & (second[name] != 0)).sum()) for name, value in first.items())


def path(
    probe: Probe, module: nn.Module, first: Weights, second: Weights, way: Way = straight
) -> dict[str, list[float]]:
    """Measures at each point.

    Returns:
        ``error``, the share of wrong answers; ``entropy``, the mean cross entropy in nats; ``off``, the root mean
        square distance of the outputs from the straight line between those of both ends, over the root mean square of
        the first end's; ``sup``, the same of largest sizes. To six digits.
    """
    found = [probe.outputs(module, mixed(first, second, way(t))) for t in probe.at]
    away = [z - ((1.0 - t) * found[0] + t * found[-1]) for t, z in zip(probe.at, found, strict=True)]
    size, largest = found[0].square().mean(), found[0].abs().max()
    measured = {
        "error": [float((z.argmax(1) != probe.y).double().mean()) for z in found],
        "entropy": [float(F.cross_entropy(z, probe.y)) for z in found],
        "off": [float((d.square().mean() / size).sqrt()) for d in away],
        "sup": [float(d.abs().max() / largest) for d in away],
    }
    return {name: [float(f"{value:.6g}") for value in values] for name, values in measured.items()}


def barrier(values: Sequence[float]) -> float:
    """As linear mode connectivity has it: the largest value less the mean of both ends, or 0."""
    return Path(tuple(range(len(values))), tuple(values)).barrier
