"""Layers of a source with skips as one module, and which of its neurons have to be there."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sltk.construct.masks import LayerMask
from sltk.construct.source import Source, SourceLayer
from sltk.core.numerics.arrays import Indices
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.ops import affine_kind
from sltk.networks.reading.given import in_dtype
from sltk.networks.wiring import INPUT, flow, wires


class WiredModule(nn.Module):
    """``after(layer(x) + skips)``, layer by layer, as the source layers are wired.

    Args:
        before: steps on the input.
        maps: the layers.
        after: the steps that follow each sum.
        layers: of the source; what they read and add.
        held: channels of each source layer that its module has.
    """

    def __init__(
        self,
        before: nn.Module,
        maps: Sequence[nn.Module],
        after: Sequence[nn.Module],
        layers: Sequence[SourceLayer],
        held: Sequence[Indices],
    ) -> None:
        super().__init__()
        self.before = before
        self.maps, self.after = nn.ModuleList(maps), nn.ModuleList(after)
        self.wires = wires(layers)
        for i, wire in enumerate(self.wires):
            into = np.flatnonzero(held[i] < layers[i].joined)
            for number, skip in enumerate(wire.adds):
                origin = np.searchsorted(held[skip], held[i][into])
                self.register_buffer(f"into_{i}_{number}", tensor_of(into), persistent=False)
                self.register_buffer(f"from_{i}_{number}", tensor_of(origin), persistent=False)

    def __repr__(self) -> str:
        return described(self)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs for ``x``, cast where that changes none of its numbers; a value is let go after its last use.

        Raises:
            SltkError: it would.
        """
        return flow(self.wires, self.before(in_dtype(x, dtype_of(self))), self._step)

    def _step(self, index: int, x: Tensor, skips: list[Tensor]) -> Tensor:
        y = self.maps[index](x)
        for number, skip in enumerate(skips):
            into, origin = getattr(self, f"into_{index}_{number}"), getattr(self, f"from_{index}_{number}")
            y = y.index_add(1, into, skip.index_select(1, origin))
        return self.after[index](y)


def dtype_of(module: nn.Module) -> torch.dtype:
    """The dtype of the weights that a module holds."""
    return next(t.dtype for t in (*module.parameters(), *module.buffers()) if t.is_floating_point())


def described(module: nn.Module) -> str:
    """A module in one line: the sorts of layers that hold its weights, and how many numbers they are."""
    kinds = Counter(type(part).__name__ for part in module.modules() if any(True for _ in part.buffers(recurse=False)))
    numbers = sum(buffer.numel() for buffer in module.buffers())
    layers = ", ".join(f"{count} {name}" for name, count in kinds.items())
    return f"{type(module).__name__}({layers}; {numbers:,} numbers in its buffers)"


def held_neurons(source: Source, masks: Sequence[LayerMask]) -> list[Indices]:
    """Channels of every source layer that some kept weight, or a skip that is needed, reads; at least one each."""
    layers, wiring = source.layers, wires(source.layers)
    needed: list[list[Indices]] = [[] for _ in layers]
    needed[-1].append(np.arange(layers[-1].outputs))
    held: list[Indices] = [np.zeros(1, dtype=np.int64) for _ in layers]
    for i in reversed(range(len(layers))):
        found = np.unique(np.concatenate(needed[i])) if needed[i] else np.zeros(0, dtype=np.int64)
        held[i] = found if found.size else np.zeros(1, dtype=np.int64)
        if wiring[i].reads != INPUT:
            columns = layers[i].weight_count // layers[i].outputs
            row, column = np.divmod(masks[i].weight, columns)
            needed[wiring[i].reads].append(np.unique(layers[i].channel_of(row, column // pixels(source, i))))
        for skip in wiring[i].adds:
            needed[skip].append(held[i][held[i] < layers[i].joined])
    return held


def pixels(source: Source, index: int) -> int:
    """Kernel taps, or the pixels that a flatten makes of one output channel of the layer below."""
    layer, below = source.layers[index], wires(source.layers)[index].reads
    channels = None if below == INPUT else source.layers[below].outputs
    return affine_kind(layer.kind).grouped(layer.inputs, layer.inner, channels)[1]
