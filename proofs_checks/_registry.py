"""The checks that are there, by key."""

import importlib
import pkgutil

import proofs_checks
from proofs_checks._check import ProofCheck
from sltk.core.errors import SltkError


def keys() -> list[str]:
    """Keys of all checks, in alphabetic order."""
    names = (module.name for module in pkgutil.iter_modules(proofs_checks.__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def require_known(wanted: list[str]) -> None:
    """Check that every key has a module here or a reason why not.

    Raises:
        SltkError: one that has neither.
    """
    known = sorted([*keys(), *proofs_checks.TRUSTED])
    for key in wanted:
        if key not in known:
            raise SltkError(f"proofs_checks knows {', '.join(known)}, but got {key!r}; choose among these.")


def load(key: str) -> ProofCheck:
    """The check of ``key``, which has a module.

    Raises:
        SltkError: the module has no check of that key.
    """
    check = getattr(importlib.import_module(f"proofs_checks.{key.replace('-', '_')}"), "CHECK", None)
    if not isinstance(check, ProofCheck) or check.key != key:
        raise SltkError(f"the module of {key!r} needs a CHECK = ProofCheck(key={key!r}, ...), but has {check!r}.")
    return check
