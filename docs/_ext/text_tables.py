"""What a study prints, as text of a page: tables that wrap with the page, lines of text as they are."""

import textwrap
from collections.abc import Iterable, Iterator
from io import StringIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

WIDE = 100  # characters of a line of text; the page holds about as many


def paragraphs(printed: Iterable[RenderableType], width: int) -> Iterator[str]:
    """Lines of Markdown; what is neither table nor text is printed ``width`` wide."""
    lines: list[str] = []
    for one in printed:
        if isinstance(one, str):
            lines += textwrap.wrap(one, WIDE, subsequent_indent="    ") or [""]
            continue
        yield from _block(lines)
        lines = []
        if isinstance(one, Table):
            yield from table(one)
        else:
            lines += _printed(one, width)
    yield from _block(lines)


def table(own: Table) -> Iterator[str]:
    """Title, columns and cells of ``own``, and what is said below it."""
    if own.title:
        yield from (f"**{_escaped(own.title)}**", "")
    yield f"| {' | '.join(_escaped(column.header) for column in own.columns)} |"
    yield f"|{'|'.join('--:' if column.justify == 'right' else '---' for column in own.columns)}|"
    for cells in zip(*(column.cells for column in own.columns), strict=True):
        yield f"| {' | '.join(map(_escaped, cells))} |"
    yield ""
    if own.caption:
        yield from (_escaped(own.caption), "")


def _block(lines: list[str]) -> Iterator[str]:
    if lines:
        yield from ("```text", *lines, "```", "")


def _printed(one: RenderableType, width: int) -> list[str]:
    text = StringIO()
    Console(file=text, width=width, no_color=True).print(one, markup=False, highlight=False)
    return text.getvalue().rstrip().splitlines()


def _escaped(cell: RenderableType) -> str:
    """A cell in one line of Markdown, with nothing in it that Markdown or HTML would read."""
    text = cell if isinstance(cell, Text) else Text.from_markup(str(cell))
    plain = text.plain.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    for mark in "\\`*_$[]":
        plain = plain.replace(mark, f"\\{mark}")
    return plain.replace("\n", "<br>")
