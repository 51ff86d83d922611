"""What a backend is: a ``Problem`` in, masks out; and the table of their names.

Above it, in ``sltk.subset_sum.solve``, stand the reading of arguments, restrictions to a size or to locked samples, the
sums that are returned, ``reached``, and the second look where rounding lifts an error above its tolerance.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags
from sltk.subset_sum.problem import Limits, Problem

AUTO = "meet-in-the-middle"

Found = tuple[NDArray[np.uint8], Flags]


class Backend(Protocol):
    """One way to search, exact but for rounding."""

    @property
    def name(self) -> str:
        """By which ``solve`` knows it."""
        ...

    @property
    def limits(self) -> Limits:
        """Largest pools that it searches."""
        ...

    def search(self, problem: Problem) -> Found:
        """Masks ``(P, n)`` of 0 and 1, and which of the ``P`` targets have a subset within ``problem.eps``.

        The objectives and the rounding allowed are those of ``solve``; rows that are not found may hold anything. For
        ``problem.objective == "error"`` the tolerance is not asked for, and all are found. A tolerance may be negative:
        nothing is within it.
        """
        ...


_BACKENDS: dict[str, Backend] = {}

BackendType = TypeVar("BackendType", bound=Backend)
Given = TypeVar("Given")
Made = TypeVar("Made")


class Last(Generic[Given, Made]):
    """``make``, which answers at once where it is asked again for what it was asked for last.

    Args:
        make: what takes long, a table of all sums of one pool say.
        key: equal for what has equal answers.
    """

    def __init__(self, make: Callable[[Given], Made], key: Callable[[Given], bytes]) -> None:
        self._make, self._key = make, key
        self._last: tuple[bytes, Made] | None = None

    def __call__(self, given: Given) -> Made:
        """What ``make`` answers."""
        key = self._key(given)
        if self._last is None or self._last[0] != key:
            self._last = None  # never two at a time
            self._last = key, self._make(given)
        return self._last[1]


def for_a_stream(backend: Backend) -> Backend:
    """``backend``, remembering between searches what it prepares for one shared pool, where it has such a way."""
    remembering: Callable[[], Backend] | None = getattr(backend, "for_a_stream", None)
    return backend if remembering is None else remembering()


def register_backend(made: type[BackendType]) -> type[BackendType]:
    """Let ``solve`` know the backend ``made()`` by its name; a class decorator.

    Raises:
        SltkError: the name is taken.
    """
    backend = made()
    if backend.name == "auto" or backend.name in _BACKENDS:
        raise SltkError(f"a backend named {backend.name!r} is registered already; choose another name.")
    _BACKENDS[backend.name] = backend
    return made


def backend_names() -> tuple[str, ...]:
    """All that are registered."""
    return tuple(sorted(_BACKENDS))


def backend_named(backend: str | Backend) -> Backend:
    """The backend of that name, ``auto`` for the fastest one; a backend itself is returned as it is.

    Raises:
        SltkError: an unknown name.
    """
    if not isinstance(backend, str):
        return backend
    name = AUTO if backend == "auto" else backend
    if name not in _BACKENDS:
        raise SltkError(
            f"backend must be one of auto, {', '.join(backend_names())}, or a Backend, but got {backend!r}."
        )
    return _BACKENDS[name]
