"""How large the error really is: a search for inputs where target and ticket differ most.

The largest ``||f_T(x) - f_P(x)||_inf`` found is a lower bound of the supremum, so with a certificate it brackets
the truth. Projected sign-gradient ascent, ``x <- clip(x + s_t (high - low) sign grad)``, starts from uniform points,
corners of the box and the worst data; ``s_t`` falls geometrically from 1 (a jump to the corner that is best for the
linearised error) to 1/500.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from sltk.certify.intervals import Box
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.tensors import batches
from sltk.core.rng import torch_stream

Evaluated = Callable[[Tensor], Tensor]
_LAST_STEP = 1 / 500


@dataclass(frozen=True)
class Attack:
    """What the search found.

    Attributes:
        error: largest ``|target - ticket|`` seen, evaluated in ``dtype``; a lower bound of the supremum up to
            that evaluation's rounding.
        input: where, ``(*input_shape)``.
        on_data: largest error on ``data``; ``None`` without data.
        method: ``"gradient"``, or ``"random search"`` with the reason.
    """

    error: float
    input: Tensor
    on_data: float | None
    method: str


def sup_error(
    target: Evaluated,
    ticket: Evaluated,
    box: Box,
    *,
    data: Tensor | None = None,
    shape: tuple[int, ...] | None = None,
    restarts: int = 64,
    steps: int = 100,
    seed: int = 0,
    batch: int = 256,
    dtype: torch.dtype = torch.float64,
) -> Attack:
    """Search the box for the largest difference.

    Args:
        target: maps ``(batch, *input_shape)`` to ``(batch, ...)`` in ``dtype``; batch rows independent.
        ticket: the same; where it has no gradient a random search is made, and the result says so.
        box: domain; data must lie in it.
        data: ``(count, *input_shape)``, all evaluated, the worst ``restarts`` rows also start the ascent.
        shape: input shape, needed when the box is given by plain numbers and there are no data.
        restarts: starts of each of the three sorts.
        steps: steps from each start.
        seed: of the starts; the search is a function of its arguments.
        batch: rows evaluated at once.
        dtype: of the evaluation; float64 to compare with a certificate.

    Raises:
        SltkError: for ``restarts < 1``, ``steps < 0``, ``batch < 1``, an unknown shape, data outside the box, or
            outputs that are not finite or of different shapes.
    """
    _require_counts(restarts, steps, batch)
    domain = _domain(box, data, shape)
    generator = torch_stream(seed, "certify", "adversary")
    starts = _starts(domain, restarts, generator)
    on_data = None
    if data is not None:
        errors = _errors(target, ticket, data.to(dtype), batch)
        on_data = float(errors.max())
        worst = errors.argsort(descending=True, stable=True)[:restarts]
        starts = torch.cat((starts, data[worst].detach().to("cpu", torch.float64)))
    reason = _no_gradient(ticket, starts[:1].to(dtype))
    pieces: list[tuple[Tensor, Tensor]] = []
    for start in batches(starts, batch):
        if reason:
            pieces.append(_wander(target, ticket, start, domain, steps, generator, dtype))
        else:
            pieces.append(_ascend(target, ticket, start, domain, steps, dtype))
    errors, inputs = (torch.cat(part) for part in zip(*pieces, strict=True))
    best = int(errors.argmax())
    return Attack(float(errors[best]), inputs[best], on_data, f"random search: {reason}" if reason else "gradient")


def data_error(target: Evaluated, ticket: Evaluated, data: Tensor, batch: int = 256) -> float:
    """Largest ``|target - ticket|`` over the rows of ``data``, evaluated in the dtype of ``data``."""
    if data.shape[0] == 0:
        raise SltkError("data_error needs at least one row of data, but got none.")
    return float(_errors(target, ticket, data, batch).max())


def _require_counts(restarts: int, steps: int, batch: int) -> None:
    if restarts < 1 or steps < 0 or batch < 1:
        raise SltkError(
            f"sup_error needs restarts >= 1, steps >= 0 and batch >= 1, but got restarts={restarts}, "
            f"steps={steps}, batch={batch}."
        )


def _domain(box: Box, data: Tensor | None, shape: tuple[int, ...] | None) -> Interval:
    own = tuple(torch.as_tensor(box.low).shape)
    if data is None:
        if shape is None and not own:
            raise SltkError("sup_error cannot tell the input shape from a box of plain numbers; pass shape=...")
        return box.on(own if shape is None else shape)
    if data.shape[0] == 0:
        raise SltkError("sup_error needs at least one row of data, but got none; pass data=None.")
    domain = box.on(tuple(data.shape[1:]))
    exact = data.detach().to("cpu", torch.float64)
    if not domain.contains(exact):
        beyond = float(torch.maximum(domain.low - exact, exact - domain.high).max())
        raise SltkError(
            f"sup_error needs data inside the box, but a value lies {beyond:.3g} outside; "
            "widen the box by box.including(data)."
        )
    return domain


def _starts(domain: Interval, restarts: int, generator: torch.Generator) -> Tensor:
    size = (restarts, *domain.low.shape)
    share = torch.rand(size, generator=generator, dtype=torch.float64)
    coin = torch.randint(0, 2, size, generator=generator).bool()
    inside = domain.low + share * (domain.high - domain.low)
    corners = torch.where(coin, domain.high, domain.low)
    return _clip(torch.cat((domain.low[None], domain.high[None], corners, inside)), domain)


def _clip(x: Tensor, domain: Interval) -> Tensor:
    return torch.minimum(torch.maximum(x, domain.low), domain.high)


def _difference(target: Evaluated, ticket: Evaluated, x: Tensor) -> Tensor:
    """Per row, the largest absolute difference; ``(batch,)`` float64."""
    wanted, got = target(x), ticket(x)
    if wanted.shape != got.shape:
        raise SltkError(
            f"target and ticket must give the same shape, but gave {tuple(wanted.shape)} and {tuple(got.shape)}."
        )
    error = (wanted.double() - got.double()).abs().flatten(1).amax(1)
    if not bool(torch.isfinite(error.detach()).all()):
        raise SltkError("target and ticket must give finite outputs, but their difference holds NaN or infinity.")
    return error


def _errors(target: Evaluated, ticket: Evaluated, data: Tensor, batch: int) -> Tensor:
    with torch.no_grad():
        return torch.cat([_difference(target, ticket, rows) for rows in batches(data, batch)]).cpu()


def _no_gradient(ticket: Evaluated, x: Tensor) -> str:
    """Why the ticket has no gradient with respect to its input; empty where it has one."""
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        got = ticket(x)
        if not got.requires_grad:
            return "the ticket's output carries no gradient"
        try:
            found = cast(Sequence[Tensor | None], torch.autograd.grad(got.sum(), x, allow_unused=True))
        except (RuntimeError, NotImplementedError) as error:
            return f"the ticket's gradient failed ({error})"
    return "" if found[0] is not None else "the ticket's output does not depend on its input by gradient"


def _sizes(steps: int) -> list[float]:
    return [_LAST_STEP ** (index / max(1, steps - 1)) for index in range(steps)]


def _ascend(
    target: Evaluated, ticket: Evaluated, x: Tensor, domain: Interval, steps: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Best error ``(batch,)`` and input of each start."""
    width = domain.high - domain.low
    best, where = torch.full((x.shape[0],), -1.0, dtype=torch.float64), x
    for size in [*_sizes(steps), 0.0]:
        with torch.enable_grad():
            # Where rounding to dtype leaves the box, the point is clipped back before it counts.
            point = _inside(x, domain, dtype).requires_grad_()
            error = _difference(target, ticket, point)
            (slope,) = torch.autograd.grad(error.sum(), point)
        best, where = _keep(best, where, error.detach().cpu(), point.detach())
        x = _clip(x + size * width * slope.sign().double(), domain)
    return best, where


def _wander(
    target: Evaluated,
    ticket: Evaluated,
    x: Tensor,
    domain: Interval,
    steps: int,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Random search round the best point so far, in ever smaller neighbourhoods."""
    width = domain.high - domain.low
    best, where = torch.full((x.shape[0],), -1.0, dtype=torch.float64), x
    point = _inside(x, domain, dtype)
    with torch.no_grad():
        for size in [*_sizes(steps), 0.0]:
            best, where = _keep(best, where, _difference(target, ticket, point).cpu(), point)
            moved = torch.rand(x.shape, generator=generator, dtype=torch.float64) * 2 - 1
            point = _inside(where + size * width * moved, domain, dtype)
    return best, where


def _inside(x: Tensor, domain: Interval, dtype: torch.dtype) -> Tensor:
    point = _clip(x, domain).to(dtype)
    inward = torch.nextafter(point, ((domain.low + domain.high) / 2).to(dtype).expand_as(point))
    outside = (point.double() < domain.low) | (point.double() > domain.high)
    return torch.where(outside, inward, point).detach()


def _keep(best: Tensor, where: Tensor, error: Tensor, point: Tensor) -> tuple[Tensor, Tensor]:
    better = error > best
    spread = better.reshape(-1, *(1,) * (point.dim() - 1))
    return torch.where(better, error, best), torch.where(spread, point.double(), where.double())
