"""Exact counts with deterministic ties, scopes, schedules."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sltk.core.errors import SltkError
from sltk.train.basis.canonical import Canonical
from sltk.train.basis.factored import Factored
from sltk.train.basis.unit import Unit
from sltk.train.pruning.choose import keep_count, largest, largest_groups
from sltk.train.pruning.schedules import geometric, to_density
from sltk.train.pruning.scopes import Scope, choose, counts, erk_densities
from sltk.train.tickets.ticket import Ticket

SHAPES = {"a": (30, 20), "b": (20, 10, 3, 3), "c": (10, 20)}


def by_threshold(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The mistake: everything at least as large as the count-th largest."""
    return scores >= scores.sort(descending=True).values[..., count - 1 : count]


def test_mistake_asked_to_prune_20_of_100_prunes_21() -> None:
    assert 100 - keep_count(0.8, 100) == 20
    scores = torch.arange(100.0)[None]
    assert int(largest(scores, keep_count(0.8, 100)).sum()) == 80


def test_mistake_with_equal_magnitudes_prunes_all_or_none() -> None:
    scores = torch.ones(2, 100)
    kept = largest(scores, 80)
    assert kept.sum(1).tolist() == [80, 80]
    assert kept[:, :80].all()
    assert int(by_threshold(scores, 80).sum()) == 200  # negative control: a threshold keeps everything


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_largest_is_the_order_by_score_and_index(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    row = data.draw(st.lists(st.integers(-2, 2), min_size=n, max_size=n))
    count = data.draw(st.integers(1, n))
    order = sorted(range(n), key=lambda i: (-row[i], i))[:count]
    scores = torch.tensor([row], dtype=torch.float32)
    assert set(largest(scores, count)[0].nonzero().flatten().tolist()) == set(order)
    assert torch.equal(largest_groups(scores, torch.ones(n, dtype=torch.int64), count), largest(scores, count))


def test_groups_are_whole_and_fit() -> None:
    kept = largest_groups(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([4, 4, 5]), 9)
    assert kept.tolist() == [[True, False, True]]
    assert largest_groups(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([4, 4, 5]), 8).tolist() == [
        [True, False, False]
    ]


@pytest.mark.parametrize("density", [0.9, 0.3, 0.05])
def test_erk_adds_up_and_favours_small_layers(density: float) -> None:
    found = counts(Scope("erk"), SHAPES, density)
    total = sum(math.prod(shape) for shape in SHAPES.values())
    assert sum(found.values()) == keep_count(density, total)
    shares = erk_densities(SHAPES, density)
    assert all(0 < share <= 1 for share in shares.values())
    if density < 0.3:
        assert shares["c"] > shares["a"] > shares["b"]


def test_first_and_last_layers_can_stay_dense() -> None:
    assert list(counts(Scope("layerwise", dense_first=True, dense_last=True), SHAPES, 0.5)) == ["b"]
    with pytest.raises(SltkError, match="no layer"):
        Scope("global", dense_first=True, dense_last=True).covered(["a", "b"])


def stacked(shape: tuple[int, ...], basis=None) -> Ticket:
    own = basis or Canonical()
    c = own.analyse(torch.randn((2, *shape), generator=torch.Generator().manual_seed(len(shape))))
    return Ticket(c, torch.ones_like(c, dtype=torch.bool), basis, trainable=True)


def test_global_and_layerwise_counts_are_exact_in_each_replica() -> None:
    tickets = {name: stacked(shape) for name, shape in SHAPES.items()}
    scores = {name: t.coefficients.detach().abs() for name, t in tickets.items()}
    masks = choose(Scope("global"), tickets, scores, 0.1)
    total = sum(math.prod(s) for s in SHAPES.values())
    assert torch.stack([m.flatten(1).sum(1) for m in masks.values()]).sum(0).tolist() == [keep_count(0.1, total)] * 2
    for name, mask in choose(Scope("layerwise"), tickets, scores, 0.1).items():
        assert mask.flatten(1).sum(1).tolist() == [keep_count(0.1, math.prod(SHAPES[name]))] * 2


def test_units_and_components_are_kept_whole() -> None:
    unit = stacked((6, 5), Unit(2))
    mask = choose(Scope(), {"w": unit}, {"w": unit.coefficients.detach().abs()}, 0.5)["w"]
    assert mask.any(1).sum(1).tolist() == [2, 2]
    assert torch.equal(mask.any(1), mask.all(1))
    factored = stacked((6, 5), Factored((6, 5)))
    norms = factored.coefficients.detach() * factored.basis.column_norms(factored.coefficients.detach())
    mask = choose(Scope(), {"w": factored}, {"w": norms.abs()}, 0.8)["w"]
    assert mask.all(2).sum(1).tolist() == [2, 2]  # 24 numbers at most, 11 a component
    assert mask[:, :2].all()  # singular values fall, so the first components stay


def test_schedules() -> None:
    assert geometric(0.2, 2) == (0.8, pytest.approx(0.64))
    found = to_density(0.02, 20)
    assert found[-1] == 0.02
    assert all(math.isclose(b / a, 0.02 ** (1 / 20)) for a, b in itertools.pairwise(found))


def test_mistake_prune_rate_that_means_kept_is_refused_by_name() -> None:
    for bad in (0.0, -0.1, 1.5, 20):
        with pytest.raises(SltkError, match="kept fraction"):
            keep_count(bad, 10)
    for bad in (0.0, 1.0):
        with pytest.raises(SltkError, match="share that goes"):
            geometric(bad, 3)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: largest(torch.ones(1, 3), 4), "count"),
        (lambda: largest(torch.tensor([[1.0, float("nan")]]), 1), "not a number"),
        (lambda: Scope("local").covered(["a"]), "global, layerwise, erk or n:m"),  # type: ignore[arg-type]
        (lambda: to_density(0.5, 0), "rounds"),
    ],
)
def test_refusals(call, named: str) -> None:
    with pytest.raises(SltkError, match=named):
        call()
