"""The claims of the field, one file each: statement, hypotheses, numbers, construction, measurement.

``registry()`` finds them; a new file with a ``CLAIM`` in this folder is all that a new claim needs.
"""

from functools import cache
from types import MappingProxyType

from sltk.core.claim import Claim
from sltk.core.errors import SltkError
from sltk.core.registry import modules_of

__all__ = ["claim", "module_name", "registry"]


@cache
def registry() -> MappingProxyType[str, Claim]:
    """All claims by key, in alphabetic order.

    Raises:
        SltkError: a file whose claim is missing or has another key than the file's name says.
    """
    found = {}
    for name, module in modules_of(__name__, __path__, public=True).items():
        claim = getattr(module, "CLAIM", None)
        if not isinstance(claim, Claim) or module_name(claim.key) != name:
            raise SltkError(f"sltk/claims/{name}.py needs a CLAIM = Claim(key={name.replace('_', '-')!r}, ...).")
        found[claim.key] = claim
    return MappingProxyType(found)


def claim(key: str) -> Claim:
    """The claim of ``key``.

    Raises:
        SltkError: there is none; the message names those that are near.
    """
    if key not in registry():
        import difflib

        near = difflib.get_close_matches(key, registry(), n=3, cutoff=0.4)
        advice = f"did you mean {' or '.join(near)}?" if near else "see `sltk claims`."
        raise SltkError(f"no claim has the key {key!r}; {advice}")
    return registry()[key]


def module_name(key: str) -> str:
    """Name of the files and folders that belong to ``key``."""
    return key.replace("-", "_")
