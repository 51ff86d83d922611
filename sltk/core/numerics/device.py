"""Where something is computed, refused before any work is done where torch cannot compute there.

Rule of sums. On any device a layer is a product of matrices, or of a sparse one: each number that comes out is a sum of
products of float32, or float64, numbers in some order, with or without fused multiply-add. A bound that holds for sums
in every order holds for it. Convolutions by Winograd's or Fourier's transforms, products of numbers of fewer bits
(TF32, bfloat16) and Strassen's products are none. The first are not called where a network is run
(`sltk.runtime.unfolded`), nor within `plain_sums`, where bounds are computed; the second are switched off by
`whole_products`; the third are in no library that torch calls. An environment that has cuBLAS emulate float64 or
float32 products by smaller ones breaks the rule.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sltk.core.errors import SltkError

if TYPE_CHECKING:
    import torch

CPU = "cpu"  # where compiled kernels compute
TORCH, TRITON = "torch:", "triton:"  # before a device: what computes there


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


def torch_device(device: str) -> "torch.device | None":
    """The device on which torch's own operations compute; ``None`` on ``"cpu"``, where compiled kernels do.

    ``"torch:cpu"`` asks for torch's operations on the CPU: slower than the kernels there, and the same program as on
    any other device.

    Raises:
        SltkError: a device on which torch cannot compute here, or has no float64.
    """
    if device == CPU:
        return None
    import torch

    place = require_device(device.removeprefix(TRITON).removeprefix(TORCH))
    try:
        torch.zeros((), dtype=torch.float64, device=place).item()
    except (RuntimeError, TypeError) as error:
        raise SltkError(
            f'device={device!r} has no float64, in which targets and bounds are computed; pass "cpu".'
        ) from error
    return place


@contextmanager
def whole_products() -> Generator[None, None, None]:
    """Within it torch multiplies float32 numbers as such, whatever ``torch.set_float32_matmul_precision`` says.

    The setting is the process's, and is put back at the end.
    """
    put_back = _made_whole()
    try:
        yield
    finally:
        put_back()


@contextmanager
def plain_sums(device: "torch.device") -> Generator[None, None, None]:
    """Within it torch's convolutions on ``device`` are products of matrices: cuDNN, which has others, is not asked.

    The setting is the process's, and is put back at the end.

    Raises:
        SltkError: a kind of device of whose convolutions nothing is known.
    """
    import torch

    if device.type not in (CPU, "cuda"):
        raise SltkError(
            f"device={str(device)!r} has convolutions of which it is not known how they add, so that nothing is proved "
            'by them; pass "cpu" or "cuda".'
        )
    before = torch.backends.cudnn.enabled
    torch.backends.cudnn.enabled = False
    try:
        yield
    finally:
        torch.backends.cudnn.enabled = before


def _made_whole() -> Callable[[], object]:
    """Switch whole products on, by the setting that was used so far; what puts it back as it was."""
    import torch

    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # from torch 2.9 on each library has one of its own, which the common one cannot say
        backends: Any = torch.backends
        libraries: list[Any] = [backends.cuda.matmul, backends.mkldnn.matmul]
        settings = [library.fp32_precision for library in libraries]
        _set(libraries, ["ieee"] * len(libraries))
        return lambda: _set(libraries, settings)
    torch.set_float32_matmul_precision("highest")
    return lambda: torch.set_float32_matmul_precision(before)


def _set(libraries: list[Any], settings: list[str]) -> None:
    for library, setting in zip(libraries, settings, strict=True):
        library.fp32_precision = setting
