"""The error recursion before any mask is known: what every ticket within given tolerances must satisfy.

Stage ``l`` of the target has tolerance ``eps_l``. A parameter with ``|theta| > prune_below`` is met to ``eps_l``
by at most ``n`` samples with ``|v| <= v_max``, so its selected mass is at most ``n v_max``, or a smaller cap
``kappa(theta)`` if the search is made to respect one; a smaller parameter becomes the empty subset and is off by
``|theta|``; an exact zero stays exact. With these in place of the actual numbers the recursion of
`sltk.certify.propagate` bounds every copy at once, and one copy stands for all.

Source: derived for this project.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

import torch
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.certify.certificate import Certificate
from sltk.certify.common import Common
from sltk.certify.copies import Copies
from sltk.certify.intervals import Box
from sltk.certify.propagate import conclude, start, step
from sltk.certify.realised import Realised
from sltk.certify.signed import Signed
from sltk.core.errors import SltkError
from sltk.core.numerics.rounding import swell
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network, Stage

_METHOD_TEXT = (
    "{method} construction, every parameter within its tolerance and every selected mass within its cap; "
    "interval ranges of the target, float64 rounded upward; for the functions in real arithmetic"
)


class Univariate(Protocol):
    """What this recursion asks of a construction method."""

    @property
    def name(self) -> str:
        """Of the method."""
        ...

    def univariate(self, stage: int) -> bool:
        """Whether a stage starts with a univariate layer."""
        ...


@dataclass(frozen=True)
class Pools:
    """What the source offers to one parameter of a stage.

    Args:
        samples: largest number of samples a subset can have (both signs together, if solved apart).
        outgoing: ``v_max``, largest ``|v|`` of the law, in the source's units.
        incoming: ``w_max``, largest ``|w|`` of the univariate neurons; unused where there are none.
        cap: ``kappa``, a limit of the selected mass that the search keeps: a number, or a function of the
            magnitudes ``|theta|`` (tensor to tensor).
    """

    samples: int
    outgoing: float
    incoming: float = 0.0
    cap: float | Callable[[Tensor], Tensor] = inf

    def __post_init__(self) -> None:
        for name in ("samples", "outgoing", "incoming"):
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise SltkError(f"Pools needs finite {name} >= 0, but got {name}={value}.")

    def mass(self, size: Tensor) -> Tensor:
        """Largest selected mass of parameters with magnitudes ``size > 0``."""
        free = swell(torch.full_like(size, float(self.samples) * self.outgoing), 2)
        cap = self.cap(size) if callable(self.cap) else torch.full_like(size, float(self.cap))
        if not bool((cap >= 0).all()):
            raise SltkError("Pools needs a cap >= 0 for every parameter; return a limit of the mass.")
        return torch.minimum(free, cap)


def a_priori(
    network: Network,
    box: Box,
    tolerances: float | Sequence[float],
    pools: Pools | Sequence[Pools],
    *,
    method: Univariate,
    univariate: Activation,
    prune_below: float | Sequence[float] | None = None,
    bias_tolerances: float | Sequence[float] | None = None,
) -> Certificate:
    """Bound the error of every ticket that meets the tolerances.

    Args:
        network: the target.
        box: the domain.
        tolerances: ``eps_l``, absolute, of each *effective* parameter (after slopes and scales); a number or
            one a stage.
        pools: the source's pools; one, or one a stage.
        method: of construction; says which stages are univariate, the others pick from copies.
        univariate: activation of the univariate neurons; gives remainder and intercept. With an intercept
            every bias is a subset-sum problem, and none is free.
        prune_below: parameters up to this size become the empty subset; default ``tolerances``.
        bias_tolerances: absolute, default ``tolerances``.

    Returns:
        A `Certificate` of kind ``"a priori"``.

    Raises:
        SltkError: negative or missing numbers, univariate neurons beyond the radius of their
            remainder, or a bound beyond float64.
    """
    count = len(network.stages)
    eps = _each("tolerances", tolerances, count)
    below = eps if prune_below is None else _each("prune_below", prune_below, count)
    bias = eps if bias_tolerances is None else _each("bias_tolerances", bias_tolerances, count)
    offers = [pools] * count if isinstance(pools, Pools) else list(pools)
    if len(offers) != count:
        raise SltkError(f"a_priori needs one Pools or {count} (one a stage), but got {len(offers)}.")
    state = start(network, box, signs=False)
    for index, stage in enumerate(network.stages):
        if method.univariate(index):
            realised = _common(stage, eps[index], below[index], bias[index], offers[index], univariate)
        else:
            realised = _copies(stage, eps[index], below[index], bias[index], offers[index])
        state = step(state, index, realised)
    return conclude(state, "a priori", _METHOD_TEXT.format(method=method.name))


def _common(stage: Stage, eps: float, below: float, bias: float, pools: Pools, phi: Activation) -> Realised:
    delta, mass = _worst(stage, eps, below, pools)
    bend = phi.remainder
    per_mass = torch.tensor(float(bend.coefficient), dtype=torch.float64)
    for _ in range(bend.order):
        per_mass = swell(per_mass * pools.incoming, 2)
    return Common(
        delta_positive=Signed.within(delta[None]),
        delta_negative=Signed.within(delta[None]),
        remainder=swell(mass * per_mass, 2)[None],
        bias=Signed.within(_bias(stage, bias, below, every=phi.intercept != 0)[None]),
        order=bend.order,
        radius=bend.radius,
        reach=pools.incoming if bend.coefficient else 0.0,
    )


def _copies(stage: Stage, eps: float, below: float, bias: float, pools: Pools) -> Realised:
    delta, mass = _worst(stage, eps, below, pools)
    return Copies(
        Signed.within(delta[None]),
        csr_matrix(stage.affine.blocks(mass).flatten(1).numpy()),
        Signed.within(_bias(stage, bias, below, every=False)[None]),
    )


def _worst(stage: Stage, eps: float, below: float, pools: Pools) -> tuple[Tensor, Tensor]:
    """Largest parameter errors and selected masses, each ``(out, in, kh, kw)``."""
    size = stage.affine.kernel.abs()
    kept = size > below
    delta = torch.where(kept, torch.full_like(size, eps), size)
    mass = torch.zeros_like(size)
    mass[kept] = pools.mass(size[kept])
    return delta, mass


def _bias(stage: Stage, eps: float, below: float, every: bool) -> Tensor:
    size = stage.affine.offset.abs()
    solved = torch.full_like(size, eps)
    return solved if every else torch.where(size > below, solved, size)


def _each(name: str, value: float | Sequence[float], count: int) -> list[float]:
    entries = [float(value)] * count if isinstance(value, int | float) else [float(entry) for entry in value]
    if len(entries) != count or not all(0 <= entry < inf for entry in entries):
        raise SltkError(
            f"a_priori needs {name} as one number or {count} (one a stage), each finite and >= 0, but got "
            f"{name}={value}."
        )
    return entries
