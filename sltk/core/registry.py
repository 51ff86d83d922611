"""Kinds that are registered by being there: every module of a folder is imported, and found or enters itself."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


def modules_of(package: str, folders: Iterable[str], public: bool = False) -> dict[str, ModuleType]:
    """All modules of ``package`` by name, imported, in alphabetic order.

    Args:
        package: its name.
        folders: where its modules lie, the package's ``__path__``.
        public: leave out those whose name begins with an underscore.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(folders))
    names = [name for name in names if not (public and name.startswith("_"))]
    return {name: import_module(f"{package}.{name}") for name in names}


def import_modules(package: str, folders: Iterable[str]) -> None:
    """Import all modules of ``package``, which then enter what they define; call it at the end of its own file."""
    modules_of(package, folders)
