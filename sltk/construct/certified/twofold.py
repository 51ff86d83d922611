"""A ticket at points in real arithmetic: its module's kept weights, in twice the precision."""

from collections.abc import Iterator, Sequence

import numpy as np

from sltk.certify.local.twofold import TwofoldMap, TwofoldNetwork, TwofoldStage
from sltk.construct.masks import LayerMask
from sltk.construct.runtime.execute import sparse_module
from sltk.construct.runtime.wired import WiredModule
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Values
from sltk.networks.op import Op, Step
from sltk.networks.wiring import wires
from sltk.runtime.sparse import SparseLayer


def twofold_network(source: Source, masks: Sequence[LayerMask], before: Sequence[Op]) -> TwofoldNetwork | None:
    """What mask times source computes; ``None`` where a kept number is none of float32, and the module rounds it."""
    for index, mask in enumerate(masks):
        if not (is_float32(source.weights(index, mask.weight)) and is_float32(source.biases(index, mask.bias))):
            return None
    module = sparse_module(source, masks, before).double()
    layers = [part for part in module.modules() if isinstance(part, SparseLayer)]
    joins = [module.joins(i) if isinstance(module, WiredModule) else [] for i in range(len(layers))]
    stages = [
        TwofoldStage(TwofoldMap(layer), tuple(_steps(one.after)), wire.reads, wire.adds, tuple(join))
        for layer, one, wire, join in zip(layers, source.layers, wires(source.layers), joins, strict=True)
    ]
    return TwofoldNetwork(stages, tuple(_steps(before)))


def _steps(ops: Sequence[Op]) -> Iterator[Step]:
    for op in ops:
        assert isinstance(op, Step)
        yield op


def is_float32(values: Values) -> bool:
    """Whether float32 has all of the numbers."""
    return np.array_equal(values.astype(np.float32).astype(np.float64), values)
