"""Modules as targets, what is handed over by mistake, and numbers of every precision."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import sltk
from sltk.construct import Construction, Recipe, StrongTicket, load, save, strong_ticket
from sltk.core.errors import SltkError
from sltk.data.datasets import load as digits
from sltk.networks.activations.characterise import characterise
from sltk.networks.reading.read import read
from sltk.verify.check import check

RECIPE = Recipe("two-layer", 16, 0.05)


class Skip(nn.Module):
    """A block."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.end = nn.Linear(3, 2), nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.one(x))
        return self.end(torch.relu(self.two(x) + x))


def target(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return Skip()


@pytest.fixture(scope="module")
def ticket() -> StrongTicket:
    return Construction(target(), (-1.0, 1.0), RECIPE, input_shape=(3,)).build(1)


def test_a_module_is_a_target_wherever_a_network_is(ticket: StrongTicket, tmp_path: Path) -> None:
    save(ticket, tmp_path / "t")
    network = read(target(), (3,))
    loaded = load(tmp_path / "t", target())
    assert loaded.certificate.bound == ticket.certificate.bound
    assert load(tmp_path / "t").with_target(target()).certificate.bound == ticket.certificate.bound
    for given in (target(), network):
        found = check(load(tmp_path / "t"), target=given)
        assert found.findings.bound == ticket.certificate.bound
    with pytest.raises(SltkError, match="call with_target first"):
        check(load(tmp_path / "t"))
    with pytest.raises(SltkError, match="architecture is not the one"):
        load(tmp_path / "t", nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)))


def test_another_module_of_the_same_architecture_is_another_target(ticket: StrongTicket) -> None:
    """Negative control: the check reads the module that it is given."""
    found = check(ticket, target=target(5))
    assert "the target is the one that the ticket was built for" in {v.statement for v in found.verdicts if not v.holds}


class Wave(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.atan(x)


def test_a_module_with_an_activation_of_its_own() -> None:
    own = {Wave: characterise(Wave(), "wave")}
    module = nn.Sequential(nn.Linear(2, 2), Wave(), nn.Linear(2, 1))
    made = Construction(module, (-1.0, 1.0), Recipe("two-layer", 8, 0.1), input_shape=(2,), activations=own).build(1)
    assert made.with_target(module, own).certificate.bound == made.certificate.bound


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "state dict": (lambda: target().state_dict(), r"state dict \(one.weight, one.bias, two.weight, .*load_state"),
    "checkpoint": (lambda: {"epoch": 3, "state_dict": target().state_dict()}, "dictionary of epoch, state_dict"),
    "path": (lambda: "net.pt", "path 'net.pt'; load it first"),
    "class": (lambda: Skip, "class Skip; make an instance"),
    "nothing": (lambda: None, "NoneType"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_module_is_named_with_the_cure(name: str, ticket: StrongTicket, tmp_path: Path) -> None:
    make, said = MISTAKES[name]
    given = make()
    save(ticket, tmp_path / "t")
    takers: list[Callable[[], object]] = [
        lambda: read(given, (3,)),  # pyright: ignore[reportArgumentType]
        lambda: Construction(given, (-1.0, 1.0), RECIPE, input_shape=(3,)),  # pyright: ignore[reportArgumentType]
        lambda: strong_ticket(given, domain=(-1.0, 1.0), seed=1, param_eps=0.1, input_shape=(3,)),  # pyright: ignore
        lambda: ticket.with_target(given),  # pyright: ignore[reportArgumentType]
    ]
    if given is not None:
        takers += [
            lambda: load(tmp_path / "t", given),  # pyright: ignore[reportArgumentType]
            lambda: check(ticket, target=given),  # pyright: ignore[reportArgumentType]
        ]
    for take in takers:
        with pytest.raises(SltkError, match=said) as found:
            take()
        assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["state dict", "path", "nothing"])
def test_a_training_method_names_it_too(name: str) -> None:
    make, said = MISTAKES[name]
    with pytest.raises(SltkError, match=f"model must be.*{said}"):
        sltk.imp(make(), digits("digits"), density=0.5, rounds=1, seeds=(0,))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_every_precision_are_read_exactly(dtype: torch.dtype) -> None:
    module = target().to(dtype)
    network = read(module, (3,))
    first: Tensor = module.one.weight.detach()  # pyright: ignore
    assert network.stages[0].affine.weight.dtype == torch.float64
    assert torch.equal(network.stages[0].affine.weight.to(dtype), first)
    assert torch.equal(network.stages[0].affine.weight, first.double())
    assert module.one.weight.dtype == dtype  # pyright: ignore  # the module is left as it is


def whole() -> nn.Module:
    module = nn.Linear(2, 2)
    module.weight = nn.Parameter(torch.ones(2, 2, dtype=torch.int64), requires_grad=False)
    return module


@pytest.mark.parametrize(("make", "said"), [
    (lambda: nn.Linear(2, 2, dtype=torch.complex64), "'weight' is torch.complex64.*pairs of channels"),
    (whole, "'weight' is torch.int64.*module.double"),
])  # fmt: skip
def test_complex_and_whole_numbers_are_refused(make: Callable[[], nn.Module], said: str) -> None:
    with pytest.raises(SltkError, match=said):
        read(make(), (2,))


@pytest.mark.parametrize("layout", ["dense", "sparse", "auto"])
@pytest.mark.parametrize("chain", [False, True])
def test_inputs_are_cast_exactly_or_told(layout: str, chain: bool, ticket: StrongTicket) -> None:
    if chain:
        ticket = Construction(nn.Linear(3, 2), (-1.0, 1.0), RECIPE, input_shape=(3,)).build(1)
    module = ticket.module(layout)  # pyright: ignore[reportArgumentType]
    x = torch.rand(2, 3).half()
    assert torch.equal(module(x), module(x.float()))
    for wrong in (x.double(), torch.ones(2, 3, dtype=torch.int64), x.to(torch.complex64)):
        with pytest.raises(SltkError, match=r"input is torch\.\w+, but the module holds torch.float32.*module.double"):
            module(wrong)
    assert torch.equal(module.double()(x), module(x.double()))


def test_data_of_a_check_are_cast_exactly_or_told(ticket: StrongTicket) -> None:
    x, y = torch.rand(8, 3), torch.zeros(8, dtype=torch.int64)
    halves, floats = (check(ticket, (x.half().to(dtype), y)).data for dtype in (torch.float16, torch.float32))
    assert halves is not None
    assert floats is not None
    assert halves.error == floats.error
    with pytest.raises(SltkError, match=r"torch.float64, but the module holds torch.float32"):
        check(ticket, (x.double(), y))
