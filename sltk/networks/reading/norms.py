"""Batch norm in eval mode: one gain and one shift a channel."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.spelling import Call


def _scale(call: Call, module: nn.BatchNorm1d | nn.BatchNorm2d, *axes: int) -> tuple[Tensor, Tensor]:
    if len(call.shape) not in axes:
        raise SltkError(f"layer {call.name!r} is a {type(module).__name__}, but gets inputs of shape {call.shape}.")
    if module.running_mean is None or module.running_var is None:
        raise SltkError(f"batch norm {call.name!r} keeps no running statistics; use track_running_stats=True.")
    gain = torch.rsqrt(module.running_var + module.eps)
    if module.weight is not None:
        gain = gain * module.weight
    shift = -gain * module.running_mean
    return gain.detach(), (shift if module.bias is None else shift + module.bias).detach()


NORMS: Mapping[type[nn.Module], Callable[[Call, Any], tuple[Tensor, Tensor]]] = MappingProxyType(
    {
        nn.BatchNorm1d: lambda call, module: _scale(call, module, 1, 2),
        nn.BatchNorm2d: lambda call, module: _scale(call, module, 3),
    }
)
