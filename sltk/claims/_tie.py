"""The five pieces of a claim: its file, proof check, test, study and figure, each a path or the reason why not."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from sltk.claims import claim, module_name
from sltk.core.claim import Claim, Piece

PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parent


@dataclass(frozen=True)
class PieceFound:
    """One piece: ``path`` (relative to the checkout) where it is there, else ``reason``."""

    name: Piece
    path: Path | None
    reason: str


def pieces(key: str) -> tuple[PieceFound, ...]:
    """The five pieces of the claim ``key``; one with neither path nor reason is a defect, which a test looks for."""
    own = claim(key)
    return tuple(_piece(own, name) for name in get_args(Piece))


def unmeasured(own: Claim) -> str:
    """Why a claim has no measurement; empty where it has one."""
    return "" if own.measure is not None else own.absent.get("study", "")


def _piece(own: Claim, name: Piece) -> PieceFound:
    file = _file(own.key, name)
    for place in (file, Path(PACKAGE.name, "shipped", file)):  # the second in a wheel, which brings the studies along
        if (CHECKOUT / place).is_file():
            return PieceFound(name, place, "")
    if not (CHECKOUT / "tests").is_dir() and name != "claim":
        return PieceFound(name, None, f"{file} is not installed with the package; it is in the source tree")
    return PieceFound(name, None, _reason(own, name))


def _file(key: str, name: Piece) -> Path:
    module = module_name(key)
    return {
        "claim": Path("sltk", "claims", f"{module}.py"),
        "proof": Path("proofs_checks", f"{module}.py"),
        "test": Path("tests", "claims", f"test_{module}.py"),
        "study": Path("experiments", module, "study.py"),
        "figure": Path("experiments", module, "figure.py"),
    }[name]


def _reason(own: Claim, name: Piece) -> str:
    if name in own.absent:
        return own.absent[name]
    if name in ("study", "figure") and own.measure is not None:
        return f"`sltk verify {own.key}` measures it; it needs no {name} of its own"
    if name == "figure":
        return own.absent.get("study", "")
    return ""
