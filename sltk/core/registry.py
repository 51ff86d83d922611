"""Kinds that are registered by being there: every module of a folder is imported, and enters what it defines."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module


def import_modules(package: str, folders: Iterable[str]) -> None:
    """Import all modules of ``package``, in the order of their names.

    Args:
        package: its name; call it at the end of the package's own file with ``__name__``.
        folders: where its modules lie, ``__path__`` there.
    """
    for found in sorted(pkgutil.iter_modules(folders), key=lambda module: module.name):
        import_module(f"{package}.{found.name}")
