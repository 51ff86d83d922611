"""What a construction hands over about one target stage: how far the ticket's parameters are off, and by how much
the selected weights amplify what came before. All float64; all numbers include their own rounding.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.networks.affine import Affine

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Common:
    """A stage whose copies all read one common input through univariate neurons ``phi_0(w x)``.

    With ``|phi_0(y) - mu(y)| <= K |y|^q`` on ``|y| <= radius``, copy ``k`` of neuron ``j`` realises
    ``sum_i theta_kji(sign x_i) x_i``, up to the remainder; its constants ``d sum v`` belong to the bias.

    Args:
        delta_positive: ``(copies, out, in, kh, kw)``, effective minus target parameter for ``x > 0``.
        delta_negative: the same for ``x < 0``; equal to it where ``m_+ = m_-``.
        remainder: same shape, the sum over the selected samples of ``|v| K |w|^q``; 0 without curvature.
        bias_error: ``(copies, out)``, absolute.
        order: ``q``.
        radius: where the remainder bound holds.
        reach: largest ``|w|`` among the selected samples.

    Raises:
        SltkError: for wrong shapes, NaN, negative remainders or bias errors, ``order < 1``.
    """

    delta_positive: Tensor
    delta_negative: Tensor
    remainder: Tensor
    bias_error: Tensor
    order: int = 1
    radius: float = inf
    reach: float = 0.0

    def __post_init__(self) -> None:
        for name in ("delta_positive", "delta_negative"):
            _store(self, name, signed=True)
        for name in ("remainder", "bias_error"):
            _store(self, name)
        shape = _parameter_shape("Common", self.delta_positive)
        _require_shape("Common", "delta_negative", self.delta_negative, shape)
        _require_shape("Common", "remainder", self.remainder, shape)
        _require_shape("Common", "bias_error", self.bias_error, shape[:2])
        if isinstance(self.order, bool) or not isinstance(self.order, int) or self.order < 1:
            raise SltkError(f"Common needs an integer order >= 1, but got order={self.order}.")
        if not (self.radius >= 0 and self.reach >= 0 and self.reach < inf):
            raise SltkError(
                f"Common needs radius >= 0 and 0 <= reach < infinity, but got radius={self.radius}, reach={self.reach}."
            )

    @property
    def copies(self) -> int:
        """Copies of every target neuron."""
        return self.delta_positive.shape[0]

    @property
    def parameter_error(self) -> float:
        """Largest error of an effective weight, pruned ones included."""
        return float(torch.maximum(self.delta_positive, self.delta_negative).max())

    def fits(self, affine: Affine, copies_in: int) -> None:
        """Check against the target's stage and the copies that the stage before has.

        Raises:
            SltkError: where a shape differs, or the input has more than one copy.
        """
        if copies_in != 1:
            raise SltkError(
                f"a Common stage reads one common input, but stage '{affine.name}' gets {copies_in} copies; "
                "hand over Copies here, or realise the stage before with one copy."
            )
        _require_shape("Common", "delta_positive", self.delta_positive, (self.copies, *affine.geometry.shape))


@dataclass(frozen=True)
class Copies:
    """A stage in which every copy picks its own weights to the copies of the stage before.

    Args:
        delta: ``(copies, out, in, kh, kw)``, ``|theta - sum_a v_a|`` for each target parameter.
        selected: ``|v|`` of the kept source weights, CSR of shape ``(copies out, copies_in in kh kw)``, row
            ``k out + j``, column ``(a in + i) kh kw + tap``.
        bias_error: ``(copies, out)``, absolute, with the actual values of the constants.

    Raises:
        SltkError: for wrong shapes, NaN, or negative entries.
    """

    delta: Tensor
    selected: csr_matrix
    bias_error: Tensor

    def __post_init__(self) -> None:
        _store(self, "delta", signed=True)
        _store(self, "bias_error")
        shape = _parameter_shape("Copies", self.delta)
        _require_shape("Copies", "bias_error", self.bias_error, shape[:2])
        selected: Any = csr_matrix(self.selected, dtype=np.float64)
        if not (np.isfinite(selected.data) & (selected.data >= 0)).all():
            raise SltkError(
                "Copies needs finite selected entries >= 0, but got "
                f"{selected.data.min()} to {selected.data.max()}; pass absolute values."
            )
        if selected.shape[0] != shape[0] * shape[1]:
            raise SltkError(
                f"Copies needs selected with copies * out = {shape[0] * shape[1]} rows, but got "
                f"shape={selected.shape}; row k * out + j belongs to copy k of neuron j."
            )
        object.__setattr__(self, "selected", selected)

    @property
    def copies(self) -> int:
        """Copies of every target neuron."""
        return self.delta.shape[0]

    @property
    def parameter_error(self) -> float:
        """Largest error of an effective weight, pruned ones included."""
        return float(self.delta.max())

    def fits(self, affine: Affine, copies_in: int) -> None:
        """Check against the target's stage and the copies that the stage before has.

        Raises:
            SltkError: where a shape differs.
        """
        shape = affine.geometry.shape
        _require_shape("Copies", "delta", self.delta, (self.copies, *shape))
        columns = copies_in * shape[1] * shape[2] * shape[3]
        found = self.selected.get_shape()
        if found[1] != columns:
            raise SltkError(
                f"Copies needs selected with copies_in * in * kh * kw = {columns} columns at stage "
                f"'{affine.name}', but got shape={found}."
            )


Realised = Common | Copies


def _store(owner: Realised, name: str, signed: bool = False) -> None:
    value = torch.as_tensor(getattr(owner, name), dtype=torch.float64, device="cpu").detach().contiguous()
    kind = type(owner).__name__
    if not bool(torch.isfinite(value).all()):
        raise SltkError(f"{kind} needs finite {name}, but it holds NaN or infinity; bound the value first.")
    if not signed and bool((value < 0).any()):
        raise SltkError(f"{kind} needs {name} >= 0, but its least entry is {float(value.min())}; pass magnitudes.")
    object.__setattr__(owner, name, value.abs())


def _parameter_shape(kind: str, value: Tensor) -> Shape:
    if value.dim() != 5:
        raise SltkError(
            f"{kind} needs parameter errors of shape (copies, out, in, kh, kw), but got {tuple(value.shape)}; "
            "use kh = kw = 1 for a linear layer."
        )
    return tuple(value.shape)


def _require_shape(kind: str, name: str, value: Tensor, shape: Shape) -> None:
    if tuple(value.shape) != shape:
        raise SltkError(f"{kind} needs {name} of shape {shape}, but got {tuple(value.shape)}.")
