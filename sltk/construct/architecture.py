"""The architecture of a target: all that a source may know of it.

A source is a function of (architecture, law, seed). An ``Architecture`` is a target ``Network`` with its
weights left out, so that whatever is computed from it cannot have looked at the target.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sltk.core.errors import SltkError
from sltk.networks.activations.table import Activation, activation
from sltk.networks.layers import Act, AvgPool, Conv, Flatten, MaxPool, Network, Op, Pair
from sltk.networks.wiring import INPUT, Wire, is_chain, wires

Json = dict[str, object] | list[object] | str | int | float | bool | None


@dataclass(frozen=True)
class StageShape:
    """One affine map without its numbers; ``reads`` and ``adds`` as in ``sltk.networks.layers.Stage``.

    ``inputs`` counts input channels before a flatten, and ``inner`` the numbers that each of them brings
    to one output neuron: kernel taps in a convolution, pixels of a flattened channel in a linear map.
    A weight tensor has ``outputs * inputs * inner`` entries in that order, for both kinds.
    """

    name: str
    kind: str
    outputs: int
    inputs: int
    inner: int
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    after: tuple[Op, ...]
    reads: int | None = None
    adds: tuple[int, ...] = ()

    @property
    def activation(self) -> Activation | None:
        """The stage's activation; ``None`` where it is linear."""
        return next((op.activation for op in self.after if isinstance(op, Act)), None)

    @property
    def degree(self) -> int:
        """Parameters of one output neuron, its bias left out."""
        return self.inputs * self.inner


@dataclass(frozen=True)
class Architecture:
    """Shapes, geometry and activations of a network."""

    input_shape: tuple[int, ...]
    before: tuple[Op, ...]
    stages: tuple[StageShape, ...]

    @property
    def wires(self) -> list[Wire]:
        """What each stage reads and adds."""
        return wires(self.stages)

    @property
    def chain(self) -> bool:
        """Whether the stages are a chain without skips."""
        return is_chain(self.stages)


def architecture_of(network: Network) -> Architecture:
    """The architecture of ``network``; no weight is read."""
    stages = []
    for index, stage in enumerate(network.stages):
        affine = stage.affine
        channels, inner = _channels(network, index)
        conv = isinstance(affine, Conv)
        stages.append(
            StageShape(
                name=affine.name,
                kind="conv" if conv else "linear",
                outputs=affine.weight.shape[0],
                inputs=channels,
                inner=inner,
                kernel=(affine.weight.shape[2], affine.weight.shape[3]) if conv else (1, 1),
                stride=affine.stride if conv else (1, 1),
                padding=affine.padding if conv else (0, 0),
                dilation=affine.dilation if conv else (1, 1),
                after=stage.after,
                reads=stage.reads,
                adds=stage.adds,
            )
        )
    return Architecture(network.input_shape, network.before, tuple(stages))


def _channels(network: Network, index: int) -> tuple[int, int]:
    affine = network.stages[index].affine
    if isinstance(affine, Conv):
        return affine.weight.shape[1], math.prod(affine.weight.shape[2:])
    features = affine.weight.shape[1]
    below = network.wires[index].reads
    if below == INPUT:
        return features, 1
    channels = network.shapes(below)[1][0]
    return channels, features // channels


def op_to_json(op: Op) -> Json:
    """A step as JSON."""
    if isinstance(op, Act):
        return {"op": "act", "name": op.activation.name}
    if isinstance(op, Flatten):
        return {"op": "flatten"}
    fields: dict[str, object] = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(op).items()}
    return {"op": "avgpool" if isinstance(op, AvgPool) else "maxpool", **fields}


def op_from_json(record: Mapping[str, Any], custom: Mapping[str, Activation]) -> Op:
    """The step that ``record`` describes; ``custom`` holds a user's own activations by name.

    Raises:
        SltkError: an unknown step, or an activation that is neither in the table nor in ``custom``.
    """
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items() if k != "op"}
    match record.get("op"):
        case "act":
            name = str(record["name"])
            return Act(custom[name] if name in custom else activation(name))
        case "flatten":
            return Flatten()
        case "avgpool":
            return AvgPool(**fields)
        case "maxpool":
            return MaxPool(**fields)
    raise SltkError(f"op_from_json knows act, flatten, avgpool and maxpool, but got op={record.get('op')!r}.")


def to_json(architecture: Architecture) -> Json:
    """An architecture as JSON."""
    stages: list[object] = []
    for stage in architecture.stages:
        record: dict[str, Any] = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(stage).items()}
        if stage.reads is None and not stage.adds:  # a stage of a chain is written as it always was
            del record["reads"], record["adds"]
        stages.append({**record, "after": [op_to_json(op) for op in stage.after]})
    return {
        "input_shape": list(architecture.input_shape),
        "before": [op_to_json(op) for op in architecture.before],
        "stages": stages,
    }


def from_json(record: Mapping[str, Any], custom: Mapping[str, Activation]) -> Architecture:
    """The architecture that ``to_json`` wrote; ``custom`` holds a user's own activations by name."""
    stages = []
    for entry in record["stages"]:
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items() if k != "after"}
        stages.append(StageShape(**fields, after=tuple(op_from_json(op, custom) for op in entry["after"])))
    before = tuple(op_from_json(op, custom) for op in record["before"])
    return Architecture(tuple(record["input_shape"]), before, tuple(stages))
