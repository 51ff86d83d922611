"""``baseline.c`` by ``gcc -O3``, where there is a compiler."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sltk.core.numerics.arrays import Values

SOURCE = Path(__file__).with_name("baseline.c")


def load() -> tuple[Callable[[Values, Values], Values] | None, str]:
    """Return the compiled search, pools and targets to least errors, or ``None`` and the reason."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return None, "no gcc on this machine"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "baseline.so"
        command = [gcc, "-O3", "-shared", "-fPIC", str(SOURCE), "-o", str(library), "-lm"]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            return None, f"gcc failed: {built.stderr.strip().splitlines()[-1:]}"
        search = ctypes.CDLL(str(library)).solve  # stays loaded after the file is gone
    search.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    search.restype = None

    def errors(pool: Values, target: Values) -> Values:
        error, code = np.empty(len(pool)), np.empty(len(pool), np.uint64)
        search(pool.ctypes.data, target.ctypes.data, *pool.shape, error.ctypes.data, code.ctypes.data)
        return error

    return errors, "gcc -O3"
