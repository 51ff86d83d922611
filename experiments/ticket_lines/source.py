"""Tickets of one source with masks that share nothing, or nothing but a first layer; as weights in its coordinates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from experiments.ticket_lines.along import both_keep
from sltk.construct import Construction, Recipe, Run, Search
from sltk.construct.build import build_stages
from sltk.construct.export.plain import layer_names, source_module
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role
from sltk.construct.source import MATERIALISE_LIMIT, Source
from sltk.core.numerics.arrays import Flags, Indices, Values

Apart = Literal["neurons", "weights"]
TAKEN = Search("cardinality")


@dataclass(frozen=True)
class Left(Source):
    """What is left of a source where some of it was pruned before a target is looked at: the rest reads as 0.

    Args:
        weight_left, bias_left: of each layer, flat: what was not pruned.
    """

    weight_left: tuple[Flags, ...] = ()
    bias_left: tuple[Flags, ...] = ()

    def weights(self, layer: int, flat: Indices) -> Values:
        """As the source has them, 0 where they were pruned."""
        return super().weights(layer, flat) * self.weight_left[layer][flat]

    def biases(self, layer: int, flat: Indices) -> Values:
        """As the source has them, 0 where they were pruned."""
        return super().biases(layer, flat) * self.bias_left[layer][flat]


def half(source: Source, roles: Sequence[Role], apart: Apart, side: int) -> Left:
    """One of two halves of ``source`` that have nothing in common, or nothing but what lies below combining weights.

    Args:
        roles: of the source's layers.
        apart: ``neurons`` deals out the univariate neurons of each input and the constants, one to each half in turn,
            and the copies that a later stage of plus-one reads; ``weights`` deals out the combining weights, so that
            both halves have all neurons.
        side: 0 or 1.
    """
    weight = [np.ones(layer.weight_count, dtype=bool) for layer in source.layers]
    bias = [np.ones(layer.outputs, dtype=bool) for layer in source.layers]
    for role in roles:
        own = np.arange(role.inputs * role.copies_in) % role.copies_in % 2 == side
        combining = weight[role.combine].reshape(-1, role.width, role.inner)
        if apart == "weights":
            row, column, tap = np.indices(combining.shape, sparse=True)
            combining[:] = (row + column + tap) % 2 == side
            continue
        if role.first is None:
            combining[:, : own.size] = own[:, None]
        else:
            weight[role.first].reshape(-1, role.fan)[: own.size] = own[:, None]
        if role.constants is not None:
            start, count = role.constants.start, role.constants.count
            bias[role.below][start : start + count] = np.arange(count) % 2 == side
    return Left(source.layers, source.law, source.seed, tuple(weight), tuple(bias))


@dataclass(frozen=True)
class Ticket:
    """What a ticket computes with, in the coordinates of its source.

    Attributes:
        weights: mask times source, float64, by the names of the source's module.
        missed: problems without a solution, of ``problems``.
    """

    weights: Mapping[str, Tensor]
    missed: int
    problems: int

    @property
    def kept(self) -> int:
        """Weights and biases that are not 0."""
        return sum(int((value != 0).sum()) for value in self.weights.values())

    def meets(self, other: "Ticket") -> int:
        """Weights and biases that both tickets keep."""
        return both_keep(self.weights, other.weights)


def construction(target: nn.Module, recipe: Recipe, shape: tuple[int, ...]) -> Construction:
    """Of a target whose inputs lie in [0, 1]."""
    return Construction(target, (0.0, 1.0), recipe, input_shape=shape)


def build(asked: Construction, source: Source) -> Ticket:
    """The ticket of ``asked`` in ``source``, with the fewest samples in each pool.

    A sample that was pruned beforehand adds nothing to a sum, and is left out of the mask.
    """
    masks, failures, problems = build_stages(asked, source, asked.tolerances(TAKEN), TAKEN, Run(), None)
    found: dict[str, Tensor] = {}
    for index, name in enumerate(names(asked)):
        layer = source.layers[index]
        weight, bias = np.zeros(layer.weight_count), np.zeros(layer.outputs)
        mask: LayerMask = masks[index]
        weight[mask.weight], bias[mask.bias] = source.weights(index, mask.weight), source.biases(index, mask.bias)
        found[f"{name}.weight"] = torch.from_numpy(weight.reshape(layer.weight_shape))
        found[f"{name}.bias"] = torch.from_numpy(bias)
    return Ticket(found, len(failures), problems)


def names(asked: Construction) -> list[str]:
    """Of the source's layers in its module."""
    return layer_names(asked.source(0), asked.architecture.before)


def module_of(asked: Construction) -> nn.Module:
    """The source's network, to be filled."""
    return source_module(asked.source(0), asked.architecture.before, MATERIALISE_LIMIT).eval()


def with_all_below(asked: Construction, first: Ticket, second: Ticket) -> tuple[Ticket, Ticket]:
    """Two tickets of one source, each with the first layers and constants of both: what nothing reads changes nothing.

    Afterwards they differ in combining weights alone.
    """
    combining = {f"{names(asked)[role.combine]}.weight" for role in asked.plan.roles}

    def filled(own: Ticket, other: Ticket) -> Ticket:
        below = {
            name: value if name in combining else torch.where(value != 0, value, other.weights[name])
            for name, value in own.weights.items()
        }
        return replace(own, weights=below)

    return filled(first, second), filled(second, first)
