"""Functionals through a stage whose copies pick their own weights: ``d = G x + A^ D + g`` and ``y^ = A^ x^ + b^``."""

import math
from dataclasses import dataclass

import torch
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.certify.contributions import spread
from sltk.certify.differential.forms import Form, Known, Part
from sltk.certify.differential.stage_map import Offsets, StageMap, biases
from sltk.certify.maps import dense, shape_of, sizes, upper_selected
from sltk.certify.signed import Signed
from sltk.certify.sparse import SparseMap
from sltk.core.numerics.rounding import UNIT, gamma
from sltk.networks.affine import Affine

LARGE = 2**16  # weights, above which a sparse product can be worth its tables
DENSITY = 0.25  # below which it is


@dataclass(frozen=True)
class CopiesMap(StageMap):
    """With the signed parameter errors ``G``, the selected weights ``A^`` and the target's ``A``.

    Attributes:
        affine: the target's.
        delta: ``(copies * out, in / groups, kh, kw)``.
        selected: ``(copies * out, copies_in * in, kh, kw)``.
        shape: of what is read, no batch axis.
        copies_in: of it.
        offsets: at the output.
        few_errors, few_selected: those of ``delta`` and ``selected`` that are there, where these are few.
    """

    affine: Affine
    delta: Tensor
    selected: Tensor
    shape: tuple[int, ...]
    copies_in: int
    offsets: Offsets
    few_errors: SparseMap | None = None
    few_selected: SparseMap | None = None

    def pull(self, form: Form) -> Form:
        """By the adjoints of the three maps."""
        groups, target = self.affine.groups, None
        if form.target is not None:
            target = self.affine.adjoint(self.affine.kernel, form.target, self.shape, groups)
        if form.difference is not None:
            c, few = form.difference.flatten(1, 2), self.few_errors
            own = self.affine.adjoint(self.delta, c, self.shape, groups) if few is None else few.adjoint(c, self.shape)
            target = own if target is None else target.add_(own)
        return Form(target, self._copies(form.difference), self._copies(form.ticket))

    def rows(self, part: Part) -> Form:
        """Rows of the matrices."""
        shape = self.shape
        if part == "target":
            return Form(
                target=self.affine.matrix(self.affine.blocks(self.affine.kernel), shape).flatten(0, -1 - len(shape))
            )
        merged = (self.copies_in * shape[0], *shape[1:])
        copies = self.affine.matrix(self.selected, merged).reshape(-1, self.copies_in, *shape)
        if part == "ticket":
            return Form(ticket=copies)
        outputs = self.affine.weight.shape[0]
        full = torch.cat([self.affine.blocks(own) for own in torch.split(self.delta, outputs)])
        return Form(self.affine.matrix(full, shape).flatten(0, -1 - len(shape)), copies)

    def kernels(self, part: Part) -> dict[Part, Tensor] | None:
        """As they are."""
        if self.affine.groups > 1:
            return None
        if part == "target":
            return {"target": self.affine.kernel}
        return {"ticket": self.selected} if part == "ticket" else {"target": self.delta, "difference": self.selected}

    def _copies(self, c: Tensor | None) -> Tensor | None:
        if c is None:
            return None
        merged = (self.copies_in * self.shape[0], *self.shape[1:])
        flat, few = c.flatten(1, 2), self.few_selected
        found = self.affine.adjoint(self.selected, flat, merged, 1) if few is None else few.adjoint(flat, merged)
        return found.reshape(len(c), self.copies_in, *self.shape)


def copies_map(
    affine: Affine, delta: Signed, selected: csr_matrix, bias: Signed, known: Known, injected: Tensor
) -> CopiesMap:
    """The map for values that lie where ``known`` says.

    A functional c of an output has ``c . (A v) = (A^T c) . v``, and ``A^T c`` is computed with an error of at most
    ``gamma_N |A|^T |c|`` for N outputs that read an entry, so it is off by at most ``gamma_N |c| . (|A| sup|v|)``.

    Args:
        affine: the target's map.
        delta, selected, bias: as ``Copies`` has them.
        known: of what is read.
        injected: ``(copies, out, ...)``, at least 0: what else each output of the ticket may be off by.
    """
    shape, copies_in = tuple(known.target.low.shape[1:]), known.ticket.low.shape[0]
    flat, rows = delta.value.flatten(0, 1), affine.weight.shape[0]
    weight = dense(selected).reshape(len(flat), copies_in * affine.inputs, *affine.geometry.shape[2:])
    round_off = gamma(2 * len(flat) * math.prod(affine.geometry.shape[2:]) + 64)
    x, difference, ticket = (one.magnitude for one in (known.target, known.difference, known.ticket))
    size = affine.upper(affine.kernel.abs(), x)[0]
    met = affine.upper(delta.slack.flatten(0, 1) + round_off * flat.abs(), x)[0].reshape(-1, *size.shape)
    off, carried = (upper_selected(affine, sizes(selected), one, rows) for one in (difference, ticket))
    target, apart, own = biases(affine, bias, met)
    slack = spread(bias.slack, met) + injected
    offsets = Offsets(
        target, apart, own, round_off * size,
        slack + met + round_off * off,
        slack + round_off * carried + UNIT * (target.abs() + apart.abs()),
    )  # fmt: skip
    few = (None, None)
    if sparse(delta.value, selected):
        few = SparseMap.of(affine, delta.value), SparseMap(affine, selected)
    return CopiesMap(affine, flat, weight, shape, copies_in, offsets, *few)


def sparse(delta: Tensor, selected: csr_matrix) -> bool:
    """Whether a stage of copies is large, and few of its weights are there: a sparse product is worth its tables."""
    rows, columns = shape_of(selected)
    there = int(selected.nnz) + int(delta.count_nonzero())  # pyright: ignore
    return rows * columns > LARGE and there <= DENSITY * (rows * columns + delta.numel())
