"""The search in torch operations, on any device of torch: the same masks as the default's."""

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from sltk.core.errors import SltkError
from sltk.core.numerics.device import CPU, TORCH, TRITON, require_device
from sltk.subset_sum.backends.base import Backend, Found, Last, register_backend
from sltk.subset_sum.backends.meet_in_the_middle import SMALLEST, MeetInTheMiddle
from sltk.subset_sum.problem import Problem

if TYPE_CHECKING:
    import torch

    from sltk.subset_sum.on_device.affordable import Answers
    from sltk.subset_sum.on_device.batch import Batch
    from sltk.subset_sum.on_device.search import MakeTable, Search

MEMORY = 2.0**28  # bytes of what is laid out at a time on the CPU; on another device a quarter of what is free there


@register_backend
@dataclass(frozen=True)
class TorchOperations:
    """What ``MeetInTheMiddle`` answers, mask for mask, by ``sltk.subset_sum.on_device``.

    Searches of least errors and fewest samples repeat its order of search, so that ties fall as they do there. What an
    optimum can afford is searched otherwise: there the device answers where one subset alone can be meant, and the few
    rows with ties, or whose optimum could afford many samples, are given to ``MeetInTheMiddle``.

    Attributes:
        device: of torch.
        memory: bytes of what is laid out at a time; chosen by the device where ``None``. A single row may need more.
        smallest: as ``MeetInTheMiddle`` has it.
        triton: search least errors of pools of their own, up to 22 samples, by ``on_device.triton_pairs``; ties fall
            back on torch operations. Not the default: no GPU has measured it yet.
        table: makes the table of one shared pool; ``None`` for ``shared_pool.table``, at every search.
    """

    device: str = "cpu"
    memory: float | None = None
    smallest: int = SMALLEST
    triton: bool = False
    table: "MakeTable | None" = None
    name = "torch"
    limits = MeetInTheMiddle.limits

    def search(self, problem: Problem) -> Found:
        """See ``Backend``."""
        from sltk.subset_sum.on_device.batch import batch_of

        answers = self.answered(batch_of(problem, require_device(self.device)))
        mask, found, still = (v.cpu().numpy() for v in (answers.mask, answers.found, answers.open))
        if still.any():
            mask[still], found[still] = MeetInTheMiddle(self.smallest).search(problem.take(still))
        return mask, found

    def answered(self, batch: "Batch") -> "Answers":
        """What the device answers by itself of problems that are there already."""
        from sltk.subset_sum.on_device.search import answered

        device = batch.target.device
        pairs = triton_pairs(device) if self.triton else None
        return answered(batch, self.memory or free_memory(device), self.smallest, pairs, self.table)

    def for_a_stream(self) -> Self:
        """The same, which makes the table of one pool once for all searches."""
        from sltk.subset_sum.on_device.shared_pool import table

        return replace(self, table=Last(table, lambda pool: pool.cpu().numpy().tobytes()))


def backend_on(device: str) -> Backend:
    """What searches on ``device``: the compiled kernels on ``"cpu"``, torch operations on any other of torch.

    ``"torch:cpu"`` asks for torch operations on the CPU, which are many times slower than the kernels there and say
    what a GPU would answer; ``"triton:cuda"`` for the Triton kernel where there is one.

    Raises:
        SltkError: a device on which torch cannot compute here; no Triton.
    """
    if device == CPU:
        return MeetInTheMiddle()
    triton = device.startswith(TRITON)
    found = TorchOperations(device.removeprefix(TRITON).removeprefix(TORCH), triton=triton)
    place = require_device(found.device)
    if triton:
        triton_pairs(place)
    return found


def triton_pairs(device: "torch.device") -> "Search":
    """The Triton kernel, for ``device``.

    Raises:
        SltkError: Triton is not installed, or would have to run on a CPU and is not interpreted.
    """
    try:
        from sltk.subset_sum.on_device import triton_pairs as kernel
    except ImportError as error:
        raise SltkError(
            f"Triton kernels need the package triton ({error}); install sltk[gpu], or pass device={str(device)!r}."
        ) from error
    if device.type == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        raise SltkError(
            "Triton kernels run on a CPU only where TRITON_INTERPRET=1 was set before they were imported; pass "
            'device="torch:cpu".'
        )
    return kernel.nearest


def free_memory(device: "torch.device") -> float:
    """Bytes that a search may lay out on ``device`` at a time."""
    if device.type != "cuda":
        return MEMORY
    import torch

    return max(MEMORY, torch.cuda.mem_get_info(device)[0] / 4)
