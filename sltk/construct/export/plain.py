"""The source as an ordinary torch module, and the mask by the names of its parameters.

With ``p`` the parameters of ``source_module`` and ``m`` of ``mask_dict``, the module with ``p * m`` computes what the
ticket's dense module computes, bit for bit.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sltk.construct.masks import LayerMask
from sltk.construct.runtime.execute import dense_module
from sltk.construct.runtime.grouped import GroupedConv, PlainGroupedConv
from sltk.construct.runtime.lines import TicketConv1d
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.op import Op
from sltk.networks.wiring import is_chain
from sltk.train.tickets.layers import TicketConv2d, TicketLinear


def source_module(source: Source, before: Sequence[Op], limit: int) -> nn.Module:
    """Every weight and bias of ``source`` as float32 parameters of ``nn.Linear``, ``nn.Conv2d``, ``nn.Conv1d``.

    Where the target has groups, the layer is a ``PlainGroupedConv``: torch has no groups that share channels.

    Raises:
        SltkError: a layer over ``limit`` weights, before any is drawn.
    """
    require_within(source, limit)
    module = dense_module(source, [_whole(source, index) for index in range(len(source.layers))], before, limit)
    for name in layer_names(source, before):
        module.set_submodule(name, _ordinary(name, module.get_submodule(name)))
    return nn.Sequential(*module.children()) if is_chain(source.layers) else module


def mask_dict(source: Source, masks: Sequence[LayerMask], before: Sequence[Op], limit: int) -> dict[str, Tensor]:
    """Boolean tensors by the names of ``source_module``'s parameters, in their shapes.

    Raises:
        SltkError: a layer over ``limit`` weights.
    """
    require_within(source, limit)
    found: dict[str, Tensor] = {}
    for name, layer, mask in zip(layer_names(source, before), source.layers, masks, strict=True):
        found[f"{name}.weight"] = tensor_of(mask.dense(layer, limit))
        found[f"{name}.bias"] = tensor_of(mask.dense_bias(layer))
    return found


def layer_names(source: Source, before: Sequence[Op]) -> list[str]:
    """Names of the source's layers in ``source_module``: places in a sequence, or in ``maps`` where there are skips."""
    if not is_chain(source.layers):
        return [f"maps.{index}" for index in range(len(source.layers))]
    names, place = list[str](), len(before)
    for layer in source.layers:
        names.append(str(place))
        place += 1 + len(layer.after)
    return names


def require_within(source: Source, limit: int) -> None:
    """Check that no layer is larger than it may be.

    Raises:
        SltkError: one has more than ``limit`` weights.
    """
    for layer in source.layers:
        if layer.weight_count > limit:
            raise SltkError(
                f"layer {layer.name!r} of the source has {layer.weight_count:,} weights, over the limit of {limit:,}. "
                "Take ticket.module('sparse') and the index sets of ticket.masks, or pass a larger limit."
            )


def _whole(source: Source, index: int) -> LayerMask:
    layer = source.layers[index]
    return LayerMask(np.arange(layer.weight_count), np.arange(layer.outputs))


def _ordinary(name: str, layer: nn.Module) -> nn.Module:
    if isinstance(layer, TicketLinear):
        made = nn.Linear(layer.in_features, layer.out_features)
    elif isinstance(layer, TicketConv2d):
        rows, channels, *kernel = layer.weight.shape
        sides = kernel[0], kernel[1]
        made = nn.Conv2d(channels, rows, sides, layer.stride, layer.padding, layer.dilation)
    elif isinstance(layer, TicketConv1d):
        rows, channels, taps = layer.weight.shape
        made = nn.Conv1d(channels, rows, taps, layer.stride, layer.padding, layer.dilation)
    elif isinstance(layer, GroupedConv):
        made = PlainGroupedConv(layer.layer)
    else:
        raise SltkError(f"layer {name!r} is a {type(layer).__name__}, which has no ordinary counterpart here.")
    bias = layer.bias
    assert bias is not None
    with torch.no_grad():
        made.get_parameter("weight").copy_(layer.weight)
        made.get_parameter("bias").copy_(bias)
    return made
