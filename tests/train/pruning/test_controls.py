"""Controls: exact counts, one difference each, the original left alone; and a constructed ticket under them."""

import math

import pytest
import torch
from scipy.stats import binom
from torch import nn

from sltk.core.errors import SltkError
from sltk.models.digits import accuracy
from sltk.studies.digits import Arm, Job, Subject, build, trained_subjects
from sltk.subset_sum.laws import parse_law
from sltk.train.basis.dct import dct
from sltk.train.basis.unit import Unit
from sltk.train.pruning.controls import inverted, random_mask, reinitialised, shuffled
from sltk.train.tickets.attach import attach, tickets
from sltk.train.tickets.named import named_tickets


def kept_counts(module: nn.Module) -> dict[str, int]:
    """Number of coefficients in the mask of every ticket, by name."""
    return {name: ticket.kept for name, ticket in named_tickets(module).items()}


def net(basis: str = "canonical") -> nn.Module:
    plain = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 10))
    make = {
        "canonical": "canonical",
        "dct": lambda name, weight: dct(tuple(weight.shape)),
        "unit": lambda name, weight: Unit(weight.ndim),
    }[basis]
    own = attach(plain, make)
    for index, ticket in enumerate(tickets(own).values()):
        shape = (1, *ticket.mask.shape[1:2], *[1] * (ticket.mask.ndim - 2)) if basis == "unit" else ticket.mask.shape
        flags = torch.rand(shape, generator=torch.Generator().manual_seed(index)) < 0.4
        flags.view(-1)[0] = True
        ticket.mask.copy_(flags.expand_as(ticket.mask))
        ticket.gate.copy_(ticket.mask)
    return own


BASES = ["canonical", "dct", "unit"]


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("control", [shuffled, random_mask, reinitialised])
def test_counts_are_kept_exactly_and_the_original_is_left_alone(basis: str, control) -> None:
    own = net(basis)
    before = {key: value.clone() for key, value in own.state_dict().items()}
    assert kept_counts(control(own, 3)) == kept_counts(own)
    assert all(torch.equal(before[key], value) for key, value in own.state_dict().items())


@pytest.mark.parametrize("basis", BASES)
def test_each_control_changes_one_thing(basis: str) -> None:
    own = net(basis)
    for made, same in ((shuffled(own, 3), "coefficients"), (random_mask(own, 3), "coefficients"),
                       (inverted(own), "coefficients"), (reinitialised(own, 3), "mask")):  # fmt: skip
        other = {"coefficients": "mask", "mask": "coefficients"}[same]
        pairs = list(zip(tickets(own).values(), tickets(made).values(), strict=True))
        assert all(torch.equal(getattr(a, same), getattr(b, same)) for a, b in pairs)
        assert any(not torch.equal(getattr(a, other), getattr(b, other)) for a, b in pairs)
        assert all(torch.equal(b.gate, b.mask) for _, b in pairs)


@pytest.mark.parametrize("spread", ["uniform", "erk"])
def test_random_masks_over_all_layers_keep_the_total(spread: str) -> None:
    own = net()
    made = random_mask(own, 3, spread)
    assert sum(kept_counts(made).values()) == sum(kept_counts(own).values())
    assert kept_counts(made) != kept_counts(own)


def test_inverted_keeps_the_rest() -> None:
    own = net()
    sizes = {name: ticket.mask.numel() for name, ticket in tickets(own).items()}
    assert kept_counts(inverted(own)) == {name: sizes[name] - kept for name, kept in kept_counts(own).items()}
    back = inverted(inverted(own))
    assert all(torch.equal(a.mask, b.mask) for a, b in zip(tickets(own).values(), tickets(back).values(), strict=True))


@pytest.mark.parametrize("control", [shuffled, random_mask, reinitialised])
def test_the_seed_alone_counts(control) -> None:
    own = net()
    states = []
    for seed, noise in ((3, 1), (3, 2), (4, 1)):
        torch.manual_seed(noise)
        states.append(control(own, seed).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])


def test_units_stay_whole() -> None:
    mask = tickets(shuffled(net("unit"), 5))["3.weight"].mask
    assert torch.equal(mask, mask[:1].expand_as(mask))
    torn = net("unit")
    tickets(torn)["3.weight"].mask[0, 0] ^= True
    with pytest.raises(SltkError, match=r"'3.weight' cuts through groups"):
        shuffled(torn, 5)


def test_what_cannot_be_controlled_is_refused() -> None:
    with pytest.raises(SltkError, match="holds no ticket"):
        shuffled(nn.Linear(2, 2), 0)
    with pytest.raises(SltkError, match="spread must be"):
        random_mask(net(), 0, "even")  # type: ignore[arg-type]


def test_named_tickets_are_those_of_an_attached_module() -> None:
    own = net()
    assert named_tickets(own) == tickets(own)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return trained_subjects()["relu"]


def test_a_constructed_ticket_under_its_controls(subject: Subject) -> None:
    """Null hypothesis: a shuffled mask guesses right with probability 1/4 or more; chance is 1/10.

    The controls are functions of the fixed seeds, so the test cannot flip; the bound says how far from chance the
    counts may lie.
    """
    ticket = build(Job(), Arm("plus-one", "relu"), subject, 0)
    module = ticket.module("dense")
    x, y = subject.data.test_x, subject.data.test_y
    found = named_tickets(module)
    assert "weight" in next(iter(found))
    assert sum(t.kept for t in found.values()) == ticket.sizes.kept
    assert accuracy(module, x, y) > 0.9

    law = parse_law(Job().law)
    generator = torch.Generator().manual_seed(0)
    uniform = lambda name, shape, _: (torch.rand(shape, generator=generator) * 2 - 1) * law.high  # noqa: E731
    controls = {
        "shuffled": shuffled(module, 1),
        "random": random_mask(module, 1),
        "reinitialised": reinitialised(module, 1, uniform),
    }
    limit = binom.isf(1e-9, len(y), 0.25) / len(y)
    assert limit < 0.45
    for name, made in controls.items():
        assert kept_counts(made) == kept_counts(module), name
        assert accuracy(made, x, y) <= limit, name
    assert math.isfinite(float(inverted(module)(x[:8]).abs().max()))


def test_the_control_that_changes_nothing_is_noticed(subject: Subject) -> None:
    """The break that the test above must see: a 'shuffle' that gives back the ticket is far above the limit."""
    module = build(Job(), Arm("plus-one", "relu"), subject, 0).module("dense")
    same = inverted(inverted(module))
    assert accuracy(same, subject.data.test_x, subject.data.test_y) > 0.9
