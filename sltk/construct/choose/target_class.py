"""The declared class of a target: what the choice of a recipe may know. It is coarse on purpose.

The class holds the architecture, the domain, how many parameters of each layer lie in each half octave, and the octave
of the largest hidden value. Targets of one class get the same recipe, hence the same source from the same seed.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sltk.certify.findings import probes
from sltk.certify.intervals import Box
from sltk.core.numerics.arrays import Values
from sltk.networks.network import Network, run
from sltk.networks.wiring import flow

SMALLEST = -40  # half octaves below 2**-20 count as this one
REACH_PROBES = 64


@dataclass(frozen=True)
class Sizes:
    """How many parameters lie in each half octave: ``counts[h]`` of them in ``(2^((h-1)/2), 2^(h/2)]``; zeros are
    in none."""

    counts: Mapping[int, int]

    @classmethod
    def of(cls, parameters: Values) -> "Sizes":
        """The half octaves of the non-zero ``parameters``."""
        size = np.abs(parameters[parameters != 0.0])
        halves = np.maximum(np.ceil(2.0 * np.log2(size)), SMALLEST)
        return cls(dict(sorted(Counter(int(half) for half in halves).items())))

    @property
    def octave(self) -> int:
        """Exponent of the least power of two that is at least every parameter; 0 where there are none."""
        return math.ceil(max(self.counts) / 2) if self.counts else 0

    @property
    def total(self) -> int:
        """Number of parameters that are not 0."""
        return sum(self.counts.values())

    def in_units(self, octaves: int) -> "Sizes":
        """The same in units of ``2**octaves``."""
        return Sizes({half - 2 * octaves: count for half, count in self.counts.items()})

    def largest(self) -> tuple[Values, Values]:
        """The upper ends of the half octaves, and how many parameters each has."""
        halves = np.array(list(self.counts), dtype=np.float64)
        return 2.0 ** (halves / 2.0), np.array(list(self.counts.values()), dtype=np.float64)


@dataclass(frozen=True)
class TargetClass:
    """What is declared of a target besides architecture and domain.

    Attributes:
        weights, biases: sizes of the parameters, stage by stage.
        reach: octave of the largest hidden value on probes of the domain, one more for what they have not seen.
    """

    weights: tuple[Sizes, ...]
    biases: tuple[Sizes, ...]
    reach: int

    @classmethod
    def of(cls, network: Network, box: Box) -> "TargetClass":
        """The class of ``network`` on ``box``."""
        affine = [stage.affine for stage in network.stages]
        return cls(
            tuple(Sizes.of(a.weight.numpy()) for a in affine), tuple(Sizes.of(a.bias.numpy()) for a in affine),
            1 + _octave(_largest_hidden(network, box)),
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """The class as JSON."""
        return {
            "weights": [_pairs(sizes) for sizes in self.weights],
            "biases": [_pairs(sizes) for sizes in self.biases],
            "reach": self.reach,
        }


def _pairs(sizes: Sizes) -> list[list[int]]:
    return [[half, count] for half, count in sizes.counts.items()]


def _octave(size: float) -> int:
    return math.ceil(math.log2(size)) if size > 0.0 else 0


def _largest_hidden(network: Network, box: Box) -> float:
    """Largest ``|x|`` that enters a stage behind the first one."""
    largest = [0.0]

    def step(index: int, x: torch.Tensor, skips: list[torch.Tensor]) -> torch.Tensor:
        if index:
            largest.append(float(x.abs().max()))
        return run(network.stages[index].after, sum(skips, network.stages[index].affine(x)))

    x = probes(box, network.input_shape, 0, REACH_PROBES).double()
    with torch.no_grad():
        flow(network.stages, run(network.before, x), step)
    return max(largest)
