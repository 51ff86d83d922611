"""A chain of stages under construction; what cannot be appended is refused with the layer's name and the cure."""

from collections.abc import Callable

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.activations import Activation
from sltk.networks.layers import Act, Affine, AvgPool, Conv, Flatten, MaxPool, Network, Op, Pair, Stage


def first_line(error: Exception) -> str:
    """What ``error`` says, without the lines after the first."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class Chain:
    """The stages so far, with the shape of what leaves the last of them.

    Args:
        input_shape: shape of one input, without the batch axis.
    """

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.input_shape = input_shape
        self.x = torch.zeros(1, *input_shape, dtype=torch.float64)
        self.before: list[Op] = []
        self.stages: list[tuple[Affine, list[Op]]] = []

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
        return Network(self.input_shape, tuple(Stage(a, tuple(ops)) for a, ops in self.stages), tuple(self.before))

    def affine(self, affine: Affine) -> None:
        """Begin a stage.

        Raises:
            SltkError: entries that are not finite, or an input that the map does not take.
        """
        for tensor, what in ((affine.weight, "weight"), (affine.bias, "bias")):
            if not bool(torch.isfinite(tensor).all()):
                raise SltkError(f"layer {affine.name!r} holds NaN or infinity in its {what}; train or load it again.")
        if isinstance(affine, Conv):
            self._require_image(affine.name)
        elif len(self.shape) != 1:
            raise SltkError(
                f"layer {affine.name!r} is linear on inputs of shape {self.shape}; flatten them before it, with "
                "nn.Flatten()."
            )
        self._append(affine.name, affine)
        self.stages.append((affine, []))

    def fold(self, name: str, gain: Tensor, shift: Tensor) -> None:
        """Fold ``y -> gain y + shift``, one number a channel, into the affine map right before it.

        Raises:
            SltkError: a step between the two, or another number of channels.
        """
        if not self.stages or self.stages[-1][1]:
            raise SltkError(
                f"batch norm {name!r} does not come right after an affine map, so it cannot be folded into one; move "
                "it in front of the activation, or drop it."
            )
        affine = self.stages[-1][0]
        if gain.shape != affine.bias.shape:
            raise SltkError(f"batch norm {name!r} has {len(gain)} channels, the map before it {len(affine.bias)}.")
        weight = affine.weight * gain.reshape(-1, *(1,) * (affine.weight.ndim - 1))
        folded = {**vars(affine), "weight": weight, "bias": gain * affine.bias + shift}
        self.stages[-1] = (type(affine)(**folded), [])

    def activate(self, name: str, phi: Activation) -> None:
        """Append an activation.

        Raises:
            SltkError: no affine map before it, or a second activation after the same one.
        """
        if phi.name == "identity":
            return
        if not self.stages:
            raise SltkError(f"activation {name!r} comes before the first affine map; apply it to the data instead.")
        if any(isinstance(op, Act) for op in self.stages[-1][1]):
            raise SltkError(
                f"activation {name!r} is the second one after layer {self.stages[-1][0].name!r}; a stage has one. "
                "Merge both into one function, or put an affine map between them."
            )
        self.step(name, Act(phi))

    def step(self, name: str, op: Op) -> None:
        """Append a pooling step, a flattening or an activation.

        Raises:
            SltkError: an input that the step does not take.
        """
        if isinstance(op, Flatten) and len(self.shape) == 1:
            return
        if isinstance(op, AvgPool | MaxPool):
            self._require_image(name)
        self._append(name, op)
        (self.stages[-1][1] if self.stages else self.before).append(op)

    def divided(self, name: str, size: tuple[int | None, int | None]) -> Pair:
        """The kernel, and stride, of the plain pool that takes the sides of the image to ``size``.

        Raises:
            SltkError: a side that is no multiple; windows would differ in size then.
        """
        self._require_image(name)
        sides = self.shape[1:]
        wanted = [side if w is None else w for side, w in zip(sides, size, strict=True)]
        if any(w < 1 or side % w for side, w in zip(sides, wanted, strict=True)):
            raise SltkError(f"adaptive pool {name!r} takes {sides} to {tuple(wanted)}, no divisor; use a plain pool.")
        return (sides[0] // wanted[0], sides[1] // wanted[1])

    def _require_image(self, name: str) -> None:
        if len(self.shape) != 3:
            raise SltkError(f"layer {name!r} needs inputs of shape (channels, height, width), but gets {self.shape}.")

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
