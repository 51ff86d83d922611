"""What a stage's affine map makes of a functional: one object for each way in which a construction realises a stage."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.contributions import spread
from sltk.certify.differential.forms import Form, Part
from sltk.certify.signed import Signed
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma
from sltk.networks.affine import Affine
from sltk.networks.relaxed import dot


@dataclass(frozen=True)
class Offsets:
    """Constants of a stage's affine output, and what else it may be off by.

    Attributes:
        target: ``(*shape)``, biases of the target.
        difference: ``(copies, *shape)``, target's minus ticket's.
        ticket: the same shape, the ticket's.
        slack_target, slack_difference, slack_ticket: of the same shapes, at least 0: what is known only up to a size,
            and the rounding of a functional's way through the map, for a coefficient of 1.
    """

    target: Tensor
    difference: Tensor
    ticket: Tensor
    slack_target: Tensor
    slack_difference: Tensor
    slack_ticket: Tensor

    def part(self, part: Part) -> tuple[Tensor, Tensor]:
        """Constant and slack of one part."""
        return getattr(self, part), getattr(self, f"slack_{part}")

    def of(self, form: Form) -> Tensor:
        """The part of a functional that no value of the network enters, at its largest, ``(rows,)``."""
        parts = (
            (form.target, self.target, self.slack_target),
            (form.difference, self.difference, self.slack_difference),
            (form.ticket, self.ticket, self.slack_ticket),
        )
        total = torch.zeros(form.rows, dtype=torch.float64)
        for c, value, slack in parts:
            if c is not None:
                rounding = gamma(value.numel() + 16) * value.abs()
                total = total + dot(c, value) + dot(c.abs(), (slack + rounding) * (1 + 64 * UNIT))
        return total


@dataclass(frozen=True)
class Taps:
    """A stage on the input.

    Attributes:
        bases: weights ``(copies * out, in, kh, kw)`` of x (``slope``) and of curves of it.
        size: ``(copies * out, ...)``, largest sum of the sizes of all terms.
        order: of powers.
    """

    bases: dict[str, Tensor]
    size: Tensor
    order: int = 1


class StageMap(ABC):
    """A stage of the pair on boxes of what it reads.

    Attributes:
        offsets: of its affine output.
    """

    offsets: Offsets

    @abstractmethod
    def pull(self, form: Form) -> Form:
        """The functional of what the stage reads that equals one of its affine output, but for ``offsets``."""

    @abstractmethod
    def rows(self, part: Part) -> Form:
        """The functionals of what the stage reads, one for each entry of the affine output of ``part``, in order."""

    @property
    def quick(self) -> bool:
        """Whether ``together`` is there."""
        return False

    def together(self, v: Tensor) -> Interval:
        """Where ``sum_a v_a d_a`` lies for every row and neuron of the affine output, ``(rows, *shape)``.

        Args:
            v: ``(rows, copies, *shape)``.

        Raises:
            SltkError: the map has no quicker way than by functionals.
        """
        raise SltkError("together needs a map that is quick, but this one goes by functionals; look at quick first.")

    def kernels(self, part: Part) -> dict[Part, Tensor] | None:
        """Weights ``(copies * out, copies_in * in, kh, kw)`` on the parts of what is read; ``None`` where curves or
        groups enter."""
        return None

    def taps(self, part: Part) -> Taps | None:
        """The stage on the input, if it reads nothing else; ``None`` if it does."""
        return None

    def extremes(self) -> tuple[Interval, Interval] | None:
        """Where differences and ticket lie at the output, exactly but for rounding, if the stage reads the input.

        ``None`` where there is no quicker way than by functionals.
        """
        return None


def biases(affine: Affine, bias: Signed, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Biases of target, difference and ticket at every position of ``like`` ``(copies, *shape)``."""
    target = spread(affine.offset[None], like[:1])[0]
    difference = spread(bias.value, like)
    return target, difference, target - difference
