"""A ticket of whole units as a thinner network: units that nothing reads are left out, the outputs stay."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sltk.core.errors import SltkError
from sltk.train.tickets.attach import LAYERS, Attached, detach

POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
ELEMENTWISE = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.GELU, nn.SiLU, nn.ELU, nn.SELU, nn.Mish,
               nn.Softsign, nn.Identity, nn.Dropout, nn.Dropout2d)  # fmt: skip


class Select(nn.Module):
    """Keeps some inputs of axis 1.

    Args:
        index: ``(kept,)`` int64.
    """

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.index: Tensor
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n, ...)`` to ``(batch, kept, ...)``."""
        return x.index_select(1, self.index)


def thin(module: nn.Sequential) -> Any:
    """A plain, smaller copy of ``module`` without the units that no kept weight of the next layer reads.

    An input of a layer whose weights are all zero is dropped together with the output of the layer below that feeds
    it, its bias and its norm; the first layer selects the pixels or channels that it reads. Where a flatten lies in
    between, a channel goes when none of its pixels is read.

    Args:
        module: a chain of linear and ordinary 2-D convolutional layers, elementwise activations, batch norms, pools
            and flattens, attached or plain; in eval mode dropout does nothing.

    Returns:
        Plain layers; outputs equal those of ``module`` but for the order in which zeros were added.

    Raises:
        SltkError: another kind of module or layer.
    """
    if not isinstance(module, nn.Sequential):
        raise SltkError(f"thin follows units through an nn.Sequential, but got {type(module).__name__}; make it one.")
    attached = any(isinstance(part, Attached) for part in module.modules())
    parts = list(_flat(detach(module) if attached else copy.deepcopy(module)))
    places = [i for i, part in enumerate(parts) if isinstance(part, nn.Linear | nn.Conv2d)]
    if not places:
        raise SltkError("thin needs a linear or convolutional layer, but the chain has none.")
    for place, below in zip(reversed(places), [*reversed(places[:-1]), None], strict=True):
        _drop_inputs(parts, place, below)
    return nn.Sequential(*parts).train(module.training)


def _flat(module: nn.Sequential) -> Any:
    for part in module:
        if isinstance(part, nn.Sequential):
            yield from _flat(part)
        else:
            yield _require_known(part)


def _require_known(part: nn.Module) -> nn.Module:
    if isinstance(part, LAYERS) and not isinstance(part, nn.Linear | nn.Conv2d):
        raise SltkError(f"thin knows linear layers and 2-D convolutions, but not {part}.")
    if isinstance(part, nn.Conv2d) and part.groups != 1:
        raise SltkError(f"thin cannot follow units through a grouped convolution, but got {part}.")
    known = isinstance(part, (nn.Linear, nn.Conv2d, nn.Flatten, _BatchNorm, *POOLS, *ELEMENTWISE))
    if not known:
        raise SltkError(f"thin cannot follow units through {type(part).__name__}; take that layer out of the chain.")
    return part


def _drop_inputs(parts: list[Any], place: int, below: int | None) -> None:
    layer = parts[place]
    read = layer.weight.detach().transpose(0, 1).flatten(1).ne(0).any(1)
    if below is None:
        if not read.all():
            index = _at_least_one(read)
            parts[place] = _with_inputs(layer, index)
            parts.insert(place, Select(index))
        return
    channels = parts[below].weight.shape[0]
    inner = read.numel() // channels
    kept = _at_least_one(read.view(channels, inner).any(1))
    pixels = (kept[:, None] * inner + torch.arange(inner, device=kept.device)).flatten()
    parts[place] = _with_inputs(layer, pixels)
    parts[below] = _with_outputs(parts[below], kept)
    for i in range(below + 1, place):
        if isinstance(parts[i], _BatchNorm):
            wide = inner if _flattened(parts[below + 1 : i]) else 1
            parts[i] = _with_features(parts[i], pixels if wide > 1 else kept)


def _at_least_one(read: Tensor) -> Tensor:
    """Indices that are read; one where none is, since layers without inputs are no ordinary layers."""
    index = read.nonzero().flatten()
    return index if len(index) else torch.zeros(1, dtype=torch.int64, device=read.device)


def _flattened(parts: list[Any]) -> bool:
    return any(isinstance(part, nn.Flatten) for part in parts)


def _with_inputs(layer: Any, index: Tensor) -> Any:
    layer.weight = nn.Parameter(layer.weight.detach().index_select(1, index))
    if isinstance(layer, nn.Linear):
        layer.in_features = len(index)
    else:
        layer.in_channels = len(index)
    return layer


def _with_outputs(layer: Any, index: Tensor) -> Any:
    layer.weight = nn.Parameter(layer.weight.detach().index_select(0, index))
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[index])
    if isinstance(layer, nn.Linear):
        layer.out_features = len(index)
    else:
        layer.out_channels = len(index)
    return layer


def _with_features(norm: Any, index: Tensor) -> Any:
    norm.num_features = len(index)
    for name in ("weight", "bias"):
        if getattr(norm, name) is not None:
            setattr(norm, name, nn.Parameter(getattr(norm, name).detach()[index]))
    for name in ("running_mean", "running_var"):
        if getattr(norm, name) is not None:
            setattr(norm, name, getattr(norm, name)[index])
    return norm
