"""``W = B (gate * c)``: exact zeros, mask apart from gate, no aliasing, and every way to copy or store a ticket."""

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.train.basis.canonical import Canonical
from sltk.train.tickets.ticket import Ticket


def example(shape: tuple[int, ...] = (3, 4), **options: bool) -> Ticket:
    generator = torch.Generator().manual_seed(3)
    c = torch.randn(shape, generator=generator)
    return Ticket(c, torch.rand(shape, generator=generator) < 0.5, **options)


class Halved(Canonical):
    """A basis with a tensor of its own."""

    orthonormal = False

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("factor", torch.tensor(0.5))

    def synthesise(self, coefficients: Tensor) -> Tensor:
        return coefficients * self.factor


def by_module_file(ticket: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(ticket, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def by_state_file(ticket: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(ticket.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(ticket)
    for tensor in other.state_dict().values():
        tensor.zero_()
    other.load_state_dict(torch.load(file, weights_only=True), strict=True)
    return other


COPIES: list[Callable[[nn.Module], nn.Module]] = [
    copy.deepcopy,
    lambda t: pickle.loads(pickle.dumps(t)),
    by_module_file,
    by_state_file,
]


def test_effective_weight_is_gate_times_coefficients_with_exact_positive_zeros() -> None:
    ticket = Ticket(torch.tensor([1.0, -2.0, float("inf"), float("nan"), -0.0]), torch.tensor([1, 1, 0, 0, 0]).bool())
    weight = ticket()
    assert weight.tolist() == [1.0, -2.0, 0.0, 0.0, 0.0]
    assert not torch.signbit(weight[2:]).any()
    # Negative control: a product of gate and coefficients is not zero there.
    assert torch.isnan(ticket.gate * ticket.coefficients).sum() == 2


def test_gate_starts_as_the_mask_and_moves_without_it() -> None:
    ticket = example()
    assert torch.equal(ticket.gate, ticket.mask)
    mask = ticket.mask.clone()
    ticket.gate.fill_(True)
    assert torch.equal(ticket(), ticket.coefficients)
    assert torch.equal(ticket.mask, mask)
    assert ticket.kept == int(mask.sum())
    assert ticket.density == ticket.kept / 12


def test_density_of_an_empty_tensor_is_zero() -> None:
    assert Ticket(torch.zeros(0), torch.zeros(0, dtype=torch.bool)).density == 0.0


def test_nothing_is_shared_with_the_arguments() -> None:
    c, mask = torch.ones(3), torch.ones(3, dtype=torch.bool)
    ticket = Ticket(c, mask, trainable=True)
    with torch.no_grad():
        ticket.coefficients.zero_()
        ticket.gate.zero_()
    assert c.tolist() == [1, 1, 1]
    assert mask.all()
    assert ticket.mask.all()


@pytest.mark.parametrize("trainable", [False, True])
def test_coefficients_are_a_parameter_only_where_they_train(trainable: bool) -> None:
    ticket = example(trainable=trainable)
    assert ticket.trainable is trainable
    assert len(list(ticket.parameters())) == int(trainable)
    assert set(ticket.state_dict()) == {"coefficients", "mask", "gate"}


def test_closed_coefficients_get_no_gradient_and_stay_zero_under_momentum_and_decay() -> None:
    ticket = example(trainable=True)
    optimiser = torch.optim.SGD(ticket.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        (ticket() - 1).square().sum().backward()
        assert ticket.coefficients.grad is not None
        assert (ticket.coefficients.grad[~ticket.gate] == 0).all()
        optimiser.step()
        assert (ticket()[~ticket.gate] == 0).all()
    assert (ticket()[ticket.gate] != 0).any()


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("basis", [None, Halved()])
@pytest.mark.parametrize("copied", COPIES)
def test_copies_and_files(copied: Callable[[nn.Module], nn.Module], basis: Canonical | None, trainable: bool) -> None:
    source = example()
    ticket = Ticket(source.coefficients, source.mask, basis, trainable=trainable)
    ticket.gate[0] = True
    twin = copied(ticket)
    assert isinstance(twin, Ticket)
    assert torch.equal(twin(), ticket())
    assert torch.equal(twin.mask, ticket.mask)
    assert torch.equal(twin.gate, ticket.gate)
    assert not torch.equal(twin.gate, twin.mask)
    assert twin.trainable is trainable
    with torch.no_grad():
        twin.coefficients.zero_()
    assert ticket().any()


def test_a_frozen_state_loads_into_a_ticket_that_trains() -> None:
    frozen, trains = example(), Ticket(torch.zeros(3, 4), torch.zeros(3, 4).bool(), trainable=True)
    trains.load_state_dict(frozen.state_dict(), strict=True)
    assert torch.equal(trains(), frozen())
    assert trains.trainable


def test_double_keeps_masks_boolean() -> None:
    ticket = example().double()
    assert ticket().dtype == torch.float64
    assert ticket.mask.dtype == ticket.gate.dtype == torch.bool


@pytest.mark.parametrize(
    ("coefficients", "mask", "named"),
    [
        (torch.zeros(3, dtype=torch.int64), torch.ones(3).bool(), "coefficients.*int64"),
        (torch.zeros(3), torch.ones(3), "mask.*float32"),
        (torch.zeros(3), torch.ones(1).bool(), r"mask.*\(3,\).*\(1,\)"),
        (torch.zeros(3), torch.ones(3, device="meta").bool(), "mask.*meta"),
    ],
)
def test_bad_arguments_are_named(coefficients: Tensor, mask: Tensor, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        Ticket(coefficients, mask)
