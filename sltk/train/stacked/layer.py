"""What a layer of a stack is."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn

from sltk.train.stacked.parts import Parts, Weight


class StackedLayer(nn.Module, ABC):
    """In the place of a layer of the plain network: the same for all replicas, whose rows come one after the other.

    Inputs and outputs are ``(count rows, ...)``, replica by replica, so that whatever lies between two layers, and
    works row by row, needs to know nothing of replicas. A subclass in a file of its own says what it stands for, and
    whether it serves several replicas at once (``stacks``) or one alone.

    Args:
        layer: of the plain network; its options are read, its tensors are not.
        name: qualified.
        parts: where tensors are read from at each call.
    """

    stands_for: ClassVar[tuple[type[nn.Module], ...]]
    stacks: ClassVar[bool] = True

    def __init__(self, layer: nn.Module, name: str, parts: Parts) -> None:
        super().__init__()
        self._layer, self._parts = [layer], parts  # in a list: no tensors of this module's
        self._prefix = f"{name}." if name else ""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """``(count rows, ...)`` to ``(count rows, ...)``."""

    @property
    def layer(self) -> Any:
        """Of the plain network, for its options."""
        return self._layer[0]

    @property
    def count(self) -> int:
        """Replicas."""
        return self._parts.count

    @property
    def ticket(self) -> Weight:
        """Coefficients and basis of the weight."""
        return self._parts.weights[self._prefix + "weight"]

    @property
    def weight(self) -> Tensor:
        """``(count, *shape)``, or of the one replica ``shape``: for code that reads a weight itself."""
        formed = self.ticket.formed()
        return formed.squeeze(0) if self.count == 1 else formed

    @property
    def bias(self) -> Tensor | None:
        """``(count, out)``, or of the one replica ``(out,)``."""
        return self.own("bias")

    def own(self, name: str) -> Tensor | None:
        """A parameter that is no weight, as ``bias``."""
        return self._of_one(self._parts.rest.get(self._prefix + name))

    def statistic(self, name: str) -> Tensor | None:
        """A buffer, to be read and written."""
        return self._of_one(self._parts.statistics.get(self._prefix + name))

    def _of_one(self, found: Tensor | None) -> Tensor | None:
        # Not found[0]: the gradient of an index is a tensor of zeros that the slice is copied into.
        return found.squeeze(0) if found is not None and self.count == 1 else found
