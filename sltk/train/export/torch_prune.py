"""To and from ``torch.nn.utils.prune``: ``weight_orig`` are the coefficients, ``weight_mask`` is the mask.

In torch a pruned layer computes ``weight_orig * weight_mask``, here ``gate * c`` in the canonical basis. Both ways keep
every bit of coefficients and mask.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from sltk.core.errors import SltkError
from sltk.train.basis.canonical import Canonical
from sltk.train.tickets.attach import LAYERS, Attached, attach, detach, tickets
from sltk.train.tickets.ticket import Ticket


def to_torch_prune(module: nn.Module) -> Any:
    """A plain copy of an attached ``module`` in which torch prunes every weight that has a ticket.

    Args:
        module: attached, in the canonical basis, its gates equal to its masks.

    Returns:
        Plain layers with ``weight_orig`` (all coefficients), ``weight_mask`` and torch's hook; the outputs are those of
        ``module``. ``prune.remove(layer, "weight")`` makes the zeros permanent.

    Raises:
        SltkError: no ticket; another basis, whose mask is none of the weights; a gate that is open off its mask; or a
            coefficient off the mask that is not finite, which torch's product would carry into the weight.
    """
    found = tickets(module)
    if not found:
        raise SltkError(f"{type(module).__name__} has no ticket to hand over; attach it, or take outcome.ticket().")
    for name, ticket in found.items():
        _require_product(name, ticket)
    own = detach(module)
    for name, ticket in found.items():
        layer = own.get_submodule(name.rpartition(".")[0])
        with torch.no_grad():
            layer.weight.copy_(ticket.coefficients)
        prune.custom_from_mask(layer, "weight", ticket.mask.to(layer.weight.dtype))
    return own


def from_torch_prune(module: nn.Module) -> Any:
    """An attached copy of a ``module`` that torch has pruned: its masks, and the weights behind them.

    Linear and convolutional layers that are not pruned get open masks; ``module`` stays as it is.

    Raises:
        SltkError: nothing is pruned; a pruned tensor other than the weight of such a layer, since only weights are
            tickets; or a mask with other numbers than 0 and 1.
    """
    masks = _masks(module)
    if not masks:
        raise SltkError(f"torch.nn.utils.prune has pruned nothing in {type(module).__name__}; use attach for it.")
    own = attach(_plain(module, masks))
    for name, ticket in tickets(own).items():
        mask = masks.get(name)
        if mask is not None:
            ticket.mask.copy_(mask)
            ticket.gate.copy_(mask)
    return own


def _require_product(name: str, ticket: Ticket) -> None:
    if not isinstance(ticket.basis, Canonical):
        raise SltkError(
            f"the mask of {name!r} is one of coefficients in the basis {type(ticket.basis).__name__}, not of weights, "
            "so torch cannot apply it; export the weights with detach or plain_state."
        )
    if not torch.equal(ticket.gate, ticket.mask):
        raise SltkError(f"the gate of {name!r} is not its mask: it was pruned softly and never cut; run Cut first.")
    if not bool(ticket.coefficients.detach()[~ticket.mask].isfinite().all()):
        raise SltkError(f"{name!r} holds coefficients off its mask that are not finite, which a product with 0 keeps.")


def _masks(module: nn.Module) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, layer in module.named_modules():
        for buffer, mask in layer.named_buffers(recurse=False):
            tensor = buffer.removesuffix("_mask")
            if tensor == buffer or not hasattr(layer, f"{tensor}_orig"):
                continue
            full = f"{name}.{tensor}" if name else tensor
            if tensor != "weight" or not isinstance(layer, LAYERS) or isinstance(layer, Attached):
                raise SltkError(
                    f"{full!r} of a {type(layer).__name__} is pruned, but tickets are weights of linear and "
                    f'convolutional layers; make its zeros permanent with prune.remove(layer, "{tensor}").'
                )
            if not bool(((mask == 0) | (mask == 1)).all()):
                raise SltkError(f"the mask of {full!r} has other numbers than 0 and 1; a ticket keeps or drops.")
            found[full] = mask.bool()
    return found


def _plain(module: nn.Module, masks: dict[str, Tensor]) -> Any:
    """A copy without torch's hooks, whose weights are ``weight_orig``."""
    own = copy.deepcopy(_without_graph(module))
    for name in masks:
        layer: Any = own.get_submodule(name.rpartition(".")[0])
        original = layer.weight_orig.detach().clone()
        prune.remove(layer, "weight")
        with torch.no_grad():
            layer.weight.copy_(original)
    return own


def _without_graph(module: nn.Module) -> nn.Module:
    """``module`` with its pruned weights computed anew in no graph: torch cannot copy a tensor that has a gradient."""
    layers: list[Any] = [part for part in module.modules() if hasattr(part, "weight_orig")]
    for layer in layers:
        layer.__dict__["weight"] = (layer.weight_orig * layer.weight_mask).detach()
    return module
