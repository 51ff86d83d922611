"""Stages under construction; what cannot be appended is refused with the layer's name and the cure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.affine import Affine
from sltk.networks.network import Network, Stage, activation_of
from sltk.networks.op import Step
from sltk.networks.ops import diagonal
from sltk.networks.spelling import Call
from sltk.networks.wiring import INPUT

WIDEST_OWN = 4096


def first_line(error: Exception) -> str:
    """What ``error`` says, without the lines after the first."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@dataclass(frozen=True)
class Place:
    """A value inside the network: what leaves step ``steps`` of stage ``stage`` (-1: the input), at input zero."""

    stage: int
    steps: int
    x: Tensor


class Chain:
    """The stages so far, with a place where the next step goes on.

    A stage that has been read or added by another is sealed: nothing is appended to it. A step on its value, as in a
    pre-activation block, begins a stage of its own.

    Args:
        input_shape: shape of one input, without the batch axis.
    """

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.input_shape = input_shape
        self.x = torch.zeros(1, *input_shape, dtype=torch.float64)
        self.before: list[Step] = []
        self.stages: list[tuple[Affine, list[Step]]] = []
        self.reads: list[int] = []
        self.adds: list[list[int]] = []
        self.terms: dict[int, list[int]] = {}
        self.at = INPUT
        self.sealed: set[int] = set()

    @property
    def place(self) -> Place:
        """Where the next step goes on."""
        return Place(self.at, len(self._steps(self.at)), self.x)

    def go(self, place: Place) -> None:
        """Go on at ``place``."""
        self.at, self.x = place.stage, place.x

    def _steps(self, stage: int) -> list[Step]:
        return self.before if stage == INPUT else self.stages[stage][1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what leaves the last step, without the batch axis."""
        return tuple(self.x.shape[1:])

    def network(self) -> Network:
        """The chain as a network.

        Raises:
            SltkError: no affine map in it.
        """
        if not self.stages:
            raise SltkError("read found no linear or convolutional layer; there is nothing to construct.")
        stages = [
            Stage(affine, tuple(ops), None if reads == i - 1 else reads, tuple(adds))
            for i, ((affine, ops), reads, adds) in enumerate(zip(self.stages, self.reads, self.adds, strict=True))
        ]
        return Network(self.input_shape, tuple(stages), tuple(self.before))

    def share(self, name: str) -> None:
        """The value here is read more than once: nothing may change it from now on.

        The network's input gets an identity map of its own first, behind which its copies are.
        """
        if self.at == INPUT:
            self.own(f"{name} (identity)")
        self.sealed.add(self.at)

    def finish(self, name: str) -> None:
        """End here; a sum at the end gets an identity map behind it, which brings its copies together."""
        if self.at != INPUT and self.adds[self.at]:
            self.own(f"{name} (identity)")

    def join(self, name: str, first: Place, second: Place) -> None:
        """Add two values: the later of the two stages takes the other as a skip, and goes on after the sum.

        A skip joins right after an affine map. Where the later value is the input's, lies behind an activation, or is
        read elsewhere too, an identity map of its own comes first (one channel to itself, weight 1).

        Both have one shape.
        """
        main, skip = (first, second) if first.stage > second.stage else (second, first)
        self.go(main)
        if skip.stage == INPUT:  # a value that is read twice is a stage's, so this is the input added to itself
            self.own(f"{name} (identity)")
            main = skip = self.place
        if main.steps or main.stage in self.sealed or main.stage == skip.stage:
            self.own(f"{name} (identity)")
        self.sealed.add(skip.stage)
        self.adds[self.at].append(skip.stage)

    def add_up(self, stages: list[int]) -> None:
        """The last of these stages, which nothing else reads, takes the others as skips: one map in several terms."""
        *others, last = stages
        self.sealed.update(others)
        self.adds[last] += others
        self.terms[last] = stages
        self.at = last

    def own(self, name: str, gain: Tensor | None = None, shift: Tensor | None = None) -> None:
        """Begin a stage that maps each channel to itself: ``y -> gain y + shift``, by default the identity.

        Raises:
            SltkError: more than 4,096 channels.
        """
        channels = self.shape[0]
        if channels > WIDEST_OWN:
            raise SltkError(
                f"step {name!r} needs a map of {channels:,} channels to themselves, over the limit of {WIDEST_OWN:,}; "
                "move the sum or the batch norm in front of the flattening."
            )
        gain = torch.ones(channels, dtype=torch.float64) if gain is None else gain
        shift = torch.zeros(channels, dtype=torch.float64) if shift is None else shift
        self.affine(diagonal(name, gain, shift, self.shape))

    def affine(self, affine: Affine) -> None:
        """Begin a stage.

        Raises:
            SltkError: entries that are not finite, or an input that the map does not take.
        """
        for tensor, what in ((affine.weight, "weight"), (affine.bias, "bias")):
            if not bool(torch.isfinite(tensor).all()):
                raise SltkError(f"layer {affine.name!r} holds NaN or infinity in its {what}; train or load it again.")
        affine.require(Call(affine.name, self.shape))
        before = self.at
        self._append(affine.name, affine)
        self.sealed.add(before)
        self.stages.append((affine, []))
        self.reads.append(before)
        self.adds.append([])
        self.at = len(self.stages) - 1

    def scale(self, name: str, gain: Tensor, shift: Tensor) -> None:
        """``y -> gain y + shift``, one number a channel: folded into the affine map right before it, else a stage."""
        terms = self.terms.get(self.at, [self.at])
        if self.at == INPUT or self.at in self.sealed or self.stages[self.at][1] or self.adds[self.at] != terms[:-1]:
            self.own(name, gain, shift)
            return
        for stage in terms:
            affine = self.stages[stage][0]
            weight = affine.weight * gain.reshape(-1, *(1,) * (affine.weight.ndim - 1))
            bias = gain * affine.bias + (shift if stage == self.at else 0.0)
            self.stages[stage] = (replace(affine, weight=weight, bias=bias), [])

    def step(self, name: str, op: Step) -> None:
        """Append a step; one that changes nothing here is left out.

        Raises:
            SltkError: an input that the step does not take, or an activation where none can be.
        """
        if op.idle(self.shape):
            return
        if op.elementwise is not None:
            self._require_first_activation(name)
        op.require(Call(name, self.shape))
        if self.at in self.sealed:
            self.own(f"{name} (identity)")
        self._append(name, op)
        self._steps(self.at).append(op)

    def _require_first_activation(self, name: str) -> None:
        if self.at in self.sealed:
            return
        if self.at == INPUT:
            raise SltkError(f"activation {name!r} comes before the first affine map; apply it to the data instead.")
        if activation_of(self._steps(self.at)) is not None:
            raise SltkError(
                f"activation {name!r} is the second one after layer {self.stages[self.at][0].name!r}; a stage has one. "
                "Merge both into one function, or put an affine map between them."
            )

    def _append(self, name: str, step: Callable[[Tensor], Tensor]) -> None:
        try:
            x = step(self.x)
        except (RuntimeError, ValueError) as error:
            raise SltkError(
                f"layer {name!r} does not take inputs of shape {self.shape}: {first_line(error)}; change either."
            ) from error
        if x.numel() == 0:
            raise SltkError(f"layer {name!r} leaves nothing of inputs of shape {self.shape}.")
        self.x = x
