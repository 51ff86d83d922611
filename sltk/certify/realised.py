"""What a construction hands over about one target stage: how far the ticket's parameters are off, and by how much
the selected weights amplify what came before. All float64; all numbers include their own rounding.


Each way of realising a stage is a class with its own rule of how errors arise and go on.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from sltk.certify.boxes.matrices import Weights
from sltk.certify.contributions import Contributions
from sltk.certify.differential.forms import Known
from sltk.certify.differential.stage_map import StageMap
from sltk.certify.local.pair_map import PairMap
from sltk.certify.signed import Signed
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.networks.affine import Affine

Shape = tuple[int, ...]


class Realised(ABC):
    """One stage of a ticket: its parameter errors, and how it amplifies errors of its inputs.

    Attributes:
        kind: name of the way, in certificates.
        bias: ``(copies, out)``, target minus ticket.
    """

    kind: ClassVar[str]
    bias: Signed

    @property
    def bias_error(self) -> Tensor:
        """Absolute errors of the biases, ``(copies, out)``."""
        return self.bias.magnitude

    @property
    @abstractmethod
    def copies(self) -> int:
        """Copies of every target neuron."""

    @property
    @abstractmethod
    def parameter_error(self) -> float:
        """Largest error of an effective weight, pruned ones included."""

    @property
    @abstractmethod
    def products(self) -> int:
        """Products of one functional's way back through the stage, for each of its positions."""

    @abstractmethod
    def weight_error(self, nonnegative: bool) -> Tensor:
        """Absolute errors of the effective weights, ``(copies, out, in, kh, kw)``.

        Args:
            nonnegative: whether no input of the stage is negative.
        """

    @abstractmethod
    def fits(self, affine: Affine, copies_in: int) -> None:
        """Check against the target's stage and the copies that the stage before has.

        Raises:
            SltkError: where a shape differs, or the copies do.
        """

    @abstractmethod
    def contributions(self, affine: Affine, target: Interval, ticket: Interval, errors: Tensor) -> Contributions:
        """Bound what each source of error adds at the affine output, from sizes alone.

        Args:
            affine: the target's map.
            target: ``(*shape)``, where the target's input values lie.
            ticket: ``(copies, *shape)``, where the ticket's input values lie.
            errors: ``(copies, *shape)``, bounds of their distance.
        """

    @abstractmethod
    def own(self, affine: Affine, target: Interval, ticket: Interval) -> Tensor:
        """Upper bound of what errors of weights and biases add together, with their signs; else as ``contributions``.

        Returns:
            ``(copies, out, ...)``.
        """

    @abstractmethod
    def map(self, affine: Affine, known: Known, injected: Tensor) -> StageMap:
        """The stage as a map of functionals, for values that lie where ``known`` says.

        Args:
            affine: the target's map.
            known: of what the stage reads.
            injected: ``(copies, out, ...)``, at least 0: what else each output of the ticket may be off by.
        """

    @abstractmethod
    def matrices(self, affine: Affine, shape: Shape, copies_in: int) -> Weights:
        """The difference of the stage's outputs as matrices, for small networks.

        Args:
            affine: the target's map.
            shape: of what the stage reads; copies_in: of it.
        """

    @abstractmethod
    def pair(self, affine: Affine) -> PairMap:
        """The stage as a map of signed differences over many boxes at once, for the target's map ``affine``."""

    @abstractmethod
    def inherited(self, affine: Affine, errors: Tensor) -> Tensor:
        """Upper bound of what errors ``(copies_in, *shape)`` become at the affine output, ``(copies, out, ...)``."""


def store(owner: Realised, name: str) -> None:
    """Keep a field of sizes as float64 on the CPU.

    Raises:
        SltkError: NaN, infinity, or a negative entry.
    """
    value = torch.as_tensor(getattr(owner, name), dtype=torch.float64, device="cpu").detach().contiguous()
    kind = type(owner).__name__
    if not bool(torch.isfinite(value).all()):
        raise SltkError(f"{kind} needs finite {name}, but it holds NaN or infinity; bound the value first.")
    if bool((value < 0).any()):
        raise SltkError(f"{kind} needs {name} >= 0, but its least entry is {float(value.min())}; pass magnitudes.")
    object.__setattr__(owner, name, value)


def parameter_shape(kind: str, value: Signed) -> Shape:
    """The shape of parameter errors.

    Raises:
        SltkError: another number of axes than ``(copies, out, in, kh, kw)``.
    """
    if len(value.shape) != 5:
        raise SltkError(
            f"{kind} needs parameter errors of shape (copies, out, in, kh, kw), but got {value.shape}; "
            "use kh = kw = 1 for a linear layer."
        )
    return value.shape


def require_shape(kind: str, name: str, value: Tensor | Signed, shape: Shape) -> None:
    """Check the shape of a field.

    Raises:
        SltkError: it is another.
    """
    if tuple(value.shape) != shape:
        raise SltkError(f"{kind} needs {name} of shape {shape}, but got {tuple(value.shape)}.")
