"""The contract of a basis. A new basis adds one subclass here: how to make it, and its dense matrix."""

import copy
import math

import pytest
import torch
from torch import Tensor

from sltk.engine.basis.base import Basis
from sltk.engine.basis.canonical import Canonical

SHAPES = [(1,), (5,), (4, 3), (2, 3, 3, 2)]


def noise(shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(math.prod(shape)), dtype=torch.float64).to(dtype)


def tolerance(weight: Tensor) -> float:
    """Rounding of two passes with sums as long as the axes: 2 sum(shape) ulps of the norm, and one more each."""
    return 4 * sum(weight.shape) * torch.finfo(weight.dtype).eps * float(weight.norm())


class BasisContract:
    """Inherit, and give ``make`` and ``dense``; ``stored`` where the basis itself takes storage."""

    def make(self, shape: tuple[int, ...]) -> Basis:
        raise NotImplementedError

    def dense(self, shape: tuple[int, ...]) -> Tensor:
        """``B`` as a float64 matrix over flattened tensors, by a way independent of the basis."""
        raise NotImplementedError

    def stored(self, shape: tuple[int, ...]) -> int:
        return 0

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_round_trips_keep_value_dtype_device_and_argument(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        basis, weight = self.make(shape), noise(shape, dtype)
        before = weight.clone()
        for there, back in ((basis.analyse, basis.synthesise), (basis.synthesise, basis.analyse)):
            again = back(there(weight))
            assert again.dtype == dtype
            assert again.device == weight.device
            assert again.shape == weight.shape
            assert float((again - weight).norm()) <= tolerance(weight)
            assert torch.equal(weight, before)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_equals_the_dense_matrix_and_its_inverse(self, shape: tuple[int, ...]) -> None:
        basis, matrix, c = self.make(shape), self.dense(shape), noise(shape)
        assert float((basis.synthesise(c).flatten() - matrix @ c.flatten()).norm()) <= tolerance(c)
        expected = torch.linalg.solve(matrix, c.flatten())
        assert float((basis.analyse(c).flatten() - expected).norm()) <= tolerance(c) * float(torch.linalg.cond(matrix))

    @pytest.mark.parametrize("shape", SHAPES)
    def test_parseval_exactly_where_it_says_so(self, shape: tuple[int, ...]) -> None:
        basis, matrix, weight = self.make(shape), self.dense(shape), noise(shape)
        gram = matrix.T @ matrix
        is_orthonormal = torch.allclose(gram, torch.eye(len(gram), dtype=gram.dtype), atol=1e-12)
        if basis.orthonormal:
            assert abs(float(basis.analyse(weight).norm() - weight.norm())) <= tolerance(weight)
        if math.prod(shape) > 1:
            assert basis.orthonormal == is_orthonormal

    @pytest.mark.parametrize("shape", SHAPES)
    def test_gradient_is_the_transpose(self, shape: tuple[int, ...]) -> None:
        basis, c, g = self.make(shape), noise(shape).requires_grad_(), noise(shape).flip(0)
        (found,) = torch.autograd.grad(basis.synthesise(c), c, g)
        assert float((found.flatten() - self.dense(shape).T @ g.flatten()).norm()) <= tolerance(g)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_storage_and_copies(self, shape: tuple[int, ...]) -> None:
        basis, c = self.make(shape), noise(shape)
        assert basis.storage_bytes(shape) == self.stored(shape)
        twin = copy.deepcopy(basis)
        twin.load_state_dict(basis.state_dict(), strict=True)
        assert torch.equal(twin.synthesise(c), basis.synthesise(c))


class TestCanonical(BasisContract):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return Canonical()

    def dense(self, shape: tuple[int, ...]) -> Tensor:
        return torch.eye(math.prod(shape), dtype=torch.float64)


class Doubled(Canonical):
    """Claims to be orthonormal, and is not."""

    def synthesise(self, coefficients: Tensor) -> Tensor:
        return coefficients * 2

    def analyse(self, weight: Tensor) -> Tensor:
        return weight / 2


class Lossy(Canonical):
    """Forgets the last coefficient."""

    def synthesise(self, coefficients: Tensor) -> Tensor:
        return coefficients * (torch.arange(coefficients.numel()).view(coefficients.shape) < coefficients.numel() - 1)


class Reversed(Canonical):
    """Orthonormal and invertible, but another basis than its matrix says."""

    def synthesise(self, coefficients: Tensor) -> Tensor:
        return coefficients.flip(0)

    def analyse(self, weight: Tensor) -> Tensor:
        return weight.flip(0)


class InPlace(Canonical):
    """Right, but it overwrites its argument."""

    def synthesise(self, coefficients: Tensor) -> Tensor:
        result = coefficients.clone()
        coefficients.zero_()
        return result


class Widening(Canonical):
    """Right, but in another dtype."""

    def synthesise(self, coefficients: Tensor) -> Tensor:
        return coefficients.double()


class Expensive(Canonical):
    """Claims storage that it does not need."""

    def storage_bytes(self, shape: tuple[int, ...]) -> int:
        return 8


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Doubled, "parseval"),
        (Doubled, "dense"),
        (Doubled, "gradient"),
        (Lossy, "round_trip"),
        (Reversed, "dense"),
        (InPlace, "round_trip"),
        (Widening, "round_trip"),
        (Expensive, "storage"),
    ],
)
def test_the_contract_catches_a_broken_basis(broken: type[Basis], check: str) -> None:
    contract = TestCanonical()
    contract.make = lambda shape: broken()  # type: ignore[method-assign]  # the point of this test
    shape = (4, 3)
    checks = {
        "parseval": lambda: contract.test_parseval_exactly_where_it_says_so(shape),
        "dense": lambda: contract.test_equals_the_dense_matrix_and_its_inverse(shape),
        "gradient": lambda: contract.test_gradient_is_the_transpose(shape),
        "round_trip": lambda: contract.test_round_trips_keep_value_dtype_device_and_argument(shape, torch.float32),
        "storage": lambda: contract.test_storage_and_copies(shape),
    }
    with pytest.raises(AssertionError):
        checks[check]()
