"""Read an ordinary torch module into stages, a chain of them or one with skips.

The module is traced by ``torch.fx``, each call in it becomes an affine map, a step or a sum, and whatever does not fit
is refused with the layer's name, the reason and the cure. At the end, what was read is compared with the module
on random inputs.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.ops.act import Act
from sltk.networks.reading.calls import take_function, take_module
from sltk.networks.reading.chain import Chain, Place, first_line
from sltk.networks.reading.given import require_module, require_real
from sltk.networks.reading.joins import added, concatenation, is_concatenation, uses
from sltk.networks.reading.parts import Parts, concatenated
from sltk.networks.reading.refused import REASONS, cure
from sltk.networks.reading.sizes import as_argument, is_shape

Custom = Mapping[Any, Activation]
AGREEMENT = 1e-6  # relative; a misread layer is off by far more, rounding and torch's cut of softplus by far less


def read(module: nn.Module, input_shape: tuple[int, ...], custom: Custom | None = None) -> Network:
    """The network that ``module.eval()`` computes on inputs of ``input_shape``, in float64.

    Understood, as modules, functions or methods: linear, 1-D and 2-D convolutional maps (stride, zero padding,
    dilation), transposed convolutions (zeros between pixels, then a convolution), sums of two values (skips, with or
    without a projection), concatenations of channels (a map of one is the sum of its maps of the parts), batch norm
    (folded into the map right before it, else a map of its own), average and max pooling, upsampling to the nearest
    pixel, flattening, dropout (nothing in eval mode), and the activations of the table, one after each affine map.
    Where a sum or a step finds no affine map to follow, as in pre-activation blocks, the map that takes each channel to
    itself becomes a layer of its own, to be built like any other. Masks of ``torch.nn.utils.prune`` and
    parametrizations count with the weights that they yield. The module itself is left as it is; weights of any real
    precision are taken to float64, which has all their numbers.

    Args:
        module: any module whose ``forward`` can be traced.
        input_shape: shape of one input, without the batch axis.
        custom: activations by the class of module or the function that computes them, such as
            ``{MyActivation: characterise(MyActivation(), "mine")}``.

    Returns:
        The network. It agrees with the module in float64 up to rounding, except that softplus is not cut off at 20 as
        torch does (an error of 2.1e-9 there).

    Raises:
        SltkError: names the layer, what it does, and what to do instead.
    """
    require_module(module)
    require_real(module)
    shape = _sizes(input_shape)
    known = dict(custom or {})
    twin = _twin(module)
    with torch.no_grad():
        probe = torch.randn(3, *shape, generator=torch_stream(0, "networks", "probe"), dtype=torch.float64)
        expected = _run(twin, probe)  # before anything is read: hooks that compute weights have run then
        network = _chain(_traced(twin, known), shape, known).network()
        _require_agreement(network(probe), expected, type(module).__name__)
    return network


def network_of(target: nn.Module | Network, input_shape: tuple[int, ...], activations: Custom | None = None) -> Network:
    """The target as a network: itself, or what ``read`` makes of a module.

    Raises:
        SltkError: it is neither, or cannot be read.
    """
    return target if isinstance(target, Network) else read(target, input_shape, activations)


def _sizes(input_shape: tuple[int, ...]) -> tuple[int, ...]:
    try:
        shape = tuple(input_shape)
    except TypeError:
        shape = ()
    if not shape or any(isinstance(side, bool) or not isinstance(side, int) or side < 1 for side in shape):
        raise SltkError(f"read needs an input_shape of whole numbers >= 1 without batch axis, but got {input_shape!r}.")
    return shape


def _twin(module: nn.Module) -> nn.Module:
    """A float64 copy on the CPU, in eval mode."""
    # Pruning and weight norm leave weights behind that are results of a computation, which deepcopy refuses.
    derived = [v for m in module.modules() for v in vars(m).values() if isinstance(v, Tensor) and not v.is_leaf]
    try:
        return copy.deepcopy(module, {id(v): v.detach().clone() for v in derived}).eval().to("cpu", torch.float64)
    except Exception as error:  # copying runs whatever a user's module holds
        raise SltkError(
            f"{type(module).__name__} cannot be copied ({first_line(error)}); read works on a float64 copy."
        ) from error


def _run(module: nn.Module, x: Tensor) -> Any:
    try:
        return module(x)
    except Exception as error:  # a user's forward may raise anything; the chain then names the layer
        return error


class _Tracer(fx.Tracer):
    def __init__(self, leaves: tuple[type, ...]) -> None:
        super().__init__()
        self.leaves = leaves

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, self.leaves) or super().is_leaf_module(m, module_qualified_name)


def _traced(module: nn.Module, custom: Custom) -> fx.GraphModule:
    leaves = tuple(key for key in custom if isinstance(key, type))
    wrapped = nn.Sequential(module) if _Tracer(leaves).is_leaf_module(module, "") else module
    try:
        graph = _Tracer(leaves).trace(wrapped)
    except Exception as error:  # torch.fx raises many types; all of them mean the same to a reader
        raise SltkError(
            f"torch.fx cannot trace {type(module).__name__} ({first_line(error)}); write its forward without branches "
            "on values and without loops over them."
        ) from error
    traced = fx.GraphModule(wrapped, graph)
    traced.graph.eliminate_dead_code()
    return traced


def _chain(traced: fx.GraphModule, shape: tuple[int, ...], custom: Custom) -> Chain:
    chain, values = Chain(shape), dict[fx.Node, tuple[Place, ...]]()
    fixed: set[fx.Node] = set()  # what no input enters: parameters, and what is computed from them alone
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            if values:
                raise SltkError(f"read takes modules with one input, but this one has a second, {node.name!r}.")
            values[node] = _placed(Parts(chain, (chain.place,)), node)
        elif node.op == "output":
            _require_end(chain, _ended(chain, values.get(node.args[0])))
            chain.finish("output")
        elif fixed.issuperset(node.all_input_nodes):
            fixed.add(node)
        elif not is_shape(node):
            values[node] = _placed(_valued(chain, traced, node, values, fixed, custom), node)
    return chain


Values = dict[fx.Node, tuple[Place, ...]]


def _valued(
    chain: Chain, traced: fx.GraphModule, node: fx.Node, values: Values, fixed: set[fx.Node], custom: Custom
) -> Parts:
    """What ``node`` computes."""
    terms = added(node)
    if len(terms) == 2 and all(term in values for term in terms):
        first, second = (Parts(chain, values[term]) for term in terms)
        return first.joined(_name(node), second)
    if is_concatenation(node):
        parts, axis = concatenation(node)
        if all(part in values for part in parts):
            return concatenated(_name(node), [Parts(chain, values[part]) for part in parts], axis)
    inputs = [n for n in node.all_input_nodes if n not in fixed and not is_shape(n)]
    _require_one(traced, node, inputs)
    value = Parts(chain, values[inputs[0]])
    _take(value, traced, node, custom)
    return value


def _placed(value: Parts, node: fx.Node) -> tuple[Place, ...]:
    """Where the value of ``node`` is; what more than one layer reads is left as it is from now on."""
    if uses(node) > 1:
        value.share(_name(node))
    return value.places


def _ended(chain: Chain, places: tuple[Place, ...] | None) -> Place | None:
    if places is None:
        return None
    value = Parts(chain, places)
    value.merge("output")
    return value.places[0]


def _require_one(traced: fx.GraphModule, node: fx.Node, inputs: list[fx.Node]) -> None:
    values: list[fx.Node] = []
    fx.map_arg((node.args, node.kwargs), values.append)  # a node that is read twice counts twice
    if len(inputs) != 1 or _input(node) is not inputs[0] or sum(value is inputs[0] for value in values) > 1:
        called = type(traced.get_submodule(str(node.target))) if node.op == "call_module" else node.target
        what = called if isinstance(called, str) else getattr(called, "__name__", "")
        if what in REASONS:
            raise SltkError(f"layer {_name(node)!r} is a {what}, which is not read; {cure(what)}")
        raise SltkError(
            f"layer {_name(node)!r} reads ({', '.join(n.name for n in inputs)}): besides sums of two values and "
            "concatenations of values, a layer reads one value, first. Write it with such layers."
        )


def _require_end(chain: Chain, place: Place | None) -> None:
    if place is None or place.stage != len(chain.stages) - 1 or place.steps != chain.place.steps:
        raise SltkError("read takes modules that return the end of their last layer, and nothing else.")


def _input(node: fx.Node) -> Any:
    return node.args[0] if node.args else node.kwargs.get("input")


def _take(value: Parts, traced: fx.GraphModule, node: fx.Node, custom: Custom) -> None:
    name = _name(node)
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        phi = next((p for key, p in custom.items() if isinstance(key, type) and isinstance(module, key)), None)
        if phi is None:
            take_module(value, name, module)
            return
    else:
        phi = custom.get(node.target) if node.op == "call_function" else None
        if phi is None:
            keywords = {key: value for key, value in node.kwargs.items() if node.args or key != "input"}
            take_function(value, name, node.target, *_values(traced, (node.args[1:], keywords)))
            return
    value.step(name, Act(phi))


def _name(node: fx.Node) -> str:
    return str(node.target) if node.op == "call_module" else node.name


def _values(traced: fx.GraphModule, arguments: Any) -> Any:
    """Arguments of a call with parameters, and what is computed from them, by value; sizes as such."""
    return fx.map_arg(arguments, lambda node: as_argument(node) if is_shape(node) else _value(traced, node))


def _value(traced: fx.GraphModule, node: fx.Node) -> Any:
    arguments, keywords = _values(traced, (node.args, dict(node.kwargs)))
    match node.op:
        case "get_attr":
            owner, _, attribute = str(node.target).rpartition(".")
            return getattr(traced.get_submodule(owner), attribute)
        case "call_module":
            return traced.get_submodule(str(node.target))(*arguments, **keywords)
        case "call_method":
            return getattr(arguments[0], str(node.target))(*arguments[1:], **keywords)
        case "call_function" if callable(node.target):
            return node.target(*arguments, **keywords)
    raise SltkError(f"{node.name!r} is no parameter, nor computed from parameters alone; read cannot use it.")


def _require_agreement(read_off: Tensor, expected: Any, name: str) -> None:
    if isinstance(expected, Exception):
        raise SltkError(f"{name} cannot be run in float64: {first_line(expected)}") from expected
    scale = float(expected.abs().nan_to_num(0.0, 0.0, 0.0).amax()) if expected.numel() else 0.0
    if read_off.shape != expected.shape or not torch.allclose(
        read_off, expected, rtol=AGREEMENT, atol=AGREEMENT * scale, equal_nan=True
    ):
        raise SltkError(
            f"{name} computes something else than the layers that it shows: hooks or modules that override what they "
            "call are not read. Write what they do into forward."
        )
