"""Where training runs, refused before anything is built where torch cannot run there."""

import torch

from sltk.core.errors import SltkError


def require_device(device: str | torch.device) -> torch.device:
    """``device`` as torch knows it, tried with one number.

    Raises:
        SltkError: no such kind of device, none in this machine, or a torch that was built without it.
    """
    try:
        torch.zeros((), device=device).item()
    except (RuntimeError, AssertionError, ImportError, ValueError) as error:
        said = str(error).partition("\n")[0].partition(". ")[0].rstrip(".") or type(error).__name__
        raise SltkError(
            f'device={str(device)!r} is none that torch {torch.__version__} can compute on here ({said}); pass "cpu".'
        ) from error
    return torch.device(device)
