"""Read an ordinary torch module into a chain of stages.

The module is traced by torch.fx, each node is turned into an affine map or a step, and whatever does not fit into a
chain is refused with the layer's name, the reason and the cure. The module itself is left as it was.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.utils import parametrize

from sltk.core.errors import SltkError
from sltk.networks.activations import activation
from sltk.networks.layers import Act, Affine, AvgPool, Conv, Flatten, Linear, MaxPool, Network, Op, Pair, Stage

_MODULE_ACTIVATIONS: dict[type[nn.Module], Callable[[Any], str]] = {
    nn.ReLU: lambda m: "relu",
    nn.LeakyReLU: lambda m: f"leaky_relu({m.negative_slope!r})",
    nn.Tanh: lambda m: "tanh",
    nn.Sigmoid: lambda m: "sigmoid",
    nn.GELU: lambda m: "gelu" if m.approximate == "none" else "gelu with approximate='tanh'",
    nn.SiLU: lambda m: "silu",
    nn.ELU: lambda m: f"elu({m.alpha!r})",
    nn.SELU: lambda m: "selu",
    nn.Mish: lambda m: "mish",
    nn.Softsign: lambda m: "softsign",
    nn.Softplus: lambda m: "softplus" if (m.beta, m.threshold) == (1, 20) else "softplus with another beta",
}
_NAMED_ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "selu", "mish", "softsign", "softplus", "erf")
_SKIPPED = (nn.Dropout, nn.Dropout2d, nn.Identity)


def read(module: nn.Module, input_shape: tuple[int, ...]) -> Network:
    """The network that ``module.eval()`` computes on inputs of ``input_shape`` (no batch axis).

    Linear and convolutional maps (stride, zero padding, dilation), batch norm right after them, average and max
    pooling, flatten, and the activations of the table are understood, as modules, functions or methods. Pruning
    masks of ``torch.nn.utils.prune`` are applied.

    Returns:
        The network, equal to the module in float64 up to rounding.

    Raises:
        SltkError: names the layer, what it does, and what to do instead.
    """
    shape = tuple(int(side) for side in input_shape)
    if not shape or any(side < 1 for side in shape):
        raise SltkError(f"read needs an input_shape of positive sizes without batch axis, but got {input_shape!r}.")
    twin = copy.deepcopy(module).eval().double()
    try:
        traced = fx.symbolic_trace(twin)
    except Exception as error:  # torch.fx raises many types; all of them mean the same to a reader
        raise SltkError(
            f"torch.fx cannot trace {type(module).__name__} ({error}); write its forward without branches on values."
        ) from error
    chain = _Chain(traced, shape)
    with torch.no_grad():
        for node in traced.graph.nodes:
            chain.take(node)
    return chain.network()


class _Chain:
    """The stages read so far; nodes must follow one another, each reading the one before."""

    def __init__(self, traced: fx.GraphModule, shape: tuple[int, ...]) -> None:
        self.traced, self.input_shape = traced, shape
        self.last: fx.Node | None = None
        self.x = torch.zeros(1, *shape, dtype=torch.float64)
        self.before: list[Op] = []
        self.stages: list[tuple[Affine, list[Op]]] = []

    def take(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            if self.last is not None:
                raise SltkError(f"read takes modules with one input, but this one has a second, {node.name!r}.")
            self.last = node
        elif node.op == "output":
            if node.args[0] is not self.last:
                raise SltkError("read takes modules whose output is the end of one chain of layers.")
        elif not _is_batch_size(node):
            self._require_chain(node)
            self._translate(node)
            self.last = node

    def network(self) -> Network:
        if not self.stages:
            raise SltkError("read found no linear or convolutional layer in the module.")
        return Network(self.input_shape, tuple(Stage(a, tuple(ops)) for a, ops in self.stages), tuple(self.before))

    def _require_chain(self, node: fx.Node) -> None:
        inputs = [n for n in node.all_input_nodes if not _is_batch_size(n)]
        if inputs != [self.last]:
            names = ", ".join(n.name for n in inputs)
            raise SltkError(
                f"layer {node.name!r} reads ({names}) instead of the one layer before it: skips and branches are not "
                "read yet; only chains of layers are."
            )

    def _translate(self, node: fx.Node) -> None:
        name = str(node.target) if node.op == "call_module" else node.name
        if node.op == "call_module":
            self._module(name, self.traced.get_submodule(str(node.target)))
        else:
            self._call(name, node)

    def _module(self, name: str, module: nn.Module) -> None:
        if isinstance(module, _SKIPPED):
            return
        if isinstance(module, nn.Linear):
            self._affine(Linear(name, _weight(module), _bias(module)))
        elif isinstance(module, nn.Conv2d):
            self._affine(_conv(name, module))
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            self._fold(name, module)
        elif isinstance(module, nn.Flatten):
            if module.start_dim != 1 or module.end_dim != -1:
                raise SltkError(f"layer {name!r} flattens axes {module.start_dim} to {module.end_dim}; use 1 to -1.")
            self._step(name, Flatten())
        elif type(module) in _MODULE_ACTIVATIONS:
            self._activate(name, _MODULE_ACTIVATIONS[type(module)](module))
        else:
            self._pool_module(name, module)

    def _pool_module(self, name: str, module: nn.Module) -> None:
        if isinstance(module, nn.AvgPool2d):
            if module.divisor_override is not None:
                raise SltkError(f"layer {name!r} overrides the divisor of its average; use divisor_override=None.")
            kernel = _pair(module.kernel_size)
            self._step(name, AvgPool(kernel, _pair(module.stride), _pair(module.padding), module.ceil_mode,
                                     module.count_include_pad))  # fmt: skip
        elif isinstance(module, nn.MaxPool2d):
            if module.return_indices:
                raise SltkError(f"layer {name!r} returns indices; use return_indices=False.")
            self._step(name, MaxPool(_pair(module.kernel_size), _pair(module.stride), _pair(module.padding),
                                     _pair(module.dilation), module.ceil_mode))  # fmt: skip
        elif isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
            kernel = self._divided(name, module.output_size)
            self._step(name, (AvgPool if isinstance(module, nn.AdaptiveAvgPool2d) else MaxPool)(kernel, kernel))
        else:
            raise SltkError(
                f"layer {name!r} is a {type(module).__name__}, which read does not know. It knows Linear, Conv2d, "
                "batch norm after them, Flatten, average and max pooling, and the activations of the table."
            )

    def _call(self, name: str, node: fx.Node) -> None:
        called = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        called = called.rstrip("_")
        arguments, keywords = node.args[1:], dict(node.kwargs)
        keywords.pop("inplace", None)
        if called in _NAMED_ACTIVATIONS and not arguments and not keywords:
            self._activate(name, called)
        elif called == "leaky_relu":
            self._activate(name, f"leaky_relu({float(_one(arguments, keywords, 'negative_slope', 0.01))!r})")
        elif called == "elu":
            self._activate(name, f"elu({float(_one(arguments, keywords, 'alpha', 1.0))!r})")
        elif called in ("flatten", "view", "reshape"):
            self._flatten(name, called, node)
        elif called in ("avg_pool2d", "max_pool2d", "boolean_dispatch"):
            self._pool_function(name, node)
        elif called == "dropout":
            return
        else:
            raise SltkError(
                f"layer {name!r} calls {called!r}, which read does not know. Use the module of the same name, or one "
                f"of: {', '.join(_NAMED_ACTIVATIONS)}, leaky_relu, elu, flatten, avg_pool2d, max_pool2d."
            )

    def _flatten(self, name: str, called: str, node: fx.Node) -> None:
        arguments = list(node.args[1:]) + list(node.kwargs.values())
        rest = arguments[1:] if called != "flatten" else arguments
        if called == "flatten":
            flat = rest in ([1], [1, -1])
        else:
            flat = rest == [-1] and _is_batch_size(arguments[0])
        if not flat:
            raise SltkError(f"layer {name!r} reshapes in a way that read does not know; use torch.flatten(x, 1).")
        self._step(name, Flatten())

    def _pool_function(self, name: str, node: fx.Node) -> None:
        with_names = node.normalized_arguments(self.traced, normalize_to_only_use_kwargs=True)
        if with_names is None:
            raise SltkError(f"layer {name!r} pools with arguments that read cannot resolve; use a pooling module.")
        keywords = {k: v for k, v in with_names.kwargs.items() if k != "input"}
        if keywords.get("stride") in (None, ()):
            keywords["stride"] = None
        average = node.target is F.avg_pool2d or "count_include_pad" in keywords
        keywords.pop("return_indices", None)
        self._pool_module(name, (nn.AvgPool2d if average else nn.MaxPool2d)(**keywords))

    def _affine(self, affine: Affine) -> None:
        self._run(affine.name, affine)
        self.stages.append((affine, []))

    def _fold(self, name: str, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        if not self.stages or self.stages[-1][1]:
            raise SltkError(f"batch norm {name!r} does not follow an affine map; only then can it be folded into it.")
        if norm.running_mean is None or norm.running_var is None:
            raise SltkError(f"batch norm {name!r} keeps no running statistics; use track_running_stats=True.")
        affine = self.stages[-1][0]
        gain = torch.rsqrt(norm.running_var + norm.eps) * (1.0 if norm.weight is None else norm.weight)
        shift = torch.zeros_like(gain) if norm.bias is None else norm.bias
        weight = affine.weight * gain.reshape(-1, *(1,) * (affine.weight.ndim - 1))
        bias = shift + gain * (affine.bias - norm.running_mean)
        folded = {**vars(affine), "weight": weight.detach(), "bias": bias.detach()}
        self.stages[-1] = (type(affine)(**folded), [])
        self.x = norm(self.x)

    def _activate(self, name: str, text: str) -> None:
        phi = activation(text)
        if not self.stages:
            raise SltkError(f"activation {name!r} comes before the first affine map; apply it to the data instead.")
        if any(isinstance(op, Act) for op in self.stages[-1][1]):
            raise SltkError(f"activation {name!r} is the second after one affine map; merge both into one function.")
        self._step(name, Act(phi))

    def _step(self, name: str, op: Op) -> None:
        if isinstance(op, Flatten) and self.x.ndim == 2:
            return
        self._run(name, op)
        (self.stages[-1][1] if self.stages else self.before).append(op)

    def _run(self, name: str, step: Callable[[Tensor], Tensor]) -> None:
        try:
            self.x = step(self.x)
        except RuntimeError as error:
            shape = tuple(self.x.shape[1:])
            raise SltkError(f"layer {name!r} does not take an input of shape {shape}: {error}") from error

    def _divided(self, name: str, size: Any) -> Pair:
        wanted = _pair(size)
        sides = tuple(self.x.shape[-2:])
        if any(w is None or s % w for s, w in zip(sides, wanted, strict=True)):
            raise SltkError(f"adaptive pool {name!r} takes {sides} to {wanted}, no multiple; use a plain pool.")
        return (sides[0] // wanted[0], sides[1] // wanted[1])


def _is_batch_size(node: Any) -> bool:
    """``x.size(0)`` or ``x.shape[0]`` on the way to a reshape."""
    if not isinstance(node, fx.Node):
        return False
    if node.op == "call_method" and node.target == "size":
        return True
    name = getattr(node.target, "__name__", "")
    return node.op == "call_function" and (name == "getattr" or name == "getitem")


def _weight(module: nn.Linear | nn.Conv2d) -> Tensor:
    return _masked(module, "weight")


def _bias(module: nn.Linear | nn.Conv2d) -> Tensor:
    if module.bias is None:
        return torch.zeros(module.weight.shape[0], dtype=torch.float64)
    return _masked(module, "bias")


def _masked(module: nn.Module, name: str) -> Tensor:
    """A tensor with the mask of ``torch.nn.utils.prune`` or its parametrization applied."""
    if not parametrize.is_parametrized(module, name) and hasattr(module, f"{name}_orig"):
        value = getattr(module, f"{name}_orig") * getattr(module, f"{name}_mask")
    else:
        value = getattr(module, name)
    value = value.detach().clone()
    if not bool(torch.isfinite(value).all()):
        raise SltkError(f"tensor {name!r} of a {type(module).__name__} holds NaN or infinity; clean the target first.")
    return value


def _conv(name: str, module: nn.Conv2d) -> Conv:
    if module.groups != 1:
        raise SltkError(f"layer {name!r} has groups={module.groups}; only groups=1 is constructed so far.")
    if module.padding_mode != "zeros":
        raise SltkError(f"layer {name!r} has padding_mode={module.padding_mode!r}; only 'zeros' is constructed.")
    dilation, kernel = _pair(module.dilation), _pair(module.kernel_size)
    padding = module.padding
    if padding == "valid":
        padding = (0, 0)
    elif padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        if any(t % 2 for t in total):
            raise SltkError(f"layer {name!r} pads 'same' with kernel {kernel}, more on one side; use an odd kernel.")
        padding = (total[0] // 2, total[1] // 2)
    return Conv(name, _weight(module), _bias(module), _pair(module.stride), _pair(padding), dilation)


def _pair(value: Any) -> Pair:
    return (value, value) if isinstance(value, int) else tuple(value)


def _one(arguments: tuple[Any, ...], keywords: dict[str, Any], name: str, default: float) -> Any:
    return arguments[0] if arguments else keywords.get(name, default)
