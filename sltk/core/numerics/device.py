"""Where something is computed, refused before any work is done where torch cannot compute there."""

from typing import TYPE_CHECKING

from sltk.core.errors import SltkError

if TYPE_CHECKING:
    import torch


def require_device(device: "str | torch.device") -> "torch.device":
    """``device`` as torch knows it, tried with one number.

    Raises:
        SltkError: no such kind of device, none in this machine, or a torch that was built without it.
    """
    import torch  # a second, and what runs on the CPU's own kernels has no use for it

    try:
        torch.zeros((), device=device).item()
    except (RuntimeError, AssertionError, ImportError, ValueError) as error:
        said = str(error).partition("\n")[0].partition(". ")[0].rstrip(".") or type(error).__name__
        raise SltkError(
            f'device={str(device)!r} is none that torch {torch.__version__} can compute on here ({said}); pass "cpu".'
        ) from error
    return torch.device(device)
