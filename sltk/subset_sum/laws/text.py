"""Texts of laws: the registry of names, and a parser that evaluates nothing."""

import ast
from typing import TypeVar

from sltk.core.errors import SltkError
from sltk.subset_sum.laws.base import Law

LawType = TypeVar("LawType", bound=Law)

_REGISTRY: dict[str, type[Law]] = {}


def register_law(law: type[LawType]) -> type[LawType]:
    """Make ``parse_law`` read texts that start with ``law.name``; usable as a class decorator.

    Raises:
        SltkError: the name is taken by another class, or is no identifier.
    """
    if not law.name.isidentifier():
        raise SltkError(f"a law's name must be an identifier, but got {law.name!r}; use letters, digits and '_'.")
    if _REGISTRY.setdefault(law.name, law) is not law:
        raise SltkError(f"a law named {law.name!r} is registered already; choose another name.")
    return law


def registered_laws() -> tuple[type[Law], ...]:
    """All that ``parse_law`` reads, in the order of their names."""
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))


def parse_law(text: str) -> Law:
    """The law whose ``spec()`` is ``text``: ``name(argument, ...)``, arguments numbers or laws.

    Raises:
        SltkError: a syntax error, an unknown name, or arguments that the law refuses.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise SltkError(f"parse_law reads a text like 'uniform(2.0)', but got {text!r}.")
    try:
        return _build(ast.parse(text.strip(), mode="eval").body, text)
    except SltkError:
        raise
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise SltkError(f"cannot read the law {text!r}: {error}. Write one like 'uniform(2.0)'.") from error


def law_of(law: Law | str) -> Law:
    """A law as it is, or the one that a text spells: whatever takes a law takes both.

    Raises:
        SltkError: neither, or a text that ``parse_law`` refuses.
    """
    if isinstance(law, str):
        return parse_law(law)
    if not isinstance(law, Law):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise SltkError(f"a law is text such as 'uniform(2.0)', or one like Uniform(2.0), but got {law!r:.100}.")
    return law


def inner_law(owner: Law, name: str) -> None:
    """Settle the field ``name`` of a law that is made of laws: read it where it is text.

    Raises:
        SltkError: it is no law.
    """
    value: object = getattr(owner, name)
    if isinstance(value, str):
        object.__setattr__(owner, name, parse_law(value))
    elif not isinstance(value, Law):
        raise SltkError(f"{owner.name} needs a law for {name}, but got {value!r}; pass one like Uniform(1.0).")


def _build(node: ast.expr, text: str) -> Law:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise SltkError(f"cannot read the law {text!r}: expected name(arguments), like 'uniform(2.0)'.")
    if node.func.id not in _REGISTRY:
        raise SltkError(f"unknown law {node.func.id!r} in {text!r}; known laws are {', '.join(sorted(_REGISTRY))}.")
    named = {str(word.arg): _argument(word.value, text) for word in node.keywords}
    return _REGISTRY[node.func.id](*[_argument(arg, text) for arg in node.args], **named)


def _argument(node: ast.expr, text: str) -> float | Law:
    if isinstance(node, ast.Call):
        return _build(node, text)
    value = ast.literal_eval(node) if isinstance(node, (ast.Constant, ast.UnaryOp)) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SltkError(f"arguments in the law {text!r} must be numbers or laws, but got {ast.unparse(node)!r}.")
    return float(value)
