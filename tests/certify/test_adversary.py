"""The search finds known maxima, stays in the box, and says what it could not do."""

import pytest
import torch
from torch import Tensor, nn

from sltk.certify.adversary import data_error, sup_error
from sltk.certify.intervals import Box
from sltk.core.errors import SltkError

BOX = Box(-1.0, 1.0)


def zero(x: Tensor) -> Tensor:
    return 0 * x[:, :1]


def bump(x: Tensor) -> Tensor:
    """A peak of height 3 at (.3, -.2), positive on the whole box and at most 1.5 at its corners."""
    centre = torch.tensor([0.3, -0.2], dtype=x.dtype)
    return 3 - (x - centre).abs().sum(1, keepdim=True)


def test_corner_maximum_of_a_linear_difference_is_exact() -> None:
    weight = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    found = sup_error(lambda x: x @ weight.T, zero, BOX, shape=(3,), restarts=1, steps=1)
    assert found.error == 3.5
    assert torch.equal(found.input.abs(), torch.ones(3).double())
    assert found.method == "gradient"
    assert found.on_data is None


def test_ascent_beats_its_own_starts() -> None:
    """Negative control: without steps the inner peak is missed."""
    with_steps = sup_error(bump, zero, BOX, shape=(2,), restarts=4, steps=200)
    without = sup_error(bump, zero, BOX, shape=(2,), restarts=4, steps=0)
    assert with_steps.error > 2.99 > without.error


def test_data_start_the_search_and_are_reported() -> None:
    data = torch.tensor([[0.31, -0.2], [0.0, 0.0]])
    target, ticket = lambda x: bump(x).clamp(min=2.9), lambda x: zero(x) + 2.9
    found = sup_error(target, ticket, BOX, data=data, restarts=2, steps=50)
    assert found.on_data == data_error(target, ticket, data.double())
    assert found.on_data == pytest.approx(0.09, abs=1e-6)
    assert found.on_data is not None
    assert found.error >= found.on_data


def test_error_is_the_worst_output_and_is_attained() -> None:
    target = nn.Linear(3, 4).double()
    with torch.no_grad():
        for index, parameter in enumerate(target.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(index)))
    found = sup_error(target, lambda x: 0 * target(x), BOX, shape=(3,), restarts=2, steps=5)
    exact = target.weight.detach().abs().sum(1) + target.bias.detach().abs()
    assert found.error == pytest.approx(float(exact.max()), rel=1e-12)
    assert found.error == pytest.approx(float(target(found.input[None]).detach().abs().max()), rel=1e-14)
    assert all(parameter.grad is None for parameter in target.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_search_stays_in_the_box(dtype: torch.dtype) -> None:
    box = Box(-0.1, 0.3)  # neither end is a float32
    seen = []

    def target(x: Tensor) -> Tensor:
        seen.append(x.detach().double())
        return x.sum(1, keepdim=True)

    found = sup_error(target, zero, box, shape=(2,), restarts=3, steps=10, dtype=dtype)
    every = torch.cat(seen)
    assert bool(((every >= -0.1) & (every <= 0.3)).all())
    assert found.error == pytest.approx(0.6, rel=1e-6)


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_same_seed_same_result(batch: int) -> None:
    def search(seed: int) -> Tensor:
        return sup_error(bump, zero, BOX, shape=(2,), restarts=5, steps=3, seed=seed, batch=batch).input

    assert torch.equal(search(3), search(3))
    assert not torch.equal(search(3), search(4))


@pytest.mark.parametrize(
    ("ticket", "words"),
    [
        (lambda x: zero(x).detach(), "carries no gradient"),
        (lambda x: torch.zeros(x.shape[0], 1, dtype=x.dtype, requires_grad=True), "does not depend"),
    ],
)
def test_no_gradient_falls_back_to_random_search(ticket, words: str) -> None:
    found = sup_error(bump, ticket, BOX, shape=(2,), restarts=8, steps=100)
    assert "random search" in found.method
    assert words in found.method
    assert found.error > 2.9


class Refusing(torch.autograd.Function):
    """A forward pass without a backward pass."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return 0 * x[:, :1]

    @staticmethod
    def backward(ctx, *grads: Tensor) -> Tensor:
        raise NotImplementedError("no backward here")


def test_a_missing_backward_is_reported() -> None:
    found = sup_error(bump, Refusing.apply, BOX, shape=(2,), restarts=2, steps=3)
    assert "no backward here" in found.method


def test_works_where_gradients_are_switched_off() -> None:
    with torch.no_grad():
        assert sup_error(bump, zero, BOX, shape=(2,), restarts=2, steps=5).method == "gradient"


def test_refusals() -> None:
    with pytest.raises(SltkError, match=r"box\.including"):
        sup_error(bump, zero, BOX, data=torch.tensor([[2.0, 0.0]]))
    with pytest.raises(SltkError, match="pass shape"):
        sup_error(bump, zero, BOX)
    with pytest.raises(SltkError, match="restarts=0"):
        sup_error(bump, zero, BOX, shape=(2,), restarts=0)
    with pytest.raises(SltkError, match="same shape"):
        sup_error(bump, lambda x: x, BOX, shape=(2,))
    with pytest.raises(SltkError, match="NaN"):
        sup_error(bump, lambda x: zero(x) / 0, BOX, shape=(2,))
    with pytest.raises(SltkError, match="at least one row"):
        sup_error(bump, zero, BOX, data=torch.zeros(0, 2))
    with pytest.raises(SltkError, match="at least one row"):
        data_error(bump, zero, torch.zeros(0, 2))
