"""SGD as torch's fused one computes it, without what torch does around it at each step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_FUSED: Callable[..., None] = getattr(torch, "_fused_sgd_")  # noqa: B009  # torch calls it, and lists it nowhere


Lists = tuple[list[Tensor], list[Tensor], list[Tensor]]  # parameters, their gradients, their momenta


class FusedSgd(torch.optim.SGD):
    """``torch.optim.SGD(..., fused=True)``, bit for bit; its state is stored and restored in the same form.

    torch looks for hooks, opens a profiler's record and sorts parameters by device and dtype anew at each step, which
    is a twentieth of a step of a small network. Where there are neither hooks nor several sorts, one call is enough.
    """

    def __init__(self, parameters: list[Tensor], rate: float, *, momentum: float, decay: float) -> None:
        super().__init__(parameters, rate, momentum=momentum, weight_decay=decay, fused=True)
        self._one_sort = len({(p.device, p.dtype) for p in parameters}) == 1
        self._held: tuple[Any, Lists] | None = None  # of the last step, and the state that they were read from

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; the first of all, and one with a closure or without momentum, is torch's own."""
        lists = self._lists() if closure is None and self._one_sort else None
        if lists is None:
            return super().step(closure)
        group = self.param_groups[0]
        with torch.no_grad():
            _FUSED(
                *lists, weight_decay=group["weight_decay"], momentum=group["momentum"], lr=group["lr"], dampening=0.0,
                nesterov=False, maximize=False, is_first_step=False, grad_scale=None, found_inf=None,
            )  # fmt: skip
        return None

    def _lists(self) -> Lists | None:
        """Parameters with a gradient, their gradients and momenta; ``None`` before all of them have a momentum."""
        every = self.param_groups[0]["params"]
        held = self._held
        if held is not None and held[0] is self.state and len(held[1][0]) == len(every):
            parameters, grads, _ = held[1]
            if all(p.grad is grad for p, grad in zip(parameters, grads, strict=True)):
                return held[
                    1
                ]  # gradients written in place: looking momenta up takes longer than a small network's step
        found = self._looked_up(every)
        self._held = None if found is None else (self.state, found)
        return found

    def _looked_up(self, every: list[Tensor]) -> Lists | None:
        parameters: list[Tensor] = []
        grads: list[Tensor] = []
        momenta: list[Tensor] = []
        for p in every:
            if p.grad is not None:
                momentum = self.state[p].get("momentum_buffer")
                if momentum is None or p.grad.is_sparse:
                    return None
                parameters.append(p)
                grads.append(p.grad)
                momenta.append(momentum)
        return (parameters, grads, momenta) if parameters else None


# torch wraps the step of every class of optimisers that is not marked so.
setattr(FusedSgd.step, "hooked", True)  # noqa: B010
