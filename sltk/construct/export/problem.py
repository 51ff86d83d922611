"""A certification problem for other verifiers: the difference of target and ticket as ONNX, the claim as VNN-LIB.

``pair.onnx`` maps ``(1, *input_shape)`` to ``target(x) - ticket(x)``, flat, in float32; ``problem.vnnlib`` asks for an
input of the domain at which an entry of it is at least eps in size. A verifier that finds none has proved eps.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sltk.certify.intervals import Box
from sltk.construct.export.protobuf import Attribute, Graph
from sltk.construct.masks import LayerMask
from sltk.construct.runtime.execute import sparse_module
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.temporary import whole_folder
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.op import Op
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool
from sltk.runtime.sparse import SparseLayer

OPSET = 13
PLAIN = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "erf": "Erf", "softplus": "Softplus",
         "softsign": "Softsign", "identity": "Identity", "selu": "Selu"}  # fmt: skip
SLOPED = {"leaky_relu": "LeakyRelu", "prelu": "LeakyRelu", "elu": "Elu"}


def export_problem(
    folder: str | Path, target: Network, source: Source, masks: Sequence[LayerMask], domain: Box, eps: float
) -> Path:
    """Write ``pair.onnx`` and ``problem.vnnlib``, both or none.

    Args:
        folder: made here; it may be there if it is empty.
        target: a chain; its parameters are rounded to float32.
        source, masks: of the ticket; the neurons that reach the output are written as dense layers.
        domain: inputs that count.
        eps: the error that is claimed, above 0.

    Returns:
        The folder.

    Raises:
        SltkError: a network with skips, a step or activation that is not written, ``eps <= 0``, a folder in use.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise SltkError(f"cannot export to {place}: it is there already and not empty; name a new folder.")
    if not 0.0 < eps < float("inf"):
        raise SltkError(f"eps must be a finite number above 0, but got eps={eps}.")
    if not target.chain:
        raise SltkError("only chains of layers are written as ONNX, and this target has skips; export its tensors.")
    outputs = int(np.prod(target.output_shape))
    claim = vnnlib(domain, target.input_shape, outputs, eps).encode()
    whole_folder(place, {"pair.onnx": _pair(target, source, masks, outputs), "problem.vnnlib": claim})
    return place


def vnnlib(domain: Box, shape: tuple[int, ...], outputs: int, eps: float) -> str:
    """The claim ``|Y_j| < eps for all j`` over the domain, negated, as VNN-LIB has it."""
    box = domain.on(shape)
    lines = [f"; an input of the domain at which target and ticket differ by {eps!r} or more", ""]
    lines += [f"(declare-const X_{i} Real)" for i in range(box.low.numel())]
    lines += [f"(declare-const Y_{j} Real)" for j in range(outputs)] + [""]
    for i, (low, high) in enumerate(zip(box.low.flatten(), box.high.flatten(), strict=True)):
        lines += [f"(assert (>= X_{i} {_decimal(float(low))}))", f"(assert (<= X_{i} {_decimal(float(high))}))"]
    beyond = [f"(and (>= Y_{j} {_decimal(eps)})) (and (<= Y_{j} {_decimal(-eps)}))" for j in range(outputs)]
    return "\n".join([*lines, "", f"(assert (or {' '.join(beyond)}))", ""])


def _decimal(value: float) -> str:
    """A number without an exponent, which not every reader takes; as many digits as say it exactly enough."""
    return np.format_float_positional(value, unique=True, trim="0")


def _pair(target: Network, source: Source, masks: Sequence[LayerMask], outputs: int) -> bytes:
    graph = Graph()
    shape = (1, *target.input_shape)
    names = list[str]()
    for name, layers in (("target", _of_target(target)), ("ticket", _of_ticket(source, masks, target.before))):
        here = "X"
        for number, layer in enumerate(layers):
            here = _layer(graph, f"{name}_{number}", here, layer)
        names.append(graph.node("Flatten", [here], f"{name}_out", {"axis": 1}))
    graph.node("Sub", names, "Y")
    return graph.model(("X", shape), ("Y", (1, outputs)), OPSET)


Layer = Op | tuple[Tensor, Tensor, dict[str, Attribute] | None]  # a step, or weight, bias and a convolution's options


def _of_target(target: Network) -> list[Layer]:
    layers: list[Layer] = [*target.before]
    for stage in target.stages:
        linear = stage.affine.tag == Linear.tag
        options = None if linear else _options(stage.affine.geometry, stage.affine.groups)
        weight = stage.affine.kernel.flatten(1) if linear else stage.affine.kernel
        layers += [(weight, stage.affine.offset, options), *stage.after]
    return layers


def _of_ticket(source: Source, masks: Sequence[LayerMask], before: Sequence[Op]) -> list[Layer]:
    layers: list[Layer] = [*before]
    modules = [m for m in sparse_module(source, masks, before).modules() if isinstance(m, SparseLayer)]
    for spec, module in zip(source.layers, modules, strict=True):
        linear = spec.kind == "linear"
        options = None if linear else _options(module.geometry, 1)
        layers += [(module.weight, module.bias, options), *spec.after]
    return layers


def _options(geometry: Any, groups: int) -> dict[str, Attribute]:
    return {
        "kernel_shape": geometry.shape[2:], "strides": geometry.stride, "dilations": geometry.dilation,
        "pads": (*geometry.padding, *geometry.padding), "group": groups,
    }  # fmt: skip


def _layer(graph: Graph, name: str, here: str, layer: Layer) -> str:
    if isinstance(layer, Op):
        return _step(graph, name, here, layer)
    weight, bias, options = layer
    tensors = [
        graph.tensor(f"{name}_{part}", value.detach().to(torch.float32).numpy())
        for part, value in (("weight", weight), ("bias", bias))
    ]
    if options is None:
        return graph.node("Gemm", [here, *tensors], name, {"transB": 1})
    return graph.node("Conv", [here, *tensors], name, options)


def _step(graph: Graph, name: str, here: str, op: Any) -> str:
    phi = getattr(op, "elementwise", None)
    if isinstance(phi, Activation):
        return _activation(graph, name, here, phi)
    if op.tag == Flatten.tag:
        return graph.node("Flatten", [here], name, {"axis": 1})
    if op.tag in (AvgPool.tag, MaxPool.tag) and not op.ceil_mode:
        sizes: dict[str, Attribute] = {
            "kernel_shape": op.kernel, "strides": op.stride, "pads": (*op.padding, *op.padding)
        }  # fmt: skip
        if op.tag == MaxPool.tag:
            return graph.node("MaxPool", [here], name, sizes | {"dilations": op.dilation})
        return graph.node("AveragePool", [here], name, sizes | {"count_include_pad": int(op.count_include_pad)})
    raise SltkError(f"{op} is not written as ONNX; problems of dense and convolutional chains with pools are.")


def _activation(graph: Graph, name: str, here: str, phi: Activation) -> str:
    family, _, number = phi.name.partition("(")
    if family in PLAIN:
        return graph.node(PLAIN[family], [here], name)
    if family in SLOPED:
        return graph.node(SLOPED[family], [here], name, {"alpha": float(number.rstrip(")"))})
    known = ", ".join([*PLAIN, *SLOPED])
    raise SltkError(f"activation {phi.name!r} is not written as ONNX; {known} are.")
