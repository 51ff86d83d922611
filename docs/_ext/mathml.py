"""Formulas as MathML, made by the build: browsers draw it by themselves."""

import re
from typing import Any

from latex2mathml.converter import convert

OPERATORS = re.compile(r"\\(arg|argmax|argmin)(?![A-Za-z])")  # which the converter does not know


def drawn(latex: str, display: str) -> str:
    """MathML of a formula, ``inline`` or ``block``."""
    return convert(OPERATORS.sub(r"\\operatorname{\1}", latex), display=display)


def parts(latex: str) -> list[str]:
    """A formula cut where it has wide space outside of all brackets, so that a narrow page can break it there."""
    found, whole = list[str](), ""
    for piece in re.split(r"\\q?quad(?![A-Za-z])", latex):
        whole = rf"{whole}\quad {piece}" if whole else piece
        if whole.count("{") == whole.count("}") and len(re.findall(r"\\left\b", whole)) == len(
            re.findall(r"\\right\b", whole)
        ):
            found, whole = [*found, whole], ""
    return [*found, whole] if whole.strip() else found


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(drawn(node.astext(), "inline"))
    raise _skip()


def _display(translator: Any, node: Any) -> None:
    shown = "".join(f"<div>{drawn(part, 'block')}</div>" for part in parts(node.astext()))
    translator.body.append(f'<div class="formula">{shown}</div>')
    raise _skip()


def _skip() -> Exception:
    from docutils.nodes import SkipNode

    return SkipNode()


def setup(app: Any) -> dict[str, bool]:
    """Name the renderer, and choose it."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
