"""One construction: it foretells without a ticket, its rules stand in one place, a method is one file."""

import inspect

import numpy as np
import pytest
import torch
from torch import nn

import sltk
from sltk.construct import Construction, Recipe, Search, load, required_widths, save, strong_ticket
from sltk.construct.methods import base, sums
from sltk.construct.methods.base import method_named, methods, register_method
from sltk.construct.methods.plus_one import PlusOne
from sltk.construct.methods.two_layer import TwoLayer
from sltk.construct.source import Source
from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.networks.reading.read import read

DOMAIN = (-1.0, 1.0)


def target(activation: nn.Module | None = None, biases: bool = True) -> nn.Sequential:
    generator = torch_stream(5, "tests", "construction")
    module = nn.Sequential(nn.Linear(3, 4, bias=biases), activation or nn.ReLU(), nn.Linear(4, 2, bias=biases))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.5)
    return module


def asked(recipe: Recipe | None = None, **changes) -> Construction:
    return Construction(target(**changes), DOMAIN, recipe or Recipe("plus-one", 12, 0.05), input_shape=(3,))


@pytest.mark.parametrize("method", ["plus-one", "two-layer"])
def test_a_prediction_draws_no_source_and_builds_no_ticket(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    question = asked(Recipe(method, 12, 0.05))

    def drawn(*_: object) -> None:
        raise AssertionError("a weight of a source was drawn")

    for name in ("weights", "biases", "block"):
        monkeypatch.setattr(Source, name, drawn)
    prediction = question.predict(trials=2000)
    assert 0.0 <= prediction.low <= prediction.p <= prediction.high <= 1.0
    assert sum(e.problems for e in question.expected_failures(trials=500)) == sum(
        family.problems for family in question.families()[0]
    )
    assert question.sizes.source > 0
    with pytest.raises(AssertionError, match="was drawn"):  # the control: what does draw is caught
        question.obstructions(1)


def test_the_number_of_sums_stands_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kinked stage with one sum instead of two: construction, prediction and widths all follow."""

    def counted() -> tuple[int, int, int]:
        question = asked(Recipe("two-layer", 12, 0.05), biases=False)
        widths = required_widths(question.network, method="two-layer", eps=0.5, delta=0.1, domain=DOMAIN)
        first = next(pool for pool in widths.pools if pool.stage == question.network.stages[0].affine.name)
        families = [f for f in question.families()[0] if f.stage == 0]
        return _problems(question, 0), sum(f.problems for f in families), first.problems

    plain = counted()
    monkeypatch.setitem(sums.SIGNS, "split", (1,))
    assert [2 * fewer for fewer in counted()] == list(plain)


def _problems(question: Construction, stage: int) -> int:
    """Problems that a build solves in one stage."""
    ticket = question.build(1, Search("cardinality"))
    others = sum(f.problems for f in question.families()[0] if f.stage != stage)
    return ticket.problems - others


def test_the_error_budget_stands_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what a stage may spend: the solver's tolerances and the widths' follow alike."""
    from sltk.construct.methods import allocate
    from sltk.construct.predict import widths

    def tolerances() -> tuple[float, float]:
        question = asked(Recipe("two-layer", 12, eps=0.5), biases=False)
        found = required_widths(question.network, method="two-layer", eps=0.5, delta=0.1, domain=DOMAIN)
        return question.tolerances()[-1], found.pools[-1].tolerance

    plain, honest = tolerances(), allocate.share_out

    def halved(budget, stage, first):
        return honest(budget / 2.0, stage, first)

    monkeypatch.setattr(allocate, "share_out", halved)
    monkeypatch.setattr(widths, "share_out", halved)
    assert tolerances() == pytest.approx([p / 2.0 for p in plain])


class Pairs(TwoLayer):
    """A toy: the two-layer construction under another name, its first layer drawn once more."""

    name = "pairs"
    depth = "2 L"


def test_a_method_of_ones_own_is_one_class(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else has to know it: prediction, ticket, certificate, file, widths."""
    monkeypatch.setattr(base, "_registered", dict(base._registered))
    assert "pairs" not in methods()
    register_method(Pairs())
    question = asked(Recipe("pairs", 20, 0.05))
    ticket = question.build(3)
    assert question.predict(trials=1000).p > 0.0
    assert ticket.certificate.bound <= ticket.a_priori.bound
    save(ticket, tmp_path / "t")
    again = load(tmp_path / "t", question.network)
    assert again.recipe.method == "pairs"
    assert all(np.array_equal(a.weight, b.weight) for a, b in zip(ticket.masks, again.masks, strict=True))
    plain = read(target(nn.ReLU(), biases=False), (3,))
    assert required_widths(plain, method="pairs", eps=0.5, delta=0.1, domain=DOMAIN).method == "pairs"


def test_methods_are_found_by_being_there_and_names_are_unique() -> None:
    assert set(methods()) >= {"plus-one", "two-layer"}
    assert method_named("plus-one") is method_named("plus-one")
    with pytest.raises(SltkError, match="method must be one of"):
        method_named("three-layer")

    class Other(PlusOne):
        """Another with a name that is taken."""

    with pytest.raises(SltkError, match="already registered"):
        register_method(Other())


def test_a_file_says_how_its_ticket_was_found(tmp_path) -> None:
    search = Search(copy_error=0.02, sub_pool=9, prune_below=0.001)
    recipe = Recipe("plus-one", 12, 0.05, scale_exponents=(0, -1), weight_bound=2.0, hidden_reach=4.0)
    ticket = asked(recipe).build(1, search)
    save(ticket, tmp_path / "t")
    again = load(tmp_path / "t")
    assert (again.recipe, again.search) == (recipe, search)


def test_few_doors_with_few_keywords() -> None:
    parameters = inspect.signature(strong_ticket).parameters.values()
    assert sum(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters) <= 10
    assert sltk.strong_ticket is strong_ticket
    for name in sltk.__all__:
        assert getattr(sltk, name) is not None
    with pytest.raises(AttributeError, match="public names"):
        sltk.nothing  # noqa: B018


def test_objects_say_what_they_are_in_ten_lines() -> None:
    question = asked()
    ticket = question.build(1)
    said = (
        question,
        ticket,
        ticket.certificate,
        ticket.module("dense"),
        ticket.module("sparse"),
        question.predict(trials=500),
    )
    for one in said:
        assert len(repr(one).splitlines()) <= 10
        assert len(repr(one)) < 1500
