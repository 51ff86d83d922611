"""Sanity checks: what each corruption takes out, what it leaves, and that a method prunes on it alone."""

import pytest
import torch

from sltk.core.errors import SltkError
from sltk.train.loop.corrupt import CORRUPTIONS, corrupted, random_labels, random_pixels, shuffled_pixels
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task
from sltk.train.methods.at_init import AtInit
from sltk.train.methods.dense import Dense
from sltk.train.phases.under import Under
from sltk.train.runner import run
from sltk.train.setup import Setup
from tests.train.engine_task import dense, small_task

TASK = small_task()
PARTS = ("train", "validation", "test")
SETUP = Setup(seeds=(0, 1, 2), epochs=8, recipe=TrainingRecipe(rate=0.1, batch=40))


def coloured() -> Task:
    return Task(*(Samples(getattr(TASK, p).x.repeat(1, 3, 1, 1) + torch.arange(3.0)[:, None, None], getattr(TASK, p).y)
                  for p in PARTS))  # fmt: skip


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_the_seed_fixes_it_and_what_was_given_stays(how: str) -> None:
    before = TASK.train.x.clone(), TASK.train.y.clone()
    first, again, other = corrupted(TASK, how, 1), corrupted(TASK, how, 1), corrupted(TASK, how, 2)
    for name in PARTS:
        a, b = getattr(first, name), getattr(again, name)
        assert torch.equal(a.x, b.x)
        assert torch.equal(a.y, b.y)
    assert not (torch.equal(first.train.x, other.train.x) and torch.equal(first.train.y, other.train.y))
    assert torch.equal(TASK.train.x, before[0])
    assert torch.equal(TASK.train.y, before[1])


def test_random_labels_keep_rows_and_counts_and_the_test_part() -> None:
    found = random_labels(TASK)
    for name in ("train", "validation"):
        own, old = getattr(found, name), getattr(TASK, name)
        assert torch.equal(own.x, old.x)
        assert torch.equal(own.y.bincount(), old.y.bincount())
        assert float((own.y == old.y).double().mean()) < 0.5  # of four classes
    assert torch.equal(found.test.y, TASK.test.y)


def test_shuffled_pixels_are_one_permutation_of_all_rows_and_channels() -> None:
    task = coloured()
    found = shuffled_pixels(task)
    order = [int((found.train.x[0, 0].flatten() == v).nonzero()) for v in task.train.x[0, 0].flatten()]
    assert sorted(order) == list(range(16))
    for name in PARTS:
        own, old = getattr(found, name), getattr(task, name)
        assert torch.equal(own.x.flatten(2)[..., order], old.x.flatten(2))
        assert torch.equal(own.y, old.y)
    flat = Task(*(Samples(getattr(TASK, p).x.flatten(1), getattr(TASK, p).y) for p in PARTS))
    assert torch.equal(shuffled_pixels(flat).train.x.sort(1).values, flat.train.x.sort(1).values)


def test_random_pixels_keep_each_rows_values_with_their_colours() -> None:
    task = coloured()
    found = random_pixels(task)
    assert torch.equal(found.test.x.flatten(2).sort(-1).values, task.test.x.flatten(2).sort(-1).values)
    assert torch.allclose(found.test.x[:, 1] - found.test.x[:, 0], torch.ones(4, 4), atol=1e-6)
    moved = [(found.test.x[i] != task.test.x[i]).any() for i in range(10)]
    assert all(moved)
    first, second = (random_pixels(task).train.x[:2].flatten(2).argsort(-1)[i] for i in (0, 1))
    assert not torch.equal(first, second)


def test_a_network_learns_from_shuffled_pixels_and_not_from_random_labels_or_pixels() -> None:
    """Four classes, 80 test rows: chance is .25."""
    seen = {how: sum(run(Dense(), dense, corrupted(TASK, how), SETUP).accuracy("final")) / 3 for how in CORRUPTIONS}
    clean = sum(run(Dense(), dense, TASK, SETUP).accuracy("final")) / 3
    assert seen["shuffled-pixels"] > clean - 0.1 > 0.8
    assert seen["random-labels"] < 0.5
    assert seen["random-pixels"] < 0.7


def test_a_mask_is_found_on_corrupted_data_and_trained_on_the_data_as_they_are() -> None:
    setup = Setup(seeds=(0, 1), epochs=8, recipe=SETUP.recipe)
    plain = run(AtInit(0.3), dense, TASK, setup)
    for how in CORRUPTIONS:
        found = run(AtInit(0.3, pruned_on=how), dense, TASK, setup)
        by_hand = run(AtInit(0.3), dense, corrupted(TASK, how), Setup(seeds=(0, 1), steps=1, recipe=SETUP.recipe))
        assert all(torch.equal(mask, by_hand.masks[name]) for name, mask in found.masks.items())
        assert not all(torch.equal(mask, plain.masks[name]) for name, mask in found.masks.items())
        assert found.state.task is not None
        assert torch.equal(found.state.task.train.y, TASK.train.y)
        assert min(found.accuracy("final")) > 0.6


@pytest.mark.parametrize("make", [lambda: corrupted(TASK, "noise"), lambda: AtInit(pruned_on="noise"),
                                  lambda: Under("noise", None)])  # fmt: skip
def test_an_unknown_corruption_is_refused(make) -> None:
    with pytest.raises(SltkError, match="a corruption is one of random-labels"):
        make()
