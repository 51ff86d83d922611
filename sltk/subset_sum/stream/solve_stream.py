"""Exact subset sum for more targets than fit into memory: rows are read, searched and handed on in chunks."""

from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.threads import beside
from sltk.subset_sum.backends import AUTO, Backend
from sltk.subset_sum.solve import Solution, added_up, chosen_backend
from sltk.subset_sum.stream.layout import Layout
from sltk.subset_sum.stream.question import Question, question_of
from sltk.subset_sum.stream.reader import Chunk, Reader
from sltk.subset_sum.stream.search import search_of
from sltk.subset_sum.stream.solution_file import SolutionFile
from sltk.subset_sum.stream.unfinished import CURE, SUFFIX, Unfinished, difference, unfinished

MEMORY = 2**28  # bytes that a stream takes where no chunk is asked for
MOST = 2**20  # targets of such a chunk: more bring nothing


def row_bytes(n: int, wide: bool) -> int:
    """Memory of a target in a chunk at most, whatever the objective.

    Args:
        n: samples of a pool.
        wide: whether something has an entry for each sample of each target: pools of their own, costs, ``locked``.
    """
    return 128 * n + 256 if wide else 8 * n + 256


def solve_stream(
    pool: Any,
    target: Any,
    *,
    eps: Any = None,
    objective: str = "error",
    costs: Any = None,
    alpha: Any = None,
    size: Any = None,
    locked: Any = None,
    backend: str | Backend = "auto",
    device: str = "cpu",
    chunk: int | None = None,
) -> "SolutionStream":
    """The subsets that ``solve`` chooses, for targets in any number: mask for mask and bit for bit, chunk by chunk.

    Nothing is searched yet: iterate over what is returned, or ``save`` it into a file.

    Every argument is that of ``solve``, either the same for all targets (``pool``, ``costs``, ``locked`` of shape
    ``(n,)``, a number else) or with one row a target: an array of any size, ``numpy.memmap`` among them, of which a
    chunk is read at a time; an iterator of arrays, which may have any lengths; or ``Drawn``, rows of a named stream.
    A function that makes chunk ``k`` is the iterator ``(make(k) for k in range(count))``.

    The answers do not hang on ``chunk``, on the number of threads or on the device. While a chunk is searched the next
    one is read, in a thread of its own where two are allowed.

    Memory: at most ``chunk (128 n + 256)`` bytes where targets have pools, costs or ``locked`` of their own, and
    ``chunk (8 n + 256)`` else; beside that one chunk of an iterator, 4 MiB for draws, the search's workspaces as in
    ``solve`` (on a device what it lays out there), and what the caller keeps. Pages of a ``memmap`` that was read are
    the system's to drop.

    On a device (``device="cuda"``) pools ``Drawn`` of an ``arithmetic`` law, such as ``Uniform``, are drawn there by
    Philox and never travel; the CPU draws and solves again what the device leaves open (see ``solve``). Where ``size``
    or ``locked`` is asked for, or with other laws, they are drawn on the CPU.

    Args:
        pool: ``(n,)``, one for all, or rows ``(n,)``.
        target: rows ``()``.
        eps: tolerance, as in ``solve``; a number or rows ``()``.
        objective: one of those of ``solve``.
        costs: ``(n,)`` or rows ``(n,)``; by default ``|x|``.
        alpha: a number or rows ``()``.
        size: a whole number or rows ``()``; with a pool for each target only, since the search by size of a shared pool
            looks at all targets at once.
        locked: flags ``(n,)`` or rows ``(n,)``.
        backend: as in ``solve``.
        device: as in ``solve``.
        chunk: targets of a chunk; by default as many as take 256 MiB, at most ``2**20``.

    Returns:
        A ``SolutionStream``.

    Raises:
        SltkError: what ``solve`` refuses, at once where it concerns all targets and with their numbers where it does
            not; arguments with different numbers of rows; a chunk that is no whole number of at least 1.
    """
    searching = chosen_backend(backend, device)
    arguments = {
        "pool": pool, "target": target, "eps": eps, "costs": costs, "alpha": alpha, "size": size, "locked": locked
    }  # fmt: skip
    question = question_of(objective, searching.limits, arguments)
    # Searches on other devices, which "auto" may take, answer as the default does.
    name = AUTO if backend == "auto" else searching.name
    return SolutionStream(question, searching, name, _rows_of(chunk, question))


def _rows_of(chunk: int | None, question: Question) -> int:
    if chunk is None:
        return min(MOST, max(1, MEMORY // row_bytes(question.n, question.wide)))
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SltkError(f"chunk must be a whole number of targets, at least 1, but got {chunk!r}; or leave it out.")
    return chunk


class SolutionStream:
    """Answers of ``solve_stream``: an iterable of ``Solution``, one a chunk in order; or a file.

    Where an argument is an iterator the stream can be gone through once. An error of a row is raised after the answers
    of all chunks before its own.
    """

    def __init__(self, question: Question, backend: Backend, name: str, chunk: int) -> None:
        self._question, self._backend, self._chunk = question, backend, chunk
        self._layout = Layout.of({"backend": name, **question.record()})

    def __repr__(self) -> str:
        count = "?" if self.count is None else f"{self.count:,}"
        return f"SolutionStream({self._question.objective}, {count} targets, n={self.n}, {self._chunk:,} at a time)"

    @property
    def n(self) -> int:
        """Samples of a pool."""
        return self._question.n

    @property
    def count(self) -> int | None:
        """Targets; ``None`` where only the end of an iterator says."""
        return self._question.count

    def __iter__(self) -> Generator[Solution]:
        """Search, chunk by chunk; the arrays of an answer are the caller's."""
        for _, solution in self._answered(0, self._chunk):
            yield solution

    def save(self, path: str | Path) -> SolutionFile:
        """Search and write all solutions to ``path``, whole or not at all: masks in bits, values, errors, ``reached``.

        Until the end they lie in ``path`` + ``.part``. A stream that was stopped or killed goes on there when it is
        saved to the same name again, to the same bytes, whatever its chunks then: what is there is read, held against
        its hashes, the rows given now and its sums added up again, and nothing of it is searched again but for blocks
        (4096 targets, fewer from 30 samples on) that a kill cut off or that are damaged. A ``path`` that answers the
        same question already is held to all that, and returned. ``chunk`` is rounded to whole blocks.

        The bytes are a function of question and answers: ``sltk.subset_sum.stream.layout`` has the format.

        Args:
            path: the file; missing folders are made.

        Raises:
            SltkError: a file or part of another question or of other rows, one that another process writes, a folder
                that cannot be written, what a chunk raises.
        """
        path = Path(path)
        if not path.exists():
            with unfinished(path, self._layout) as part:
                if not path.exists():  # else a process that held the part until now has finished it
                    self._complete(part, path)
                    return SolutionFile(path)
        found = SolutionFile(path)
        if found.layout != self._layout:
            raise SltkError(f"{path} answers another question: {difference(found.layout, self._layout)}")
        if (
            self._confirmed(found.blocks(), path) != len(found)
            or Reader(self._question, len(found)).next(1) is not None
        ):
            raise SltkError(f"{path} has {len(found)} targets, and there are others now. {CURE}")
        return found

    def _complete(self, part: Unfinished, path: Path) -> None:
        self._confirmed(part.blocks(), path.with_name(path.name + SUFFIX))
        part.forget_the_rest()
        block = self._layout.block
        for chunk, solution in self._answered(part.count, block * max(1, round(self._chunk / block)), block):
            part.append(solution, chunk.hashes)
        part.finish(path)

    def _answered(self, start: int, size: int, block: int | None = None) -> Iterator[tuple[Chunk, Solution]]:
        """Chunks from target ``start`` on and their answers."""
        search, undrawn = search_of(self._question, self._backend)
        reader = Reader(self._question, start, undrawn, block)

        def following() -> Chunk | Exception | None:
            try:
                return reader.next(size)
            except Exception as error:  # raised when it is its turn
                return error

        chunk = following()
        while isinstance(chunk, Chunk):
            own = chunk
            solution, chunk = beside(lambda own=own: search(own), following)
            yield own, solution
        if chunk is not None:
            raise chunk

    def _confirmed(self, blocks: Iterable[tuple[Solution, bytes]], path: Path) -> int:
        """How many stored targets there are, each as it is asked for now and with the sum of its mask."""
        reader = Reader(self._question, block=self._layout.block)
        for stored, given in blocks:
            rows, low = len(stored.value), reader.at
            chunk = reader.next(rows)
            if chunk is None or chunk.count != rows or chunk.hashes != [given]:
                raise SltkError(
                    f"{path} has targets {low} to {low + rows - 1} of other rows than there are now. {CURE}"
                )
            if not self._adds_up(stored, chunk):
                raise SltkError(f"{path} has values among targets {low} to {low + rows - 1} that no mask has. {CURE}")
        return reader.at

    def _adds_up(self, stored: Solution, chunk: Chunk) -> bool:
        arguments = {**self._question.same, **chunk.rows}
        pool, mask = np.atleast_2d(arguments["pool"]), np.ascontiguousarray(stored.mask).view(np.uint8)
        value, error = added_up(pool, arguments["target"], mask)
        reached = error <= arguments.get("eps", np.inf)
        return all(
            np.array_equal(one, other)
            for one, other in ((value, stored.value), (error, stored.error), (reached, stored.reached))
        )
