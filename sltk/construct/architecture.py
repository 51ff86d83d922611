"""The architecture of a target: all that a source may know of it.

A source is a function of (architecture, law, seed). An ``Architecture`` is a target ``Network`` with its
weights left out, so that whatever is computed from it cannot have looked at the target.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation
from sltk.networks.geometry import Pair
from sltk.networks.network import Network, activation_of
from sltk.networks.op import Step
from sltk.networks.ops import affine_kind, step_from_record
from sltk.networks.wiring import INPUT, Wire, is_chain, wires

Json = dict[str, object] | list[object] | str | int | float | bool | None


@dataclass(frozen=True)
class StageShape:
    """One affine map without its numbers; ``reads`` and ``adds`` as in ``sltk.networks.network.Stage``.

    ``inputs`` counts input channels before a flatten, and ``inner`` the numbers that each of them brings
    to one output neuron: kernel taps in a convolution, pixels of a flattened channel in a linear map.
    A weight tensor has ``outputs * inputs / groups * inner`` entries in that order, for all kinds.
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
    after: tuple[Step, ...]
    reads: int | None = None
    adds: tuple[int, ...] = ()
    groups: int = 1

    @property
    def activation(self) -> Activation | None:
        """The stage's activation; ``None`` where it is linear."""
        return activation_of(self.after)

    @property
    def degree(self) -> int:
        """Parameters of one output neuron, its bias left out."""
        return self.inputs // self.groups * self.inner


@dataclass(frozen=True)
class Architecture:
    """Shapes, geometry and activations of a network."""

    input_shape: tuple[int, ...]
    before: tuple[Step, ...]
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
    stages: list[StageShape] = []
    for index, stage in enumerate(network.stages):
        affine, geometry = stage.affine, stage.affine.geometry
        outputs, _, *kernel = geometry.shape
        channels, inner = affine.grouped(affine.inputs, math.prod(kernel), _channels_below(network, index))
        stages.append(
            StageShape(
                name=affine.name,
                kind=affine.tag,
                outputs=outputs,
                inputs=channels,
                inner=inner,
                kernel=(kernel[0], kernel[1]),
                stride=geometry.stride,
                padding=geometry.padding,
                dilation=geometry.dilation,
                after=stage.after,
                reads=stage.reads,
                adds=stage.adds,
                groups=affine.groups,
            )
        )
    return Architecture(network.input_shape, network.before, tuple(stages))


def _channels_below(network: Network, index: int) -> int | None:
    """Channels of the affine map whose stage is read; ``None`` where it is the network's input."""
    below = network.wires[index].reads
    return None if below == INPUT else network.shapes(below)[1][0]


def to_json(architecture: Architecture) -> Json:
    """An architecture as JSON."""
    stages: list[object] = []
    for stage in architecture.stages:
        record: dict[str, Any] = {k: _listed(v) for k, v in vars(stage).items()}
        if stage.reads is None and not stage.adds:  # a stage of a chain is written as it always was
            del record["reads"], record["adds"]
        if stage.groups == 1:
            del record["groups"]
        stages.append({**record, "after": [op.record() for op in stage.after]})
    return {
        "input_shape": list(architecture.input_shape),
        "before": [op.record() for op in architecture.before],
        "stages": stages,
    }


def from_json(record: Mapping[str, Any], custom: Mapping[str, Activation]) -> Architecture:
    """The architecture that ``to_json`` wrote; ``custom`` holds a user's own activations by name."""
    stages: list[StageShape] = []
    for entry in record["stages"]:
        fields: dict[str, Any] = {k: _frozen(v) for k, v in entry.items() if k != "after"}
        stages.append(StageShape(**fields, after=tuple(step_from_record(op, custom) for op in entry["after"])))
        _require_groups(stages[-1])
    before = tuple(step_from_record(op, custom) for op in record["before"])
    return Architecture(tuple(record["input_shape"]), before, tuple(stages))


def _require_groups(stage: StageShape) -> None:
    groups = cast(object, stage.groups)  # of a file, whatever its annotation says
    if not isinstance(groups, int) or isinstance(groups, bool) or groups < 1:
        raise SltkError(f"groups of a stage must be a whole number >= 1, but the file has {groups!r:.40}.")
    may = groups == 1 or affine_kind(stage.kind).may_group
    if not may or (groups > 1 and (stage.inputs % groups or stage.outputs % groups)):
        raise SltkError(f"a stage of the file has {groups} groups, which do not divide its channels.")


def _listed(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value  # pyright: ignore  # of a field, so of any type


def _frozen(value: Any) -> Any:
    return (*value,) if isinstance(value, list) else value  # pyright: ignore  # from JSON, so of any type
