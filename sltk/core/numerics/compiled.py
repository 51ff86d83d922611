"""Functions compiled by numba when they are first called, with the options that all kernels share.

Numba is imported by the first call, not by the import of a module that has kernels. A kernel holds no lock of the
interpreter. None is ``parallel``: numba's threads forbid a later fork, so work is dealt out by ``sltk.core.threads``
instead. No kernel ever sees a NaN (inputs are checked) and none cares for the sign of a zero; no order of adding
changes.

Machine code lies in folders ``kernels-HASH`` of ``__pycache__``, or of the folder that ``NUMBA_CACHE_DIR`` names. The
hash is that of the source of the kernel and of all kernels that it calls, and of the numbers that they take from other
modules: numba's own cache looks at the one file only, and would answer with what a called kernel was before a change.
Of several processes that need a kernel at the same time one compiles it (``sltk.core.numerics.turns``).
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import update_wrapper
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from sltk.core.numerics.turns import in_turn

P = ParamSpec("P")
R = TypeVar("R")

Function = Callable[..., Any]
NUMBERS = (bool, int, float, str, tuple)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` compiled on its first call, once for each signature."""
    return _deferred(function, {"cache": True, "fastmath": {"nnan", "nsz"}})


def fused(function: Callable[P, R]) -> Callable[P, R]:
    """As ``kernel``, with fused multiply-add where the processor has it, and NaN as any float."""
    return _deferred(function, {"cache": True, "fastmath": {"contract", "nsz"}})


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, written out in each kernel that calls it: for loops that vectorise only then."""
    return _deferred(function, {"inline": "always"})


def instructions(function: Callable[..., Any]) -> Callable[..., Any]:
    """What numba's ``intrinsic`` takes, ``(context, *types) -> (signature, code)``, for kernels of the same module."""
    return Instructions(function, {})


class Deferred:
    """A kernel that has not been called yet; afterwards its module and its callers hold numba's own object."""

    def __init__(self, function: Function, options: Mapping[str, Any]) -> None:
        self.function, self.options = function, options
        self._made: Function | None = None
        update_wrapper(self, function)
        _DEFERRED[function] = self

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compile what is not compiled yet, and call it."""
        return self.compiled()(*args, **named)

    def compiled(self) -> Function:
        """Numba's object, which compiles when it meets a new signature; made once."""
        if self._made is None:
            with _LOCK:
                self._made = self._made or self._make()
        return self._made

    def sources(self) -> dict[str, bytes]:
        """Source of this kernel and of all that it calls, and the numbers that they take, by where they are."""
        code = self.function.__code__
        path = Path(code.co_filename)
        # One that was typed in has no file, and numba keeps none of it.
        found = {code.co_filename: path.read_bytes() if path.is_file() else code.co_code}
        for name, value in self._globals():
            if isinstance(value, NUMBERS):
                found[f"{self.function.__module__}.{name}"] = repr(cast("object", value)).encode()
        for _, called in self._called():
            found |= called.sources()
        return found

    def _make(self) -> Function:
        names = self.function.__globals__
        for name, called in list(self._called()):
            names[name] = called.compiled()  # numba has to find its own objects under the names of callees
        made = self._compiled_by_numba()
        if names.get(self.function.__name__) is self:
            names[self.function.__name__] = made
        return made

    def _compiled_by_numba(self) -> Function:
        import numba as typed

        numba: Any = typed  # whose settings and options are untyped
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy", **self.options}
        before = numba.config.CACHE_DIR
        try:
            numba.config.CACHE_DIR = str(self._folder(before))  # read by the next line alone
            made = numba.njit(**options)(self.function)
        except RuntimeError:  # nowhere to keep machine code: it is made each time
            return numba.njit(**options | {"cache": False})(self.function)
        finally:
            numba.config.CACHE_DIR = before
        if made.stats.cache_path is not None:
            made.compile = in_turn(made.compile, Path(made.stats.cache_path) / self._lock())
        return made

    def _folder(self, given: str) -> Path:
        """Where the machine code of these sources lies, and of no others."""
        text = b"".join(name.encode() + b"\0" + text for name, text in sorted(self.sources().items()))
        name = f"kernels-{hashlib.sha256(text).hexdigest()[:16]}"
        if given:
            return Path(given) / name
        beside = Path(self.function.__code__.co_filename).parent / "__pycache__"
        return (beside if _writable(beside) else Path.home() / ".cache" / "sltk") / name

    def _lock(self) -> str:
        return f"{self.function.__name__}-{self.function.__code__.co_firstlineno}.lock"

    def _globals(self) -> Iterator[tuple[str, Any]]:
        names = self.function.__globals__
        return ((name, names[name]) for name in self.function.__code__.co_names if name in names)

    def _called(self) -> Iterator[tuple[str, "Deferred"]]:
        for name, value in self._globals():
            called = value if isinstance(value, Deferred) else _DEFERRED.get(getattr(value, "py_func", None))
            if called is not None and called is not self:
                yield name, called


class Instructions(Deferred):
    """Instructions that a kernel is given as they are, where no loop is compiled to them; only kernels call them."""

    def _compiled_by_numba(self) -> Function:
        from numba.extending import intrinsic  # pyright: ignore[reportUnknownVariableType]  # numba is untyped

        return cast("Function", intrinsic(self.function))


_LOCK = threading.RLock()
_DEFERRED: dict[Any, Deferred] = {}  # by the plain function, which numba's object knows

if hasattr(os, "register_at_fork"):
    # Held across the fork, so that no child gets it as another thread had it.
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


def _deferred(function: Callable[P, R], options: Mapping[str, Any]) -> Callable[P, R]:
    return cast("Callable[P, R]", Deferred(function, options))


def _writable(folder: Path) -> bool:
    """Whether a file can be made there, as numba asks it."""
    import tempfile

    try:
        folder.mkdir(exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
