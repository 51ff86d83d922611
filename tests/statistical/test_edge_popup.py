"""Edge-popup against a planted ticket: the exact test of its support, its false alarm and its negative control."""

import itertools
import math

import pytest
import torch

from sltk.core.rng import torch_stream
from sltk.studies.edge_search import PLANTED, PLANTED_DENSITY, planted_support, planted_task, search_planted

LEVEL = 1e-9


@pytest.mark.false_alarm(0.0)
def test_the_p_value_is_that_of_the_enumeration() -> None:
    planted = [torch.tensor([1, 1, 0, 0, 0]).bool(), torch.tensor([1, 0, 0]).bool()]
    found = [torch.tensor([1, 0, 1, 0, 0]).bool(), torch.tensor([1, 0, 0]).bool()]
    draws = [
        len({0, 1} & set(a)) + len({0} & set(b))
        for a in itertools.combinations(range(5), 2)
        for b in itertools.combinations(range(3), 1)
    ]
    expected = sum(hits >= 2 for hits in draws) / len(draws)
    assert math.isclose(planted_support(found, planted).p_value, expected)


@pytest.mark.false_alarm(0.0)  # seeds are fixed: if it passes once it passes always; p-values here are 1e-10 and below
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_support_is_found_better_than_chance(seed: int) -> None:
    planted, accuracy = search_planted(PLANTED, PLANTED_DENSITY, seed, rows=6000, epochs=40)
    assert planted.p_value <= LEVEL, f"seed {seed}: {planted}"
    assert accuracy > 0.3


@pytest.mark.false_alarm(LEVEL)
def test_a_random_mask_does_not_find_it() -> None:
    """Negative control: the same counts at random; the exact test rejects with probability LEVEL at most."""
    _, _, masks = planted_task(PLANTED, PLANTED_DENSITY, 0, rows=100)
    drawn = []
    for index, mask in enumerate(masks):
        scores = torch.rand(mask.numel(), generator=torch_stream(99, "blind", index))
        drawn.append((scores.argsort().argsort() < int(mask.sum())).view(mask.shape))
    assert planted_support(drawn, masks).p_value > LEVEL
