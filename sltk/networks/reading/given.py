"""What a user hands over as a module or an input: what it must be, and the cure where it is something else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError

_CURE = "make the module, such as MyNet(), and fill it by load_state_dict"


def require_module(given: object, name: str = "target") -> None:
    """Check that ``given`` is a module.

    Args:
        given: of any type.
        name: what the caller calls it, for the message.

    Raises:
        SltkError: it is something else; says what, and what to do.
    """
    if isinstance(given, nn.Module):
        return
    raise SltkError(f"{name} must be a torch module, but is {_what(given)}.")


def require_real(module: nn.Module) -> None:
    """Check that all parameters of ``module`` are real floats, of whatever precision: all these are float64 exactly.

    Raises:
        SltkError: a parameter or buffer of another type, by its name.
    """
    for name, tensor in module.named_parameters():
        if not tensor.is_floating_point():
            raise SltkError(f"parameter {name!r} is {tensor.dtype}; only real floats can be built. {_REAL}")
    for name, tensor in module.named_buffers():
        if tensor.is_complex():
            raise SltkError(f"buffer {name!r} is {tensor.dtype}; only real numbers can be built. {_REAL}")


_REAL = "Write complex numbers as pairs of channels, and cast whole numbers by module.double()."


def in_dtype(x: Tensor, dtype: torch.dtype) -> Tensor:
    """``x`` in ``dtype``, where that changes none of its numbers.

    Raises:
        SltkError: it would, or ``x`` holds no real floats.
    """
    if x.dtype == dtype:
        return x
    if x.is_floating_point() and torch.promote_types(x.dtype, dtype) == dtype:
        return x.to(dtype)
    raise SltkError(
        f"input is {x.dtype}, but the module holds {dtype}, which does not have all its numbers; cast one of them on "
        f"purpose: x.to({dtype}), or module.double()."
    )


def _what(given: object) -> str:
    if isinstance(given, Mapping):
        entries: Mapping[Any, Any] = given  # pyright: ignore[reportUnknownVariableType]  # of any type
        tensors = [str(key) for key, value in entries.items() if isinstance(value, Tensor)]
        if tensors:
            names = ", ".join(tensors[:3]) + (", ..." if len(tensors) > 3 else "")
            return f"a state dict ({names}), which holds weights but no architecture; {_CURE}(state)"
        return f"a dictionary of {', '.join(map(str, list(entries)[:3])) or 'nothing'}; {_CURE}(...)"
    if isinstance(given, str | Path):
        return f"the path {str(given)!r}; load it first: {_CURE}(torch.load(path))"
    if isinstance(given, type):
        return f"the class {given.__name__}; make an instance of it, {given.__name__}(...)"
    return f"{type(given).__name__}; {_CURE}(state)"
