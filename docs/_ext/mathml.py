"""Formulas as MathML, made by the build: browsers draw it by themselves."""

import re
from typing import Any

from latex2mathml.converter import convert

OPERATORS = re.compile(r"\\(arg|argmax|argmin)(?![A-Za-z])")  # which the converter does not know


def drawn(latex: str, display: str) -> str:
    """MathML of a formula, ``inline`` or ``block``."""
    return convert(OPERATORS.sub(r"\\operatorname{\1}", latex), display=display)


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(drawn(node.astext(), "inline"))
    raise _skip()


def _display(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="formula">{drawn(node.astext(), "block")}</div>')
    raise _skip()


def _skip() -> Exception:
    from docutils.nodes import SkipNode

    return SkipNode()


def setup(app: Any) -> dict[str, bool]:
    """Name the renderer, and choose it."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
