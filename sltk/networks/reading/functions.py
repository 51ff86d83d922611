"""What the functions and methods of torch mean in a chain of stages."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx

from sltk.core.errors import SltkError
from sltk.networks.layers import AvgPool, MaxPool
from sltk.networks.reading.chain import Chain
from sltk.networks.reading.modules import (
    cure,
    spell,
    take_adaptive,
    take_avgpool,
    take_conv,
    take_flatten,
    take_linear,
    take_maxpool,
)

Arguments = Mapping[str, Any]
_NEEDED = object()


def is_shape(node: fx.Node) -> bool:
    """Whether ``node`` is a size of a tensor, or all of them, and no tensor itself."""
    return _is_whole_shape(node) or _is_one_size(node) is not None


def take_function(chain: Chain, name: str, target: Any, arguments: Sequence[Any], keywords: Arguments) -> None:
    """Append what the call of ``target`` on the last value does.

    Args:
        chain: what has been read so far.
        name: of the call, for messages.
        target: a function, or the name of a method.
        arguments: positional, the last value of the chain left out; parameters as tensors.
        keywords: by name.

    Raises:
        SltkError: a function, or an argument of it, that has no place in a chain of stages.
    """
    called = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    found = _METHODS.get(target) if isinstance(target, str) else _FUNCTIONS.get(target)
    if found is None:
        raise SltkError(f"layer {name!r} calls {called!r}, which is not read; {cure(called)}")
    defaults, take = found
    if defaults is None:
        take(chain, name, {"sizes": arguments, **keywords})
    else:
        take(chain, name, _bound(name, called, arguments, keywords, defaults))


def _bound(name: str, called: str, arguments: Sequence[Any], keywords: Arguments, defaults: Arguments) -> Arguments:
    bound = {**defaults, **dict(zip(defaults, arguments, strict=False)), **keywords}
    missing = [key for key, value in bound.items() if value is _NEEDED]
    if len(arguments) > len(defaults) or set(bound) != set(defaults) or missing:
        raise SltkError(f"layer {name!r} calls {called!r} with other arguments than {list(defaults)}; use only these.")
    return bound


def _is_whole_shape(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target == "size" and len(node.args) == 1 and not node.kwargs
    return node.op == "call_function" and node.target is getattr and node.args[1:] == ("shape",)


def _is_one_size(node: Any) -> Any:
    """The axis whose size ``node`` is, ``None`` where it is no size."""
    if not isinstance(node, fx.Node):
        return None
    if node.op == "call_method" and node.target == "size":
        return node.args[1] if len(node.args) == 2 else node.kwargs.get("dim")
    if node.op == "call_function" and node.target is operator.getitem:
        source, index = node.args
        return index if isinstance(source, fx.Node) and _is_whole_shape(source) else None
    return None


def _activation(family: str) -> Callable[[Chain, str, Arguments], None]:
    return lambda chain, name, given: spell(chain, name, family, given)


def _dropout(chain: Chain, name: str, given: Arguments) -> None:
    if given["training"] is not False:
        raise SltkError(f"layer {name!r} drops at random in eval mode as well; pass training=self.training.")


def _reshape(chain: Chain, name: str, given: Arguments) -> None:
    sizes = given["sizes"] or (given.get("shape", given.get("size")),)
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], list | tuple) else sizes
    features = chain.x[0].numel()
    if len(sizes) == 2:
        rows, columns = sizes
        by_batch = _is_one_size(rows) == 0 and columns in (-1, features)
        if by_batch or (rows == -1 and columns == features):
            take_flatten(chain, name, 1, -1)
            return
    said = ", ".join(map(str, sizes))
    raise SltkError(f"layer {name!r} reshapes to ({said}); only flattening is read: use torch.flatten(x, 1).")


def _mean(chain: Chain, name: str, given: Arguments) -> None:
    axes = given["dim"] if isinstance(given["dim"], list | tuple) else ()
    if len(chain.shape) != 3 or sorted(axis % 4 for axis in axes) != [2, 3] or given["dtype"] is not None:
        raise SltkError(f"layer {name!r} takes a mean over {given['dim']}; only that over height and width is read.")
    take_adaptive(chain, name, AvgPool, 1)
    if not given["keepdim"]:
        take_flatten(chain, name, 1, -1)


_LINEAR = {"weight": _NEEDED, "bias": None}
_CONV = {"weight": _NEEDED, "bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
_AVERAGE = {
    "kernel_size": _NEEDED, "stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True,
    "divisor_override": None,
}  # fmt: skip
_MAX = {
    "kernel_size": _NEEDED, "stride": None, "padding": 0, "dilation": 1, "ceil_mode": False, "return_indices": False,
}  # fmt: skip
_DROPOUT = {"p": 0.5, "training": True, "inplace": False}
_FLATTEN = {"start_dim": 0, "end_dim": -1}
_MEAN = {"dim": None, "keepdim": False, "dtype": None}
_PLAIN = {"inplace": False}
_BARE: dict[str, Any] = {}

Entry = tuple[Arguments | None, Callable[[Chain, str, Any], None]]

_flatten: Entry = (_FLATTEN, lambda chain, name, given: take_flatten(chain, name, given["start_dim"], given["end_dim"]))
_linear: Entry = (_LINEAR, lambda chain, name, given: take_linear(chain, name, *given.values()))
_conv: Entry = (_CONV, lambda chain, name, given: take_conv(chain, name, *given.values()))
_average: Entry = (_AVERAGE, lambda chain, name, given: take_avgpool(chain, name, *given.values()))
_max: Entry = (_MAX, lambda chain, name, given: take_maxpool(chain, name, *given.values()))
_adaptive_average: Entry = (
    {"output_size": _NEEDED},
    lambda chain, name, given: take_adaptive(chain, name, AvgPool, given["output_size"]),
)
_adaptive_max: Entry = (
    {"output_size": _NEEDED},
    lambda chain, name, given: take_adaptive(chain, name, MaxPool, given["output_size"]),
)
_nothing: Entry = (_BARE, lambda chain, name, given: None)

_FUNCTIONS: dict[Any, Entry] = {
    F.linear: _linear,
    F.conv2d: _conv,
    F.avg_pool2d: _average,
    F.max_pool2d: _max,
    torch.max_pool2d: _max,
    F.adaptive_avg_pool2d: _adaptive_average,
    F.adaptive_max_pool2d: _adaptive_max,
    torch.flatten: _flatten,
    torch.reshape: (None, _reshape),
    torch.mean: (_MEAN, _mean),
    **dict.fromkeys((F.dropout, F.dropout2d, F.alpha_dropout), (_DROPOUT, _dropout)),
    F.leaky_relu: ({"negative_slope": 0.01, **_PLAIN}, _activation("leaky_relu")),
    F.elu: ({"alpha": 1.0, **_PLAIN}, _activation("elu")),
    F.gelu: ({"approximate": "none"}, _activation("gelu")),
    F.softplus: ({"beta": 1, "threshold": 20}, _activation("softplus")),
    **dict.fromkeys((F.relu, torch.relu, torch.relu_, F.relu_), (_PLAIN, _activation("relu"))),
    **dict.fromkeys((F.tanh, torch.tanh, torch.tanh_), (_PLAIN, _activation("tanh"))),
    **dict.fromkeys((F.sigmoid, torch.sigmoid, torch.sigmoid_, torch.special.expit), (_PLAIN, _activation("sigmoid"))),
    **dict.fromkeys((F.selu, torch.selu, F.selu_), (_PLAIN, _activation("selu"))),
    **dict.fromkeys((torch.erf, torch.erf_, torch.special.erf), (_BARE, _activation("erf"))),
    F.silu: (_PLAIN, _activation("silu")),
    F.mish: (_PLAIN, _activation("mish")),
    F.softsign: (_PLAIN, _activation("softsign")),
}

_METHODS: dict[str, Entry] = {
    "flatten": _flatten,
    "view": (None, _reshape),
    "reshape": (None, _reshape),
    "mean": (_MEAN, _mean),
    "contiguous": _nothing,
    **{
        method: (_BARE, _activation(method.rstrip("_")))
        for method in ("relu", "relu_", "tanh", "tanh_", "sigmoid", "sigmoid_", "erf", "erf_")
    },
}
