"""What a run has spent: epochs, steps, multiply-adds; and what arms that are held against each other have to share."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from sltk.train.tickets.replicas import Replicas

_PLACES: WeakKeyDictionary[nn.Module, dict[torch.Size, dict[str, int]]] = WeakKeyDictionary()  # of stacks' networks
PASSES = 3  # one forward, and two backward: by the weights and by the inputs


@dataclass(frozen=True)
class Budget:
    """Of all trainings of one replica together.

    Attributes:
        epochs: passes over the training part, in whole batches.
        steps: of an optimiser.
        multiply_adds: of the weights of tickets that are not 0, ``PASSES`` for each of them and each place where it
            acts; what a basis, a norm, or a weight without a ticket costs is not counted. A machine that multiplies
            by zeros too does more, and as much a step whatever the density.
    """

    epochs: float
    steps: int
    multiply_adds: float


def budget_of(row: Mapping[str, Any]) -> Budget:
    """That of a measured row."""
    return Budget(row["epochs"], row["steps"], row["multiply_adds"])


def equal_budgets(first: Sequence[int], second: Sequence[int]) -> bool:
    """Whether two arms made as many steps, seed by seed; their batches are those of one setup."""
    return list(first) == list(second)


def step_products(replicas: Replicas, x: Tensor, batch: int) -> list[float]:
    """Multiply-adds of one step of ``batch`` rows, for each replica.

    Args:
        replicas: their gates as they are.
        x: ``(rows, ...)``; one row is run, to see where each weight acts.
        batch: rows a step.
    """
    at = _kept_places(replicas.template, x[:1])
    total = torch.zeros(replicas.count, dtype=torch.float64)
    with torch.no_grad():
        for name, ticket in replicas.tickets.items():
            total += at[name] * (ticket() != 0).flatten(1).sum(1).double().cpu()
    return (total * batch * PASSES).tolist()


def _kept_places(module: nn.Module, x: Tensor) -> dict[str, int]:
    """``places``, found once for rows of a shape: a copy of LeNet-300-100, and its hooks, cost a step of it."""
    of_shape = _PLACES.setdefault(module, {})
    if x.shape not in of_shape:
        of_shape[x.shape] = places(module, x)
    return of_shape[x.shape]


def places(module: nn.Module, x: Tensor) -> dict[str, int]:
    """How often each weight of one row's pass is multiplied, by its name: once in a dense layer, else once a position.

    Args:
        module: plain; a copy of it is run in eval mode.
        x: one row, ``(1, ...)``.
    """
    own, found = copy.deepcopy(module).eval(), {}
    for name, layer in own.named_modules():
        weight = getattr(layer, "weight", None)
        if isinstance(weight, Tensor) and weight.ndim > 1:
            found[f"{name}.weight" if name else "weight"] = 0
            layer.register_forward_hook(_counter(found, f"{name}.weight" if name else "weight", weight.shape[0]))
    first = next(own.parameters())
    with torch.no_grad():
        own(x.to(first) if x.is_floating_point() else x.to(first.device))
    return found


def _counter(found: dict[str, int], name: str, outputs: int) -> Any:
    def count(_module: nn.Module, _given: Any, out: Any) -> None:
        found[name] += out.numel() // outputs if isinstance(out, Tensor) else 0

    return count
