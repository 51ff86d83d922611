"""The networks that are sought: one hidden layer, no biases."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from sltk.construct import StrongTicket, strong_ticket
from sltk.networks.activations.table import activation
from sltk.networks.layers import Act, Linear, Network, Stage
from sltk.subset_sum.laws import Uniform


@dataclass(frozen=True)
class Sought:
    """A bias-free network with one hidden layer on ``[low, 1]^d``, and the source it is sought in."""

    name: str
    activation: str
    low: float
    hidden: tuple[tuple[float, ...], ...]
    output: tuple[tuple[float, ...], ...]
    n: int
    eps: float
    half_width: float

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Sought":
        """From its JSON values."""
        rows = {name: tuple(map(tuple, record[name])) for name in ("hidden", "output")}
        return cls(**{**record, **rows})

    def network(self) -> Network:
        """The target."""
        first, last = (_linear(name, w) for name, w in (("hidden", self.hidden), ("output", self.output)))
        phi = Act(activation(self.activation))
        return Network((first.weight.shape[1],), (Stage(first, (phi,)), Stage(last)))

    def ticket(self, network: Network, seed: int) -> StrongTicket:
        """The ticket of one seed."""
        return strong_ticket(
            network, method="plus-one", n=self.n, seed=seed, domain=(self.low, 1.0), param_eps=self.eps,
            objective="cardinality", law=Uniform(self.half_width), biases=False,
        )  # fmt: skip


SOUGHT = (
    Sought("ReLU, one input, n = 18", "relu", 0.0, ((0.7,), (-0.7,), (0.7,), (-0.7,), (0.7,), (0.7,)),
           ((1.2, -1.2, 1.2, 1.2, -1.2, 1.2),), 18, 0.1, 1.0),
    Sought("tanh, two inputs, n = 16", "tanh", -1.0, ((0.6, -0.5), (-0.6, 0.5), (0.5, 0.6)), ((0.9, -0.7, 0.9),),
           16, 0.1, 1.0),
)  # fmt: skip


def _linear(name: str, weight: tuple[tuple[float, ...], ...]) -> Linear:
    matrix = torch.tensor(weight, dtype=torch.float64)
    return Linear(name, matrix, torch.zeros(matrix.shape[0], dtype=torch.float64))
