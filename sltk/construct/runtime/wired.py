"""Layers of a source with skips as one module, and which of its neurons have to be there."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sltk.construct.masks import LayerMask
from sltk.construct.runtime.steps import through
from sltk.construct.source import Source, SourceLayer
from sltk.core.numerics.arrays import Flags, Indices, divided
from sltk.core.numerics.tensors import tensor_of
from sltk.core.threads import by_number
from sltk.networks.op import Step
from sltk.networks.ops import affine_kind
from sltk.networks.reading.given import in_dtype
from sltk.networks.wiring import INPUT, Wire, flow, wires
from sltk.runtime.in_place import add, recycled

IMAGES = 16  # that are run together at least: what the sparse layers' kernels take at once
POSITIONS = 2**13  # or so many pixels of them


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
            for number, skip in enumerate(wire.adds):
                into = np.flatnonzero((held[i] < layers[i].joined) & np.isin(held[i], held[skip]))
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
        return by_batches(in_dtype(x, dtype_of(self)), self._run)

    def joins(self, index: int) -> list[tuple[Tensor, Tensor]]:
        """For each skip of a layer: to which of its channels which of the skip's are added."""
        numbers = range(len(self.wires[index].adds))
        return [(self.get_buffer(f"into_{index}_{n}"), self.get_buffer(f"from_{index}_{n}")) for n in numbers]

    def outputs(self, x: Tensor) -> list[Tensor]:
        """What every layer hands on for ``x``, ``(batch, channels held, ...)``, in order; all of it at once."""
        found = list[Tensor]()

        def step(index: int, read: Tensor, skips: list[Tensor]) -> Tensor:
            found.append(self._step(index, read, skips))
            return found[-1]

        flow(self.wires, self.before(in_dtype(x, dtype_of(self))), step)
        return found

    def _run(self, x: Tensor) -> Tensor:
        return flow(self.wires, self.before(x), self._step)

    def _step(self, index: int, x: Tensor, skips: list[Tensor]) -> Tensor:
        y = self.maps[index](x)
        for (into, origin), skip in zip(self.joins(index), skips, strict=True):
            if torch.is_grad_enabled() or not add(y, into, skip, origin):
                y = y.index_add(1, into, skip.index_select(1, origin))
        return through(self.after[index].children(), y)


def by_batches(x: Tensor, run: Callable[[Tensor], Tensor], least: int | None = None) -> Tensor:
    """``run(x)``; on the CPU without gradient ``least`` images or a few more at a time, which stay in the caches.

    Each core takes images of its own as long as there are some for all; of the last ones all cores share each layer.
    """
    count = max(least or IMAGES, POSITIONS // max(1, math.prod(x.shape[2:])))
    if torch.is_grad_enabled() or len(x) <= count or x.device.type != "cpu":
        return run(x)
    parts = [x[first : first + count] for first in range(0, len(x), count)]
    found, inference = [x] * len(parts), torch.is_inference_mode_enabled()

    def work(numbers: Iterable[int]) -> None:
        with torch.inference_mode(inference), torch.no_grad(), recycled():  # both modes are a thread's own
            for number in numbers:
                found[number] = run(parts[number])

    work(range(by_number(work, len(parts)), len(parts)))
    return torch.cat(found)


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
    """Live channels of every source layer: on a path of kept weights and skips from input or constant to output.

    A channel is left out that nothing live reads, or that is zero whatever the input: without it the same numbers are
    added. One channel is held of each layer at least, and all of the last.
    """
    layers, wiring, silent = source.layers, wires(source.layers), silent_neurons(source, masks)
    needed = [np.zeros(layer.outputs, dtype=bool) for layer in layers]
    needed[-1][:] = True
    for i in reversed(range(len(layers))):
        if i < len(layers) - 1:
            needed[i] &= ~silent[i]
        needed[i][0] |= not needed[i].any()
        mark_read(source, masks, wiring, i, needed)
    return [np.flatnonzero(flags) for flags in needed]


def mark_read(
    source: Source, masks: Sequence[LayerMask], wiring: Sequence[Wire], index: int, needed: Sequence[Flags]
) -> None:
    """Mark in ``needed``, channels of every layer, what the needed ones of layer ``index`` read and add."""
    wire, own, joined = wiring[index], needed[index], source.layers[index].joined
    if wire.reads != INPUT:
        row, channel = _joined(source, masks, index)
        needed[wire.reads][channel[own[row]]] = True
    for skip in wire.adds:
        needed[skip][:joined] |= own[:joined]


def silent_neurons(source: Source, masks: Sequence[LayerMask]) -> list[Flags]:
    """Which channels of every source layer are exactly zero for every input: nothing but zeros enters them."""
    silent = list[Flags]()
    for i, (layer, wire) in enumerate(zip(source.layers, wires(source.layers), strict=True)):
        row, channel = _joined(source, masks, i)
        entered = np.zeros(layer.outputs, dtype=bool)
        entered[row if wire.reads == INPUT else row[~silent[wire.reads][channel]]] = True
        entered[masks[i].bias] = True
        for skip in wire.adds:
            entered[: layer.joined] |= ~silent[skip][: layer.joined]
        keeps = all(isinstance(op, Step) and op.keeps_zero for op in layer.after)
        silent.append(~entered if keeps else np.zeros(layer.outputs, dtype=bool))
    return silent


def _joined(source: Source, masks: Sequence[LayerMask], index: int) -> tuple[Indices, Indices]:
    """Output and input channel of every kept weight of a layer."""
    layer = source.layers[index]
    row, column = divided(masks[index].weight, layer.weight_count // layer.outputs)
    return row, layer.channel_of(row, column // pixels(source, index))


def pixels(source: Source, index: int) -> int:
    """Kernel taps, or the pixels that a flatten makes of one output channel of the layer below."""
    layer, below = source.layers[index], wires(source.layers)[index].reads
    channels = None if below == INPUT else source.layers[below].outputs
    return affine_kind(layer.kind).grouped(layer.inputs, layer.inner, channels)[1]
