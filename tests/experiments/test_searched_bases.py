"""The study of searches in rotated bases: even masks, units on paths, rates that verdicts have not chosen."""

from typing import Any

import pytest
import torch

from experiments.searched_bases.arms import even_mask, units_on_paths
from experiments.searched_bases.summary import CLOSED, GAP, judged, own_rates


@pytest.mark.parametrize("budget", [3, 8, 11, 24])
def test_an_even_mask_is_exact_and_gives_every_row_as_many_or_one_more(budget: int):
    sizes = torch.rand(2, 4, 6, generator=torch.Generator().manual_seed(0)) + 0.1
    mask = even_mask(sizes, budget)
    assert mask.flatten(1).sum(1).tolist() == [budget, budget]
    rows = mask.sum(-1)
    assert set(rows.flatten().tolist()) <= {budget // 4, budget // 4 + 1}
    for size, kept in zip(sizes.flatten(0, 1), mask.flatten(0, 1), strict=True):
        assert torch.equal(kept, size >= size.sort(descending=True).values[int(kept.sum()) - 1]) or not kept.any()


def test_a_unit_is_on_a_path_where_both_ends_are():
    first = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])  # unit 1 hears nothing
    last = torch.tensor([[1.0, 1.0, 0.0]])  # unit 2 is heard by nobody
    assert units_on_paths([first, last]) == pytest.approx(1 / 3)
    assert units_on_paths([torch.ones(3, 2), last]) == pytest.approx(2 / 3)


def a_row(arm: str, rate: float, test: list[float], validation: list[float]) -> dict[str, Any]:
    count = len(test)
    spent = {"epochs": [4.0] * count, "multiply_adds": [1.0] * count}
    return {"arm": arm, "density": 0.03, "rate": rate, "test": test, "validation": validation, **spent}


def test_rates_are_chosen_on_seeds_and_rows_that_no_verdict_looks_at():
    tuning, most = 2, 10
    rows = [
        a_row("haar", 0.2, [0.0] * 2 + [0.5] * most, [0.9] * 2 + [0.0] * most),
        a_row("haar", 0.02, [1.0] * 2 + [0.9] * most, [0.1] * 2 + [1.0] * most),
        a_row("canonical, erk", 0.2, [1.0] * 2 + [0.6] * most, [0.5] * (2 + most)),
        a_row("canonical", 0.2, [1.0] * 2 + [0.2] * most, [0.5] * (2 + most)),
    ]
    own = own_rates(rows, tuning)
    assert own["haar, density 0.03"] == 0.2
    found = {one.claim: one for one in judged(rows, own, tuning)}
    assert found[CLOSED].finding == "supported"
    assert found[GAP].comparison.mean == pytest.approx(0.3)
    assert found[GAP].comparison.pairs == most
    other = {one.claim: one for one in judged(rows, {**own, "haar, density 0.03": 0.02}, tuning)}
    assert other[CLOSED].finding == "contradicted"  # the control: at another rate the verdict is another one
