"""The search in torch operations, on any device of torch: the same masks as the default's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sltk.core.numerics.device import require_device
from sltk.subset_sum.backends.base import Backend, Found, register_backend
from sltk.subset_sum.backends.meet_in_the_middle import SMALLEST, MeetInTheMiddle
from sltk.subset_sum.problem import Problem

if TYPE_CHECKING:
    import torch

ON_CPU = "torch:"  # before a device: torch operations there, on the CPU as well
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
    """

    device: str = "cpu"
    memory: float | None = None
    smallest: int = SMALLEST
    name = "torch"
    limits = MeetInTheMiddle.limits

    def search(self, problem: Problem) -> Found:
        """See ``Backend``."""
        from sltk.subset_sum.on_device.batch import batch_of
        from sltk.subset_sum.on_device.search import answered

        device = require_device(self.device)
        answers = answered(batch_of(problem, device), self.memory or free_memory(device), self.smallest)
        mask, found, still = (v.cpu().numpy() for v in (answers.mask, answers.found, answers.open))
        if still.any():
            mask[still], found[still] = MeetInTheMiddle(self.smallest).search(problem.take(still))
        return mask, found


def backend_on(device: str) -> Backend:
    """What searches on ``device``: the compiled kernels on ``"cpu"``, torch operations on any other of torch.

    ``"torch:cpu"`` asks for torch operations on the CPU, which are many times slower than the kernels there and say
    what a GPU would answer.

    Raises:
        SltkError: a device on which torch cannot compute here.
    """
    if device == "cpu":
        return MeetInTheMiddle()
    place = device.removeprefix(ON_CPU)
    require_device(place)
    return TorchOperations(place)


def free_memory(device: "torch.device") -> float:
    """Bytes that a search may lay out on ``device`` at a time."""
    if device.type != "cuda":
        return MEMORY
    import torch

    return max(MEMORY, torch.cuda.mem_get_info(device)[0] / 4)
