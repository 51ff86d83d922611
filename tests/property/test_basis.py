"""The contract of a basis. A new basis adds one subclass here: how to make it, and its dense matrix."""

import copy
import math

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.basis import separable
from sltk.train.basis.base import Basis
from sltk.train.basis.canonical import Canonical
from sltk.train.basis.dct import Axes, dct
from sltk.train.basis.factored import Factored
from sltk.train.basis.haar import haar, haar_matrix
from sltk.train.basis.hadamard import hadamard
from sltk.train.basis.permuted_dct import permuted_dct
from sltk.train.basis.separable import Separable, require_full_precision
from sltk.train.basis.subspace import subspace
from sltk.train.basis.svd import svd
from sltk.train.basis.unit import Unit

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

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("rows", [1, 3, 40])
    def test_a_dense_layer_is_the_product_with_the_weight(self, rows: int, dtype: torch.dtype) -> None:
        """Outputs and gradients, whichever side is turned on activations; and from inputs that were turned before."""
        for lead in ((), (2,)):
            self.dense_layer(lead, rows, dtype, turned=False)
            self.dense_layer(lead, rows, dtype, turned=True)

    def dense_layer(self, lead: tuple[int, ...], rows: int, dtype: torch.dtype, *, turned: bool) -> None:
        basis, x, bias = self.make((4, 3)), noise((*lead, rows, 3), dtype), noise((*lead, 4), dtype)
        c, g = basis.analyse(noise((*lead, 4, 3), dtype)), noise((*lead, rows, 4), dtype)
        given = basis.turn(x) if turned else x
        if given is None:
            assert basis.turn(x) is None
            return
        parts = (c, bias) if turned else (c, bias, x)
        for part in parts:
            part.requires_grad_()
        found = basis.dense(x if not turned else given, c, bias, turned=turned)
        wanted = torch.einsum("...ri,...oi->...ro", x, basis.synthesise(c)) + bias[..., None, :]
        # Two passes and a product, sums as long as the axes: see ``tolerance``.
        bound = 4 * (3 + 4 + rows) * torch.finfo(dtype).eps * float(x.detach().norm() + 1)
        assert float((found - wanted).detach().abs().max()) <= bound * float(c.detach().norm() + bias.detach().norm())
        slopes = zip(*(torch.autograd.grad(y, parts, g, retain_graph=True) for y in (found, wanted)), strict=True)
        for mine, theirs in slopes:
            assert float((mine - theirs).abs().max()) <= bound * float(g.norm()) * float(c.detach().norm() + 1)

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


class Factors(BasisContract):
    """Separable bases: the oracle is the Kronecker product of one matrix an axis."""

    def matrix(self, n: int, axis: int) -> Tensor:
        raise NotImplementedError

    def dense(self, shape: tuple[int, ...]) -> Tensor:
        full = torch.ones(1, 1, dtype=torch.float64)
        for axis in range(-len(shape), 0):
            full = torch.kron(full, self.matrix(shape[axis], axis))
        return full

    def test_replicas_are_a_leading_axis(self) -> None:
        basis, c = self.make((4, 3)), noise((5, 4, 3))
        each = torch.stack([basis.synthesise(one) for one in c])
        assert float((basis.synthesise(c) - each).abs().max()) < 1e-14


class TestDct(Factors):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return dct(shape)

    def matrix(self, n: int, axis: int) -> Tensor:
        return torch.from_numpy(scipy.fft.idct(np.eye(n), axis=0, norm="ortho"))


class TestDctOfTheInput(TestDct):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return dct(shape, "input")

    def dense(self, shape: tuple[int, ...]) -> Tensor:
        full = self.matrix(shape[0], 0) if len(shape) == 1 else torch.eye(shape[0], dtype=torch.float64)
        for n in shape[1:]:
            full = torch.kron(full, self.matrix(n, 0))
        return full


class TestDctOfTheTaps(TestDct):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return dct(shape, "taps")

    def dense(self, shape: tuple[int, ...]) -> Tensor:
        full = torch.ones(1, 1, dtype=torch.float64)
        for place, n in enumerate(shape):
            plain = place < 2 and len(shape) > 1
            full = torch.kron(full, torch.eye(n, dtype=torch.float64) if plain else self.matrix(n, 0))
        return full


class TestHadamard(Factors):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return hadamard(shape)

    def matrix(self, n: int, axis: int) -> Tensor:
        powers = [2**bit for bit in range(9, -1, -1) if n & 2**bit]
        return torch.from_numpy(scipy.linalg.block_diag(*(scipy.linalg.hadamard(m).T / m**0.5 for m in powers)))


class TestHaar(Factors):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return haar(shape, 3, "w")

    def matrix(self, n: int, axis: int) -> Tensor:
        return haar_matrix(n, torch_stream(3, "haar", "w", axis)) if n > 1 else torch.ones(1, 1).double()


class TestPermutedDct(TestDct):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return permuted_dct(shape, 3)

    def matrix(self, n: int, axis: int) -> Tensor:
        order = torch.randperm(n, generator=torch_stream(3, "permuted dct", axis))
        return super().matrix(n, axis)[order]


class TestSubspaceThroughZero(TestHaar):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return subspace(torch.zeros(shape, dtype=torch.float64), shape, 3, "w").to(torch.float64)

    @pytest.mark.parametrize("dtype", [torch.float64])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_round_trips_keep_value_dtype_device_and_argument(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        super().test_round_trips_keep_value_dtype_device_and_argument(shape, dtype)

    @pytest.mark.parametrize("dtype", [torch.float64])
    @pytest.mark.parametrize("rows", [1, 3, 40])
    def test_a_dense_layer_is_the_product_with_the_weight(self, rows: int, dtype: torch.dtype) -> None:
        super().test_a_dense_layer_is_the_product_with_the_weight(rows, dtype)


class TestUnit(TestCanonical):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return Unit(len(shape))


class TestSvd(BasisContract):
    def make(self, shape: tuple[int, ...]) -> Basis:
        return svd(noise((shape[0], math.prod(shape[1:]))).reshape(shape if len(shape) > 1 else (shape[0], 1)))

    def stored(self, shape: tuple[int, ...]) -> int:
        return 8 * (shape[0] ** 2 + math.prod(shape[1:]) ** 2)

    def dense(self, shape: tuple[int, ...]) -> Tensor:
        u, _, vh = torch.linalg.svd(noise((shape[0], math.prod(shape[1:]))))
        return torch.kron(u.contiguous(), vh.mT.contiguous())


def test_rows_and_columns_of_an_image_have_a_transform_each() -> None:
    weight = noise((3, 2 * 4 * 6))
    expected = scipy.fft.dctn(weight.numpy().reshape(3, 2, 4, 6), axes=(1, 2, 3), norm="ortho").reshape(3, -1)
    found = dct((3, 48), "input", image=(2, 4, 6)).analyse(weight)
    assert np.allclose(found, expected, atol=1e-14)
    assert not np.allclose(dct((3, 48), "input").analyse(weight), expected, atol=0.1)  # negative control


@pytest.mark.parametrize("shape", [(5, 7), (7, 5), (4, 2, 3, 3)])
def test_truncated_svd_and_trained_factors_agree_and_are_best(shape: tuple[int, ...]) -> None:
    weight = noise(shape)
    frozen, trained = svd(weight), Factored(shape)
    sizes = frozen.analyse(weight).flatten(1).diagonal()
    c = torch.zeros_like(weight.flatten(1))
    c.diagonal()[:2] = sizes[:2]
    first = frozen.synthesise(c.view(shape))
    factors = trained.analyse(weight)
    assert torch.allclose(trained.synthesise(factors), weight, atol=1e-12)
    factors[2:] = 0
    assert torch.allclose(trained.synthesise(factors), first, atol=1e-12)
    assert torch.linalg.matrix_rank(first.flatten(1)) == 2
    residual = float((weight - first).norm() ** 2)
    assert residual == pytest.approx(float((sizes[2:] ** 2).sum()))


def test_column_norms_of_factors_are_derivatives() -> None:
    basis, c = Factored((3, 4)), noise((3, 7))
    jacobian = torch.autograd.functional.jacobian(basis.synthesise, c)
    norms = torch.as_tensor(jacobian).flatten(0, 1).norm(dim=0)
    assert torch.allclose(basis.column_norms(c), norms, atol=1e-12)


def test_a_haar_matrix_has_no_preferred_sign() -> None:
    diagonals = torch.stack([haar_matrix(3, torch_stream(s, "x")).diagonal() for s in range(200)])
    assert 0.3 < float((diagonals > 0).double().mean()) < 0.7


def test_tf32_is_refused_on_a_gpu_and_irrelevant_elsewhere() -> None:
    require_full_precision("cuda")
    torch.set_float32_matmul_precision("high")
    try:
        require_full_precision("cpu")
        with pytest.raises(SltkError, match="highest"):
            require_full_precision("cuda")
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Separable({-1: torch.ones(2, 2)}), "orthonormal"),
        (lambda: dct((3, 5), "input", image=(1, 2, 3)), "image"),
        (lambda: dct((3, 5), "sideways"), "axes"),  # type: ignore[arg-type]  # the point
        (lambda: svd(torch.ones(3)), "two axes"),
        (lambda: Factored((3,)), "two axes"),
        (lambda: dct((3, 4), "input", image=(1, 2, 2)).analyse(torch.ones(5, 5)), "made for"),
    ],
)
def test_bases_refuse_clearly(make, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        make()


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


class Skewed(Canonical):
    """A dense layer in another order, that is another function."""

    def dense(self, x: Tensor, coefficients: Tensor, bias: Tensor | None = None, *, turned: bool = False) -> Tensor:
        return super().dense(x, coefficients.flip(-1), bias, turned=turned)


class Unturned(Canonical):
    """Takes turned inputs for inputs."""

    def turn(self, x: Tensor) -> Tensor:
        return x.flip(-1)

    def dense(self, x: Tensor, coefficients: Tensor, bias: Tensor | None = None, *, turned: bool = False) -> Tensor:
        return super().dense(x, coefficients, bias)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Skewed, "layer"),
        (Unturned, "layer"),
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
        "layer": lambda: contract.test_a_dense_layer_is_the_product_with_the_weight(3, torch.float64),
    }
    with pytest.raises(AssertionError):
        checks[check]()


@pytest.mark.parametrize("shape", [(6, 5, 3, 3), (3, 2, 2, 4)])
@pytest.mark.parametrize("axes", ["taps", "all"])
def test_few_taps_as_one_product_are_one_axis_at_a_time(
    shape: tuple[int, ...], axes: Axes, monkeypatch: pytest.MonkeyPatch
) -> None:
    basis, weight = dct(shape, axes), noise(shape)
    found = basis.synthesise(weight), basis.analyse(weight)
    monkeypatch.setattr(separable, "AS_ONE", 1)
    apart = basis.synthesise(weight), basis.analyse(weight)
    for one, other in zip(found, apart, strict=True):
        assert float((one - other).abs().max()) <= tolerance(weight)
    assert not all(torch.equal(one, other) for one, other in zip(found, apart, strict=True))  # two ways indeed
