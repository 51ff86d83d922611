"""What the commands take that run studies and draw from their rows; importing this module is cheap."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Run:
    """List every study: what it measures, its cost, its rows. `sltk run KEY` runs one, `sltk run KEY --help` explains it."""  # noqa: E501

    key: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="[KEY]")] = None
    """A study of the list, or package.module with one of yours; its options follow."""


@dataclass(frozen=True)
class Figures:
    """Draw figures from the rows that are kept with the source: PDF, SVG and PNG, a page and a column wide."""

    keys: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[KEY ...]")] = ()
    """Studies, as listed by `sltk run`; none for all that have kept rows."""
    quick: bool = False
    """From nothing: measure each study's small numbers first, into --out, and draw these."""
    out: Path = Path("out/figures")
    """A folder a study is made in here."""


@dataclass(frozen=True)
class Report:
    """Write what this machine has measured as one folder: verdicts, figures, rows, and the command of each."""

    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="[OUT]")] = Path("out/report")
    """The folder; index.html in it opens from the file system, without a network."""
    only: tuple[str, ...] = ()
    """Studies, as listed by `sltk run`; by default all that have rows."""
    claims: Path = Path("out/verify/claims.json")
    """Verdicts, as `sltk verify --all` writes them."""
