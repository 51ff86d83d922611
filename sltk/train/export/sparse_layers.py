"""Linear layers of low density in compressed rows: fewer products where few weights are left."""

import copy
import warnings
from typing import Any

from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.train.tickets.attach import Attached, detach

BELOW = 0.05  # experiments/export: at batch 256 rows pay from .1 on, at .05 twofold; for one input they never do


class CsrLinear(nn.Module):
    """``y = W x + b`` with ``W`` in compressed rows; frozen.

    Args:
        weight: ``(out, in)``, zeros included.
        bias: ``(out,)`` or ``None``.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor | None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
            self.register_buffer("weight", weight.detach().to_sparse_csr())
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """``(..., in)`` to ``(..., out)``."""
        rows = (self.weight @ x.flatten(0, -2).mT).mT
        rows = rows if self.bias is None else rows + self.bias
        return rows.unflatten(0, x.shape[:-1])


def sparse(module: nn.Module, below: float = BELOW) -> Any:
    """A plain copy in which every linear layer with a density of at most ``below`` is a ``CsrLinear``.

    Args:
        module: attached or plain.
        below: largest density, of non-zero weights, at which a layer is converted.

    Raises:
        SltkError: ``below`` outside ``[0, 1]``.
    """
    if not 0.0 <= below <= 1.0:
        raise SltkError(f"below is the largest density to convert, in [0, 1], but got {below}; pass 0.05.")
    attached = any(isinstance(part, Attached) for part in module.modules())
    own = detach(module) if attached else copy.deepcopy(module)
    for name, layer in list(own.named_modules()):
        if type(layer) is nn.Linear and float((layer.weight != 0).double().mean()) <= below:
            own = _replaced(own, name, CsrLinear(layer.weight, layer.bias))
    return own


def _replaced(module: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    if not name:
        return layer
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, layer)
    return module
