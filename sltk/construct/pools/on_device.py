"""A batch of a stage's weights drawn and solved on a device: places go there, masks come back, pools never travel.

What the device settles is what the CPU would have taken: the mask that ``TorchOperations`` answers for, where its sum,
added up there in float64 and in index order, is within the tolerance. All other rows (ties that only the compiled
kernels decide, pools that miss) are drawn and solved on the CPU from the start. Laws whose draws take more than
arithmetic are drawn on the CPU, and their pools do travel.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import PoolSide, flat_index
from sltk.construct.pools.solve_batch import Solved, solve_batch
from sltk.construct.pools.sub_pool import searched_first
from sltk.construct.pools.task import StageTask, prices
from sltk.construct.pools.weight_pools import WeightPlaces, laid_out
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Flags, Indices, Values
from sltk.core.numerics.device import require_device
from sltk.core.numerics.tensors import tensor_of
from sltk.subset_sum.backends import backend_on
from sltk.subset_sum.backends.torch_operations import TorchOperations
from sltk.subset_sum.on_device.batch import Batch
from sltk.subset_sum.on_device.resummed import resummed_error

ON_DEVICE = 2**17  # problems drawn at a time; the search cuts them by the device's memory


def torch_place(device: str) -> TorchOperations | None:
    """The backend in torch operations on ``device``; ``None`` where the CPU's kernels search."""
    found = backend_on(device)
    return found if isinstance(found, TorchOperations) else None


class DevicePools:
    """One family of a stage's pools on a device, with the tables that all its batches read."""

    def __init__(self, backend: TorchOperations, source: Source, role: Role, task: StageTask, side: PoolSide) -> None:
        self._backend, self._device = backend, require_device(backend.device)
        self._source, self._role, self._task, self._side = source, role, task, side
        self._neurons, self._incoming = self._sent(side.neurons), self._sent(side.incoming)
        # By input and tap, so that a batch sends one number a problem and not one a sample.
        i, s = np.divmod(np.arange(role.inputs * role.inner), role.inner)
        self._prices = prices(role, task, side, i, s)
        self._factors, self._alpha = (
            None if table is None else self._sent(table) for table in (self._prices.factors, self._prices.alpha)
        )

    def solve(self, at: WeightPlaces) -> Solved:
        """What ``solve_batch`` comes to for these places, bit for bit."""
        outgoing, pool = self._drawn(at)
        mask, settled = self._searched(at, outgoing, pool)
        mask &= settled[:, None]
        kept, mass = self._kept(at, mask)
        rest = np.flatnonzero(~settled)
        left = solve_batch(self._source, self._role, replace(self._task, device="cpu"), self._side, at.take(rest))
        mass[rest] = left.mass
        row = at.copy * self._role.outputs + at.output
        return Solved(np.concatenate([kept, left.kept]), left.failures, row, mass)

    def _drawn(self, at: WeightPlaces) -> tuple[Tensor, Tensor]:
        """The samples' weights, and what each adds to a sum, ``(b, n)``."""
        if not self._source.law.arithmetic:
            batch = laid_out(self._source, self._role, self._side, at)
            return self._sent(batch.outgoing), self._sent(batch.pool)
        i = self._sent(at.input)
        neurons = self._neurons[i]
        first = flat_index(self._role, at.output, at.copy, at.input * self._role.copies_in, at.tap)
        flat = self._sent(first).unsqueeze(1) + neurons.clamp_min(0) * self._role.inner
        outgoing = self._source.weights_on(self._role.combine, flat)
        return outgoing, (outgoing * self._incoming[i]).masked_fill(neurons < 0, 0.0)

    def _searched(self, at: WeightPlaces, outgoing: Tensor, pool: Tensor) -> tuple[Flags, Flags]:
        """Masks ``(b, n)``, and which rows are settled by them."""
        n = pool.shape[1]
        some = searched_first(self._task.search, self._role, self._source.layers[self._role.combine])
        batch = self._batch(at, outgoing, pool, self._sent(some))
        answers = self._backend.answered(batch)
        settled = answers.found & ~answers.open & (resummed_error(batch, answers.mask) <= batch.eps)
        mask = np.zeros((batch.count, n), dtype=bool)
        mask[:, some] = answers.mask.cpu().numpy().astype(bool)
        return mask & (self._side.neurons[at.input] >= 0), settled.cpu().numpy()

    def _batch(self, at: WeightPlaces, outgoing: Tensor, pool: Tensor, some: Tensor) -> Batch:
        """The search over the samples ``some``."""
        asked, target = self._prices, self._sent(at.target)
        place = self._sent(at.input * self._role.inner + at.tap)
        costs = None
        if asked.scale is not None:
            costs = asked.scale * outgoing.abs()
            costs = costs if self._factors is None else costs * self._factors[place]
        elif asked.objective in ("mass", "weighted"):
            costs = pool.abs()
        pool, costs = pool[:, some], None if costs is None else costs[:, some]
        alpha = torch.zeros_like(target) if self._alpha is None else self._alpha[place]
        return Batch(asked.objective, pool, target, torch.full_like(target, at.eps), alpha, costs)

    def _kept(self, at: WeightPlaces, mask: Flags) -> tuple[Indices, Values]:
        """Flat indices of the samples that are taken, and the sum of their weights by row."""
        row, sample = np.nonzero(mask)
        neuron = self._side.neurons[at.input[row], sample]
        channel = at.input[row] * self._role.copies_in + neuron
        flat = flat_index(self._role, at.output[row], at.copy[row], channel, at.tap[row])
        if self._role.intercept == 0.0:  # nobody asks for the sums
            return flat, np.zeros(len(mask))
        outgoing = np.zeros(mask.shape)
        outgoing[row, sample] = self._source.weights(self._role.combine, flat)
        return flat, outgoing.sum(axis=1)

    def _sent(self, values: Indices | Values) -> Tensor:
        return tensor_of(np.require(values, requirements=["C", "W"])).to(self._device)
