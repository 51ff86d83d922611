"""Layers of torch that are read as others which compute the same: exactly, in real arithmetic."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.affine import Affine
from sltk.networks.op import Op
from sltk.networks.ops import mixing
from sltk.networks.ops.act import Act
from sltk.networks.spelling import Call, Spellings


def _prelu(call: Call, /, weight: Tensor) -> tuple[Op, ...]:
    """One slope is an activation; slopes a of the channels are ``[1, -a] relu([1, -1]^T x)``."""
    slopes = weight.detach().to("cpu", torch.float64).flatten()
    if not bool(torch.isfinite(slopes).all()):
        raise SltkError(f"layer {call.name!r} holds NaN or infinity in its slopes; train or load it again.")
    if bool((slopes == slopes[0]).all()):
        try:
            return (Act(activation(f"prelu({float(slopes[0])!r})")),)
        except SltkError as error:
            raise SltkError(f"activation {call.name!r}: {error}") from error
    if len(slopes) != call.shape[0]:
        raise SltkError(f"layer {call.name!r} has {len(slopes)} slopes, but gets inputs of shape {call.shape}.")
    one = torch.eye(len(slopes), dtype=torch.float64)
    return (
        _plain(f"{call.name} (both signs)", torch.cat((one, -one)), call.shape),
        Act(activation("relu")),
        _plain(f"{call.name} (slopes)", torch.cat((one, -torch.diag(slopes)), 1), call.shape),
    )


def _plain(name: str, matrix: Tensor, shape: tuple[int, ...]) -> Affine:
    return mixing(name, matrix, torch.zeros(len(matrix), dtype=torch.float64), shape)


REWRITTEN: Spellings[tuple[Op, ...]] = Spellings(
    {nn.PReLU: lambda call, module: _prelu(call, module.weight)}, {F.prelu: _prelu, torch.prelu: _prelu}
)
