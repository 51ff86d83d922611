"""A network in the words of a verdict: its sizes, and how many inputs a unit of it has."""

import math

from torch import nn

from sltk.core.errors import SltkError
from sltk.train.pruning.scopes import Scope
from sltk.train.tickets.attach import LAYERS


def network_name(which: str, module: nn.Module) -> str:
    """``which``, or for ``dense`` its sizes, as in ``64-100-60-10``."""
    if which != "dense":
        return which
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    return "-".join(str(size) for size in (layers[0].in_features, *(layer.out_features for layer in layers)))


def least_fan_in(module: nn.Module, scope: Scope) -> int:
    """Least number of inputs of a unit, over the layers that ``scope`` prunes.

    Raises:
        SltkError: it prunes none.
    """
    fans = {name: math.prod(layer.weight.shape[1:]) for name, layer in module.named_modules()
            if isinstance(layer, LAYERS)}  # fmt: skip
    if not fans:
        raise SltkError(f"a study needs a linear or convolutional layer, but {type(module).__name__} has none.")
    return min(fans[name] for name in scope.covered(list(fans)))
