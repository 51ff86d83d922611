"""Pools of a stream drawn on a device and searched there: targets go there, masks come back, pools never travel.

What the device settles is what the CPU would have taken (``sltk.subset_sum.on_device``), its sum added up there with
the same bits. The other rows (ties that only the compiled kernels decide, pools that miss) are drawn and solved on the
CPU from the start.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from sltk.core.numerics.arrays import Indices
from sltk.core.numerics.device import require_device
from sltk.subset_sum.backends.meet_in_the_middle import MeetInTheMiddle
from sltk.subset_sum.backends.torch_operations import TorchOperations
from sltk.subset_sum.on_device.batch import Batch, batch_of
from sltk.subset_sum.on_device.resummed import resummed
from sltk.subset_sum.problem import read
from sltk.subset_sum.solve import Solution, solve
from sltk.subset_sum.stream.drawn import Drawn
from sltk.subset_sum.stream.question import Question
from sltk.subset_sum.stream.reader import Chunk
from sltk.subset_sum.stream.rows import Rows


class PoolsOnDevice:
    """Search of a question whose pools are ``pool``, of an ``arithmetic`` law, without sizes and locked samples."""

    def __init__(self, question: Question, pool: Drawn, backend: TorchOperations) -> None:
        self._question, self._pool, self._backend = question, pool, backend
        self._device = require_device(backend.device)

    def search(self, chunk: Chunk) -> Solution:
        """What ``solve`` comes to for these rows, bit for bit."""
        arguments = {**self._question.same, **chunk.rows}
        batch, asked = self._batch(chunk, arguments)
        answers = self._backend.answered(batch)
        value = resummed(batch, answers.mask)
        error = (batch.target - value).abs()
        within = error <= batch.eps
        settled = answers.found & ~answers.open
        if self._question.objective != "error":
            settled &= within
        reached = within | asked
        here = Solution(_home(answers.mask.bool()), _home(value), _home(error), _home(reached))
        self._finish(here, np.flatnonzero(~_home(settled)), chunk, arguments)
        return here

    def _batch(self, chunk: Chunk, arguments: Mapping[str, Rows]) -> tuple[Batch, bool]:
        """The problems there; and whether any error counts as reached."""
        # The largest pool that the law has stands for all, so that targets are checked and pools are not laid out here.
        high = np.full(self._question.n, self._pool.law.high)
        given: tuple[Any, ...] = tuple(arguments.get(name) for name in ("eps", "costs", "alpha"))
        eps, costs, alpha = given
        problem = read(high, arguments["target"], eps, self._question.objective, costs, alpha, self._backend.limits)
        pool = self._pool.on(chunk.low, chunk.low + chunk.count, self._device)
        batch = batch_of(replace(problem, pool=high[None, :1], looked_up=False), self._device)
        return replace(batch, pool=pool, costs=_prices(batch, pool, costs is None)), problem.eps is None

    def _finish(self, here: Solution, left: Indices, chunk: Chunk, arguments: Mapping[str, Rows]) -> None:
        """Write over the rows ``left`` what the CPU answers."""
        if not left.size:
            return
        rows: dict[str, Any] = {name: own[left] if name in chunk.rows else own for name, own in arguments.items()}
        kernels = MeetInTheMiddle(self._backend.smallest)
        rest = solve(pool=self._pool.at(chunk.low + left), **rows, objective=self._question.objective, backend=kernels)
        here.mask[left], here.value[left], here.error[left] = rest.mask, rest.value, rest.error
        here.reached[left] = rest.reached


def _prices(batch: Batch, pool: Tensor, default: bool) -> Tensor | None:
    """Costs of each row, by default ``|x|``, where the objective has any."""
    if batch.costs is None:
        return None
    return pool.abs() if default else batch.costs.expand(pool.shape).contiguous()


def _home(values: Tensor) -> Any:
    return values.cpu().numpy()
