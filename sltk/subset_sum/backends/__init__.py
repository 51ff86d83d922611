"""What answers a ``Problem``, one way a file; a file that is put here is registered."""

from sltk.core.registry import import_modules
from sltk.subset_sum.backends.base import (
    AUTO,
    Backend,
    Found,
    backend_named,
    backend_names,
    for_a_stream,
    register_backend,
)
from sltk.subset_sum.backends.torch_operations import backend_on

__all__ = [
    "AUTO",
    "Backend",
    "Found",
    "backend_named",
    "backend_names",
    "backend_on",
    "for_a_stream",
    "register_backend",
]

import_modules(__name__, __path__)
