"""Put a ticket behind every weight of a module: ``W = B (gate * c)`` wherever the module reads ``W``.

The layer keeps its type and its code. Its parameter ``weight`` goes, and a property of the same name computes the
effective weight from the ticket beside it, ``weight_ticket``; so ``deepcopy``, ``state_dict``, ``pickle``, ``.to()``
and ``isinstance`` go on working.
"""

import copy
import functools
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sltk.core.errors import SltkError
from sltk.train.basis.base import MakeBasis
from sltk.train.basis.canonical import Canonical
from sltk.train.tickets.ticket import Ticket

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def attach(module: nn.Module, basis: MakeBasis | Literal["canonical"] = "canonical", *, trainable: bool = True) -> Any:
    """A copy of ``module`` in which every weight of a linear or convolutional layer is a ticket with an open mask.

    Biases and the parameters of norms stay as they are. Round 0 computes what ``module`` computes, up to the rounding
    of the basis.

    Args:
        module: any module; it is not changed.
        basis: ``(qualified name, weight) -> Basis``, called once a weight; canonical by default.
        trainable: whether the coefficients are parameters.

    Raises:
        SltkError: no weight to attach to; a weight that is tied, quantised, lazy, or parametrised already.
    """
    _refuse_foreign(module)
    layers = [name for name, layer in module.named_modules() if isinstance(layer, LAYERS)]
    if not layers:
        raise SltkError(f"attach needs a linear or convolutional layer, but {type(module).__name__} has none.")
    _refuse_tied(module)
    for name in layers:
        _refuse_layer(name, module.get_submodule(name))
    own = copy.deepcopy(module)
    for name in layers:
        _attach_layer(_qualified(name, "weight"), own.get_submodule(name), basis, trainable)
    return own


def tickets(module: nn.Module) -> dict[str, Ticket]:
    """Tickets of an attached ``module`` by the qualified name of the weight they stand for, such as ``fc1.weight``."""
    found = {}
    for name, layer in module.named_modules():
        if isinstance(layer, Attached):
            found[_qualified(name, "weight")] = layer.weight_ticket
    return found


def detach(module: nn.Module) -> Any:
    """A plain copy of an attached ``module``: effective weights as parameters, zeros included."""
    own = copy.deepcopy(module)
    for layer in [layer for layer in own.modules() if isinstance(layer, Attached)]:
        weight = layer.weight_ticket().detach().clone()
        del layer.weight_ticket
        layer.__class__ = type(layer).__mro__[2]
        layer.register_parameter("weight", nn.Parameter(weight))
    return own


class Attached:
    """Mixed into the class of a layer whose weight is a ticket."""

    weight_ticket: Ticket

    @property
    def weight(self) -> Tensor:
        """The effective weight; computed on each read."""
        return self.weight_ticket()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        # The class is made on the fly, so copies and files name the class it was made from.
        return _blank, (type(self).__mro__[2],), self.__dict__


@functools.cache
def _attached_class(layer: type[nn.Module]) -> type[nn.Module]:
    return type(f"Attached{layer.__name__}", (Attached, layer), {"__module__": __name__})


def _blank(layer: type[nn.Module]) -> nn.Module:
    made = _attached_class(layer)
    return made.__new__(made)


def _attach_layer(name: str, layer: nn.Module, basis: MakeBasis | Literal["canonical"], trainable: bool) -> None:
    weight = layer.get_parameter("weight").detach()
    made = Canonical() if basis == "canonical" else basis(name, weight)
    c = made.analyse(weight)
    del layer.weight
    layer.__class__ = _attached_class(type(layer))
    layer.weight_ticket = Ticket(c, torch.ones_like(c, dtype=torch.bool), made, trainable=trainable)


def _qualified(layer: str, parameter: str) -> str:
    return f"{layer}.{parameter}" if layer else parameter


def _refuse_foreign(module: nn.Module) -> None:
    for name, part in module.named_modules():
        if "quantized" in type(part).__module__:
            raise SltkError(f"{name!r} is quantised ({type(part).__name__}); attach before quantising.")
        if parametrize.is_parametrized(part) or isinstance(part, Attached):
            raise SltkError(f"{name!r} is parametrised already; attach to the plain module.")


def _refuse_tied(module: nn.Module) -> None:
    names: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        first = names.setdefault(id(parameter), name)
        if first != name:
            raise SltkError(f"{first!r} and {name!r} are tied (one tensor); give each its own before attaching.")


def _refuse_layer(name: str, layer: nn.Module) -> None:
    weight = layer._parameters.get("weight")
    if weight is None:
        raise SltkError(f"{name!r} has no parameter 'weight': it is parametrised or pruned already; make it plain.")
    if isinstance(weight, nn.parameter.UninitializedParameter):
        raise SltkError(f"{name!r} is lazy and has no weight yet; run one batch through the module first.")
    if not weight.is_floating_point():
        raise SltkError(f"the weight of {name!r} must be floating point, but is {weight.dtype}; attach before casting.")
