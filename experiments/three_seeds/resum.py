"""A trained ticket written again with random numbers alone: every number that is kept becomes a subset sum."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from sltk.core.rng import stream
from sltk.subset_sum import solve
from sltk.subset_sum.laws import Law, Uniform
from sltk.train.loop.evaluation import evaluate
from sltk.train.loop.state import State
from sltk.train.methods.imp import Imp
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.setup import Setup

SAMPLE_BITS = 24  # of a draw of the uniform law
HALF_WIDTH = 2.0
LAW: Law = Uniform(HALF_WIDTH)
SUMS, ROUNDED, RANDOM = "subset sums", "rounded", "random subsets"
Rewrite = Callable[[np.ndarray, int, int, str], np.ndarray]


def summed(values: np.ndarray, n: int, seed: int, name: str) -> np.ndarray:
    """The nearest subset sum of ``n`` numbers of ``LAW``, a pool for each of ``values``.

    From the stream ``(seed, "three seeds", name)``, which is drawn before a value is looked at: the pools of ``n``
    samples are the first ``n`` columns of those of 40.
    """
    pools = _pools(len(values), seed, name)[:, :n]
    return solve(np.ascontiguousarray(pools), values).value


def rounded(values: np.ndarray, n: int, seed: int, name: str) -> np.ndarray:
    """The nearest of ``2^n`` evenly spaced numbers of the law's range: as many bits, none of them random."""
    step = 2.0 * HALF_WIDTH / 2**n
    places = np.clip(np.floor((values + HALF_WIDTH) / step), 0, 2**n - 1)
    return -HALF_WIDTH + (places + 0.5) * step


def guessed(values: np.ndarray, n: int, seed: int, name: str) -> np.ndarray:
    """The sum of a random half of the pool: the control that nothing is found without a search."""
    pools = _pools(len(values), seed, name)[:, :n]
    return (pools * (stream(seed, "three seeds, guessed", name).random(pools.shape) < 0.5)).sum(1)


WAYS: Mapping[str, Rewrite] = {SUMS: summed, ROUNDED: rounded, RANDOM: guessed}


@dataclass(frozen=True)
class SeedTicket(Imp):
    """IMP whose ticket is written again with random numbers after each round, and measured; training goes on as it was.

    Args:
        sizes: samples of a pool, or bits of a rounded number.
        written: densities whose tickets are written again.
    """

    name: ClassVar[str] = "imp, written again"
    sizes: tuple[int, ...] = (4, 8)
    written: tuple[float, ...] = ()

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Those of IMP, with ``Resum`` behind the measurements of the densities that are asked for."""
        by_label = {str(place): density for place, density in enumerate(self.densities, 1)}
        found: list[Phase] = []
        for phase in super().phases(setup, rows):
            found.append(phase)
            if isinstance(phase, Measure) and by_label.get(phase.label) in self.written:
                found.append(Resum(by_label[phase.label], self.sizes))
        return found


@dataclass(frozen=True)
class Resum:
    """Add a row a replica, way and size: accuracies of the ticket with every number that it keeps written again.

    ``numbers`` counts coefficients of the mask and the other parameters, all of which are written again; ``moved`` is
    ``||dW|| / ||W||`` over the weights, and ``moved in coefficients`` the same of the coefficients.

    Args:
        density: of the ticket, for the row.
        sizes: see ``SeedTicket``.
    """

    density: float
    sizes: tuple[int, ...]

    def run(self, state: State) -> None:
        """Write, measure, and put back what was there."""
        kept = {name: value.detach().clone() for name, value in state.values().items()}
        before = _weights(state)
        for way, rewrite in WAYS.items():
            for n in self.sizes:
                _rewrite(state, rewrite, n)
                self._measure(state, way, n, before, kept)
                with torch.no_grad():
                    for name, value in state.values().items():
                        value.copy_(kept[name])

    def _measure(self, state: State, way: str, n: int, before: list[Tensor], kept: Mapping[str, Tensor]) -> None:
        replicas = state.replicas
        test, validation = (evaluate(replicas, part)[0] for part in (state.task.test, state.task.validation))
        masks = [ticket.mask for ticket in replicas.tickets.values()]
        own = [ticket.coefficients.detach() * m for ticket, m in zip(replicas.tickets.values(), masks, strict=True)]
        old = [kept[f"c:{name}"] * ticket.mask for name, ticket in replicas.tickets.items()]
        rest = sum(p[0].numel() for p in replicas.rest.values())
        numbers = torch.stack([mask.flatten(1).sum(1) for mask in masks]).sum(0) + rest
        moved, in_coefficients = _apart(_weights(state), before), _apart(own, old)
        for r, seed in enumerate(replicas.seeds):
            row = {"label": "written", "seed": seed, "arm": replicas.arms[r], "written": self.density, "way": way}
            state.rows.append({
                **row, "n": n, "accuracy": float(test[r]), "on validation": float(validation[r]),
                "numbers": int(numbers[r]), "moved": moved[r], "moved in coefficients": in_coefficients[r],
            })  # fmt: skip


def _rewrite(state: State, rewrite: Rewrite, n: int) -> None:
    replicas = state.replicas
    with torch.no_grad():
        for r, seed in enumerate(replicas.seeds):
            for name, ticket in replicas.tickets.items():
                mask, own = ticket.mask[r], ticket.coefficients[r]
                own[mask] = _again(own[mask], rewrite, n, seed, name)
            for name, value in replicas.rest.items():
                value[r] = _again(value[r].flatten(), rewrite, n, seed, name).view_as(value[r])


def _again(values: Tensor, rewrite: Rewrite, n: int, seed: int, name: str) -> Tensor:
    return torch.from_numpy(rewrite(values.double().numpy(), n, seed, name)).to(values)


def _pools(count: int, seed: int, name: str) -> np.ndarray:
    return LAW.sample(stream(seed, "three seeds", name), (count, 40))


def _weights(state: State) -> list[Tensor]:
    return [ticket().detach() for ticket in state.replicas.tickets.values()]


def _apart(new: list[Tensor], old: list[Tensor]) -> list[float]:
    """Relative distance by replica, over all tensors together."""
    off = torch.stack([(a.double() - b.double()).flatten(1).square().sum(1) for a, b in zip(new, old, strict=True)])
    size = torch.stack([b.double().flatten(1).square().sum(1) for b in old])
    return (off.sum(0) / size.sum(0)).sqrt().tolist()
