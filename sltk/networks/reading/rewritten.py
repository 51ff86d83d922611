"""Layers of torch that are read as others which compute the same: exactly, in real arithmetic."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.affine import Affine
from sltk.networks.op import Op
from sltk.networks.ops import mixing
from sltk.networks.ops.act import Act
from sltk.networks.ops.conv import convolution, require_zeros
from sltk.networks.ops.spread import Spread
from sltk.networks.spelling import Call, Spellings, both, require_image


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


def _transposed(
    call: Call, /, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
    padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> tuple[Op, ...]:  # fmt: skip
    """Zeros between the pixels, then the turned kernel with stride 1: weights ``(in, out / groups, kh, kw)``."""
    require_image(call)
    spread, kernel = both(dilation), (weight.shape[2], weight.shape[3])
    rows, columns = (d * (k - 1) - p for d, k, p in zip(spread, kernel, both(padding), strict=True))
    if min(rows, columns) < 0:
        raise SltkError(
            f"layer {call.name!r} is a transposed convolution with padding={padding}, more than dilation * (kernel - "
            f"1) for kernel {kernel}: it cuts pixels off. Use a smaller padding."
        )
    turned = torch.cat([part.transpose(0, 1) for part in weight.flip(2, 3).chunk(groups)])
    conv = convolution(call, turned, bias, 1, (rows, columns), spread, groups)
    return Spread(both(stride), both(output_padding)), conv


def _transposed_module(call: Call, m: nn.ConvTranspose2d) -> tuple[Op, ...]:
    require_zeros(call, m.padding_mode)
    return _transposed(call, m.weight, m.bias, m.stride, m.padding, m.output_padding, m.groups, m.dilation)


REWRITTEN: Spellings[tuple[Op, ...]] = Spellings(
    {nn.PReLU: lambda call, module: _prelu(call, module.weight), nn.ConvTranspose2d: _transposed_module},
    {F.prelu: _prelu, torch.prelu: _prelu, F.conv_transpose2d: _transposed},
)
