"""What every kind of layer answers, and what the steps after an affine map answer besides.

A kind is a class in a file of its own in ``sltk/networks/ops``. Nobody else asks which kind a layer is.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from sltk.core.numerics.formats import FLOAT64, Format
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import up
from sltk.core.numerics.twofold import ROOM, TINY, Twofold
from sltk.networks.activations.activation import Activation
from sltk.networks.geometry import Pair
from sltk.networks.relaxed import Relaxed, adjoint
from sltk.networks.spelling import Call, Spellings


class Op(ABC):
    """A function between tensors with a batch axis, and the rules by which it is bounded, written and read.

    Attributes:
        tag: the kind's name in files.
    """

    tag: ClassVar[str]

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """The values at ``x``, ``(batch, *shape)``, in the dtype of ``x``."""

    @abstractmethod
    def image(self, x: Interval) -> Interval:
        """An interval that holds the exact value at every point of ``x``; both have a batch axis, float64."""

    @abstractmethod
    def through(self, errors: Tensor) -> Tensor:
        """Upper bounds of ``|op(x) - op(y)|`` for all ``|x - y| <= errors``, entry by entry.

        Args:
            errors: ``(batch, *shape)``, float64, at least 0.
        """

    @abstractmethod
    def require(self, call: Call) -> None:
        """Check that inputs have the number of axes that the kind works on.

        Raises:
            SltkError: another number; says what to do.
        """

    @classmethod
    @abstractmethod
    def spellings(cls) -> "Spellings[tuple[Op, ...]]":
        """What torch computes the kind by, each read as the layers and steps that it amounts to, in order."""


class Step(Op):
    """What follows the affine map and the skips of a stage: no parameters, the same for every copy of a neuron."""

    @property
    @abstractmethod
    def spoils_constants(self) -> bool:
        """Whether an image of one number a channel can leave as an image of more than one."""

    @abstractmethod
    def relaxed(self, x: Interval) -> Relaxed:
        """Linear bounds of the values at every point of ``x``, ``(copies, *shape)``."""

    @abstractmethod
    def difference(self, target: Interval, ticket: Interval, d: Interval) -> tuple[Interval, Relaxed]:
        """Where ``op(x) - op(x - d)`` lies, and linear bounds of it in d.

        Args:
            target: where x lies, ``(1, *shape)``; ticket: where ``x - d`` lies, ``(copies, *shape)``.
            d: where d lies, of the same shape.
        """

    def moved(self, target: Interval, ticket: Interval, d: Interval) -> Interval:
        """The first that ``difference`` gives, without the bounds."""
        return self.difference(target, ticket, d)[0]

    @abstractmethod
    def through_largest(self, largest: Tensor) -> Tensor:
        """Upper bound of the largest entry of ``through(errors)``, from the largest of ``errors`` alone."""

    @abstractmethod
    def evaluation(self, x: Interval, run: Format) -> Tensor:
        """Upper bound of ``|computed - op(x)|`` where the step is evaluated in the format ``run``.

        Args:
            x: holds the inputs, which are numbers of the format; both ends have a batch axis, float64.

        Raises:
            SltkError: nobody has said how far the step's function is off in this format.
        """

    def twofold(self, x: Twofold) -> Twofold:
        """The step on numbers of twice the precision; where a kind knows no better in float64, with what that loses."""
        found = self(x.high)
        lost = self.evaluation(Interval(x.high, x.high), FLOAT64)
        off = self.through(up(x.off + x.low.abs())) + lost
        return Twofold(found, torch.zeros_like(found), off * ROOM + TINY)

    @property
    def gaps(self) -> tuple[Pair, Pair] | None:
        """How far apart the step moves pixels, zeros between them, and how many zeros it puts behind; else ``None``."""
        return None

    @property
    def elementwise(self) -> Activation | None:
        """The activation that the step applies to each entry; ``None`` where it is no such step."""
        return None

    @property
    def keeps_zero(self) -> bool:
        """Whether what is zero everywhere is exactly zero behind the step, in every format."""
        return False

    def idle(self, shape: tuple[int, ...]) -> bool:
        """Whether the step gives back inputs of ``shape`` (no batch axis) as they are."""
        return False

    def record(self) -> dict[str, object]:
        """The step as JSON: its tag under ``op``, and its fields."""
        return {"op": self.tag, **{key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}}

    @classmethod
    def from_record(cls, record: Mapping[str, Any], custom: Mapping[str, Activation]) -> Self:
        """The step that ``record`` wrote; ``custom`` holds a user's own activations by name."""
        return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in record.items() if key != "op"})


class Selection(Step):
    """A step of which every output is the largest of some inputs, or 0: copies, moves, maxima; nothing is rounded.

    It rises with its inputs, so that intervals pass by their ends, and it enlarges no difference.
    """

    def image(self, x: Interval) -> Interval:
        """The step at both ends, exactly."""
        return Interval(self(x.low), self(x.high))

    def through(self, errors: Tensor) -> Tensor:
        """What the step does to values: a maximum is off by at most the largest error of its window."""
        return self(errors)

    @property
    def keeps_zero(self) -> bool:
        """Zeros are copied."""
        return True

    @property
    def readers(self) -> int:
        """Most outputs that copy one input, where every output is a copy of one."""
        return 1

    def twofold(self, x: Twofold) -> Twofold:
        """A step that copies does the same to both parts."""
        return Twofold(*map(self, x))

    def relaxed(self, x: Interval) -> Relaxed:
        """A step that copies is linear."""
        return adjoint(self, x.magnitude, self.readers)

    def difference(self, target: Interval, ticket: Interval, d: Interval) -> tuple[Interval, Relaxed]:
        """A step that copies does the same to differences."""
        return self.image(d), self.relaxed(d)

    def through_largest(self, largest: Tensor) -> Tensor:
        """The same."""
        return largest

    def evaluation(self, x: Interval, run: Format) -> Tensor:
        """Nothing is rounded."""
        return torch.zeros_like(self(x.low))

    @property
    def spoils_constants(self) -> bool:
        """Every pixel is one that was there."""
        return False
