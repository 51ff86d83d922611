"""A device that is the CPU and keeps apart: what a GPU would refuse is refused here, and all else is computed.

Within ``apart()`` a tensor is *there* if it was sent by ``to(device)``, made with a ``device``, or computed from what
is there. An operation on tensors here and there, and ``numpy()`` of one there, raise ``Mixed``; ``cpu()`` and
``to("cpu")`` bring a copy home. Numbers are those of torch's own kernels on the CPU. Gradients are not followed.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

PLACE = torch.device("cpu", 0)  # where ``to`` sends; plain "cpu" is home


class Mixed(AssertionError):
    """What a GPU would refuse."""


class _Apart(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.there: Any = WeakTensorKeyDictionary()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # The first tensor of a sparse product is one of zeros that torch itself makes, where the others are.
        own = args[1:] if func is torch.ops.aten._sparse_addmm.default else args
        given = [x for x in tree_leaves((own, kwargs or {})) if isinstance(x, Tensor)]
        asked = getattr((kwargs or {}).get("device"), "index", None) is not None
        there = [x in self.there for x in given]
        if func is torch.ops.aten._to_copy.default and "device" in (kwargs or {}):
            return self._moved(func(*args, **kwargs), asked)
        # A number without axes may be anywhere.
        sides = {side for x, side in zip(given, there, strict=True) if x.dim()}
        if len(sides) > 1:
            raise Mixed(f"{func} on tensors of two devices")
        return self._moved(func(*args, **(kwargs or {})), any(there) or (not given and asked))

    def _moved(self, found: Any, there: bool) -> Any:
        for x in tree_leaves(found):
            if isinstance(x, Tensor) and there:
                self.there[x] = True
        return found


@contextmanager
def apart() -> Generator[None, None, None]:
    """Within it this holds."""
    mode, to, numpy, cpu, made = _Apart(), Tensor.to, Tensor.numpy, Tensor.cpu, torch.tensor

    def sent(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        given = [*args, *kwargs.values()]
        dtype = next((x for x in given if isinstance(x, torch.dtype)), self.dtype)
        where = next((x for x in given if isinstance(x, torch.device | str)), None)
        like = next((x for x in given if isinstance(x, Tensor)), None)
        if like is not None:
            dtype, where = like.dtype, PLACE if like in mode.there else "cpu"
        found = to(self, dtype)
        if where is None:
            return found
        # Asked for explicitly, or torch would answer that it is there already.
        return torch.ops.aten._to_copy.default(found, device=torch.device(where))

    def read(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if self in mode.there:
            raise Mixed("numpy() of a tensor that is not on the CPU")
        return numpy(self, *args, **kwargs)

    def tensor(*args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        return sent(made(*args, **kwargs), device) if device is not None else made(*args, **kwargs)

    def where(self: Tensor) -> torch.device:
        return PLACE if self in mode.there else torch.device("cpu")

    Tensor.to, Tensor.numpy, Tensor.cpu, torch.tensor = sent, read, lambda self: sent(self, "cpu"), tensor
    Tensor.device = property(where)  # type: ignore[assignment]
    try:
        with mode:
            yield
    finally:
        Tensor.to, Tensor.numpy, Tensor.cpu, torch.tensor = to, numpy, cpu, made
        del Tensor.device
