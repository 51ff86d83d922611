"""Steps without parameters as modules; where no gradient is kept, they write over what they read."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from sltk.networks.op import Op, Step
from sltk.runtime.in_place import overwrite


class AfterStep(nn.Module):
    """A step without parameters as a module."""

    def __init__(self, op: Op) -> None:
        super().__init__()
        self.op = op

    def forward(self, x: Tensor) -> Tensor:
        """Apply the step."""
        return self.op(x)

    def extra_repr(self) -> str:
        """The step's own text."""
        return str(self.op)


def through(steps: Iterable[nn.Module], y: Tensor) -> Tensor:
    """``y`` behind the steps, the same numbers as one by one.

    Args:
        steps: in order.
        y: read by no one else; its numbers may be gone afterwards.
    """
    for step in steps:
        acts = step.op.elementwise if isinstance(step, AfterStep) and isinstance(step.op, Step) else None
        if acts is None or torch.is_grad_enabled() or not overwrite(acts, y):
            y = step(y)
    return y
