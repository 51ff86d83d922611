"""Functions that a user names as ``package.module:function``."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

from sltk.core.errors import SltkError


def is_spelled(text: str) -> bool:
    """Whether ``text`` has the form ``package.module:function``."""
    module, colon, function = text.partition(":")
    return bool(module and colon and function) and all(part.isidentifier() for part in [*module.split("."), function])


def imported(text: str, what: str) -> Callable[..., Any]:
    """The function that ``text`` names; what lies in the working folder can be named, as ``python -m`` has it.

    Args:
        text: ``package.module:function``.
        what: the option, for the message.

    Raises:
        SltkError: another form, no such module or function, or nothing that can be called.
    """
    if not is_spelled(text):
        raise SltkError(f"{what} must be package.module:function, but got {text!r}.")
    module, _, function = text.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise SltkError(f"{what} {text!r} cannot be imported: {error}.") from error
    if not callable(found):
        raise SltkError(f"{what} {text!r} must be a function, but is {type(found).__name__}.")
    return found
