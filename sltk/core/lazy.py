"""Names of a package that are imported when they are first used, so that importing the package costs nothing."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def exported(homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package (PEP 562) whose public names live in the modules ``homes``.

    Args:
        homes: names by module. No name may be that of a module of the package itself, which would take its place.
    """
    where = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"there is no {name!r} here; the public names are {', '.join(sorted(where))}.")
        return getattr(importlib.import_module(where[name]), name)

    return load
