"""Tickets of equivariant networks (claim ``equivariant``).

Linear maps that commute with a group form a linear space, so choosing coefficients of a basis of it, a mask included,
stays in it.
"""

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require


def _shift(size: int) -> sp.Matrix:
    return sp.Matrix(size, size, lambda i, j: int((i - j) % size == 1))


def _commutes(in_basis: bool = True) -> bool:
    """All masks of the circulant basis of Z_4, and of single entries for the mutation."""
    size, turn = 4, _shift(4)
    elements = [turn**k for k in range(size)]
    if not in_basis:
        elements = [sp.Matrix(size, size, lambda i, j, k=k: int((i, j) == (0, k))) for k in range(size)]
    for mask in range(2**size):
        kept = sum(((k + 2) * e for k, e in enumerate(elements) if mask >> k & 1), sp.zeros(size))
        require(kept * turn == turn * kept, f"mask {mask:04b}")
    return True


def _dimension(expected: int = 4) -> bool:
    """The commutant of the shift of Z_4 has dimension 4: the circulants are all of it."""
    turn, eye = _shift(4), sp.eye(4)
    equations = sp.Matrix(sp.kronecker_product(turn, eye) - sp.kronecker_product(eye, turn.T))
    return 16 - equations.rank() == expected


CHECK = ProofCheck(
    key="equivariant",
    steps=(
        ProofStep(
            "every mask of the basis commutes with the group", _commutes, {"masks of entries": {"in_basis": False}}
        ),
        ProofStep("the basis is complete", _dimension, {"dimension 5": {"expected": 5}}),
    ),
    covers="That tickets in the basis are equivariant, on the regular representation of Z_4; linearity gives "
    "any group.",
    trusts=("the published width with its existential constant",),
)
