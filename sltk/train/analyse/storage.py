"""What a ticket costs to store: values, indices, the basis; and what it saves in products, which is another thing."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from sltk.core.errors import SltkError
from sltk.train.tickets.named import named_tickets
from sltk.train.tickets.ticket import Ticket


@dataclass(frozen=True)
class Storage:
    """Of one tensor.

    Attributes:
        kept: coefficients in the mask.
        values: bytes of the kept coefficients in their dtype.
        indices: bytes of ``log2 C(d, k)`` bits, the least that a fixed code needs to name the mask; a basis with
            groups names groups.
        basis: bytes of ``B`` itself, where neither shape nor seed gives it.
        nonzero: non-zero numbers of ``theta = B c``: what a sparse product multiplies. A ticket in a dense basis has
            few coefficients and a dense ``theta``: it saves storage, not products.
        dense: bytes of ``theta`` in full.
    """

    kept: int
    values: int
    indices: int
    basis: int
    nonzero: int
    dense: int

    @property
    def total(self) -> int:
        """Bytes in all."""
        return self.values + self.indices + self.basis

    @property
    def ratio(self) -> float:
        """Dense bytes over ticket bytes."""
        return self.dense / self.total if self.total else math.inf


def index_bits(d: int, k: int) -> float:
    """``log2 C(d, k)``, with relative error below 1e-6 for ``d < 1e12``, where ``0 < k < d``.

    Raises:
        SltkError: unless ``0 <= k <= d``.
    """
    if not 0 <= k <= d:
        raise SltkError(f"index_bits needs 0 <= k <= d, but got d={d}, k={k}.")
    if min(k, d - k) <= 1000:
        return math.log2(math.comb(d, k))  # exact to rounding, and no cancellation where the result is small
    return (math.lgamma(d + 1) - math.lgamma(k + 1) - math.lgamma(d - k + 1)) / math.log(2.0)


def storage(module: nn.Module) -> dict[str, Storage]:
    """Cost of every ticket of ``module``, by name.

    Raises:
        SltkError: no ticket.
    """
    return {name: _storage(ticket) for name, ticket in named_tickets(module).items()}


def together(found: dict[str, Storage]) -> Storage:
    """The sums over all tensors."""
    fields = ("kept", "values", "indices", "basis", "nonzero", "dense")
    return Storage(*(sum(getattr(part, field) for part in found.values()) for field in fields))


def _storage(ticket: Ticket) -> Storage:
    with torch.no_grad():
        theta = ticket()
    groups = ticket.mask.amax(ticket.basis.groups) if ticket.basis.groups else ticket.mask
    size = ticket.coefficients.element_size()
    bits = index_bits(groups.numel(), int(groups.sum()))
    return Storage(
        kept=ticket.kept,
        values=ticket.kept * size,
        indices=math.ceil(bits / 8.0 - 1e-9),
        basis=ticket.basis.storage_bytes(tuple(theta.shape)),
        nonzero=int((theta != 0).sum()),
        dense=theta.numel() * size,
    )
