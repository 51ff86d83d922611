"""What searches the chunks of a stream: ``solve`` on the CPU or a device, or pools drawn on that device."""

from collections.abc import Callable
from typing import Any

from sltk.core.errors import SltkError
from sltk.subset_sum.backends import Backend, for_a_stream
from sltk.subset_sum.backends.torch_operations import TorchOperations
from sltk.subset_sum.solve import Solution, solve
from sltk.subset_sum.stream.drawn import Drawn
from sltk.subset_sum.stream.question import Question
from sltk.subset_sum.stream.reader import Chunk

Search = Callable[[Chunk], Solution]


def search_of(question: Question, backend: Backend) -> tuple[Search, frozenset[str]]:
    """What searches a chunk, and the arguments that it draws itself."""
    kept, pool = for_a_stream(backend), question.rows.get("pool")
    free = all(name not in question.same and name not in question.rows for name in ("size", "locked"))
    if isinstance(kept, TorchOperations) and isinstance(pool, Drawn) and pool.law.arithmetic and free:
        from sltk.subset_sum.stream.on_device import PoolsOnDevice  # torch is no part of a search on the CPU

        return _named(PoolsOnDevice(question, pool, kept).search), frozenset({"pool"})

    def search(chunk: Chunk) -> Solution:
        arguments: dict[str, Any] = {**question.same, **chunk.rows}
        return solve(**arguments, objective=question.objective, backend=kept)

    return _named(search), frozenset()


def _named(search: Search) -> Search:
    """The search, whose errors say of which rows they speak."""

    def named(chunk: Chunk) -> Solution:
        try:
            return search(chunk)
        except SltkError as error:
            last = chunk.low + chunk.count - 1
            raise SltkError(f"targets {chunk.low} to {last} of the stream, counted from 0 here: {error}") from error

    return named
