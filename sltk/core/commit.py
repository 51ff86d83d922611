"""Which commit of the source runs."""

import subprocess
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
UNKNOWN = "not a checkout"


@cache
def commit() -> str:
    """The commit of the checkout that ``sltk`` lies in, with ``+`` where tracked files were changed since."""
    if not (CHECKOUT / ".git").exists():
        return UNKNOWN
    name = _git("rev-parse", "--short=12", "HEAD")
    return UNKNOWN if not name else name + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
