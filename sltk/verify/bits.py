"""Is a ticket's module nothing but mask times source? Every kept weight is compared bit for bit.

The module draws its weights one by one, by random access. Here the same weights are drawn again as contiguous
blocks of the source, a second path through the generator, and compared as float32 bit patterns. The place of
each weight is compared too: the module's positions, mapped back to the source, must be the mask's.

On another device blocks are drawn and compared there, by torch's integers (``sltk.core.device_words``): the same
numbers bit for bit, by a third path. Places are sorted and compared on the CPU, in integers.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sltk.construct.runtime.execute import channels_read
from sltk.construct.runtime.wired import held_neurons, pixels
from sltk.construct.source import Source, SourceLayer
from sltk.construct.ticket import StrongTicket
from sltk.core.numerics.arrays import Indices, divided
from sltk.core.numerics.tensors import tensor_of
from sltk.core.report import Steps
from sltk.core.threads import in_order
from sltk.runtime.sparse import SparseLayer

GAP = 2**12  # kept weights closer than this are drawn as one block
LONGEST = 2**20  # numbers drawn at a time, a thread: 12 MB


@dataclass(frozen=True)
class BitCheck:
    """What a comparison of module and source found.

    Attributes:
        compared: weights and biases whose bits were compared.
        different: of them, those whose bits differ.
        misplaced: places where module and mask disagree about what is kept.
        unread: kept parameters that the module leaves out: nothing reads the neuron that they enter, or the one that
            they read is zero for every input.
        drawn: source weights drawn for the comparison.
    """

    compared: int
    different: int
    misplaced: int
    unread: int
    drawn: int

    @property
    def passed(self) -> bool:
        """Every kept weight is the source's, in its place, and there is no other."""
        return self.different == 0 and self.misplaced == 0


def compare_bits(
    ticket: StrongTicket, module: nn.Module, report: Steps | None = None, device: torch.device | None = None
) -> BitCheck:
    """Compare the sparse ``module`` of ``ticket`` with the source's own blocks.

    Args:
        ticket: gives source and masks.
        module: ``ticket.module("sparse")``, or what is claimed to be it; on any device.
        report: called with (weights done, weights in all).
        device: where blocks are drawn; ``None`` for the compiled kernels. For a law that is ``arithmetic``.

    Returns:
        The same on every device.
    """
    layers = [m for m in module.modules() if isinstance(m, SparseLayer)]
    held = held_neurons(ticket.source, ticket.masks)
    total, done = sum(mask.weight.size for mask in ticket.masks), 0
    parts = []
    for index, layer in enumerate(layers):
        tally = None if report is None else partial(_advance, report, done, total)
        read = channels_read(ticket.source, held, index)
        parts.append(_compare_layer(ticket, index, layer, read, held[index], tally, device))
        done += ticket.masks[index].weight.size
    if report:
        report(total, total)
    return BitCheck(*(sum(getattr(part, f.name) for part in parts) for f in fields(BitCheck)))


@dataclass(frozen=True)
class _Stretch:
    """Kept weights of a layer that are held against one block of the source, by ascending ``place``."""

    source: Source
    layer: int
    place: Indices
    value: NDArray[np.float32]

    @property
    def _ends(self) -> tuple[int, int]:
        return int(self.place[0]), int(self.place[-1]) + 1

    def here(self) -> tuple[int, int]:
        """Weights whose bits differ, and how many were drawn."""
        start, stop = self._ends
        block = self.source.block(self.layer, start, stop)
        return int((_bits(self.value) != _bits(block[self.place - start])).sum()), stop - start

    def there(self, device: torch.device) -> tuple[int, int]:
        """The same, drawn and compared on ``device``."""
        start, stop = self._ends
        block = self.source.block_on(self.layer, start, stop, device)
        own = block[tensor_of(self.place - start).to(device)].float().view(torch.int32)
        return int((tensor_of(self.value).to(device).view(torch.int32) != own).sum()), stop - start


def _advance(report: Steps, before: int, total: int, done: int) -> None:
    report(before + done, total)


def _compare_layer(
    ticket: StrongTicket,
    index: int,
    layer: SparseLayer,
    read: Indices,
    written: Indices,
    tally: Callable[[int], None] | None,
    device: torch.device | None,
) -> BitCheck:
    spec, mask = ticket.source.layers[index], ticket.masks[index]
    inner = pixels(ticket.source, index)
    row, column = divided(mask.weight, spec.weight_count // spec.outputs)
    place, value = _places(layer, spec, inner, read, written)
    alive = mask.weight[np.isin(row, written) & np.isin(spec.channel_of(row, column // inner), read)]
    both, in_module, _ = np.intersect1d(place, alive, assume_unique=True, return_indices=True)
    different, drawn, runs = 0, 0, _runs(both)
    # A view of each run, and no copy, before it is compared.
    given = value[in_module]
    asked = [_Stretch(ticket.source, index, both[r.start : r.stop], given[r.start : r.stop]) for r in runs]
    results = in_order(_Stretch.here, asked) if device is None else (one.there(device) for one in asked)
    for run, (wrong, size) in zip(runs, results, strict=True):
        different, drawn = different + wrong, drawn + size
        if tally:
            tally(run.stop)
    bias = layer.bias.detach().cpu().numpy()
    different += int((_bits(bias) != _bits(_bias(ticket.source, index, mask.bias)[written])).sum())
    alive_biases = int(np.isin(mask.bias, written).sum())
    return BitCheck(
        compared=both.size + alive_biases,
        different=different,
        misplaced=place.size + alive.size - 2 * both.size,
        unread=mask.kept() - alive.size - alive_biases,
        drawn=drawn,
    )


def _places(
    layer: SparseLayer, spec: SourceLayer, pixels: int, read: Indices, written: Indices
) -> tuple[Indices, NDArray[np.float32]]:
    """Flat indices in the source of a module's weights, increasing, and their values in that order."""
    rest, pixel = divided(layer.index.detach().cpu().numpy(), pixels)
    row, neuron = divided(rest, read.size)
    columns = spec.weight_count // spec.outputs
    place = written[row] * columns + spec.column_of(written[row], read[neuron]) * pixels + pixel
    order = np.argsort(place, kind="stable")
    return place[order], layer.value.detach().cpu().numpy()[order]


def _runs(kept: Indices) -> list[range]:
    """Runs of near indices, of which each is held against the block of the source from its first to its last."""
    if not kept.size:
        return []
    run = np.concatenate([[0], np.cumsum(np.diff(kept) > GAP)])
    part = (kept - kept[np.searchsorted(run, run)]) // LONGEST
    ends = np.append(np.flatnonzero((np.diff(run) != 0) | (np.diff(part) != 0)) + 1, kept.size).tolist()
    return [range(start, stop) for start, stop in zip([0, *ends[:-1]], ends, strict=True)]


def _bias(source: Source, index: int, kept: Indices) -> NDArray[np.float64]:
    mask = np.zeros(source.layers[index].outputs, dtype=bool)
    mask[kept] = True
    return np.where(mask, source.biases(index, np.arange(mask.size)), 0.0)


def _bits(values: NDArray) -> NDArray[np.uint32]:
    return np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
