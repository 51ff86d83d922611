"""The run that is meant for a GPU, at toy size on a CPU; and mistakes of others in data and selection."""

from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch

from sltk.data.augment import CropFlip
from sltk.models.registry import model
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples, Task, batch_rows
from sltk.train.methods.base import TrainingMethod
from sltk.train.methods.imp import imp
from sltk.train.methods.rst import rst
from sltk.train.phases.base import Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.prune import Prune
from sltk.train.phases.rewind import Anchor, Rewind
from sltk.train.phases.train import Train
from sltk.train.runner import run
from sltk.train.setup import Setup

SEEDS = (0, 1, 2)
resnet = partial(model, "resnet-20", input_shape=(3, 8, 8), classes=3)


def task(rows: int = 48) -> Task:
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(0, 3, (rows,), generator=generator)
    x = torch.randn(rows, 3, 8, 8, generator=generator) + y[:, None, None, None]
    part = rows // 2
    held, seen = Samples(x[part : part + 12], y[part : part + 12]), Samples(x[part + 12 :], y[part + 12 :])
    return Task(Samples(x[:part], y[:part]), held, seen, "toy")


RECIPE = TrainingRecipe(rate=0.05, momentum=0.9, batch=8)


@pytest.mark.parametrize("basis", ["canonical", "dct"])
def test_late_rewinding_on_a_residual_network(basis: str) -> None:
    outcome = imp(resnet, task(), basis=basis, density=0.2, rounds=2, seeds=SEEDS, epochs=2, recipe=RECIPE, rewind=2)
    total = sum(mask[0].numel() for mask in outcome.masks.values())
    for index, _ in enumerate(SEEDS):
        assert sum(int(mask[index].sum()) for mask in outcome.masks.values()) == round(0.2 * total)
    assert {(row["label"], row["seed"]) for row in outcome.rows if "test" in row} >= {("2", seed) for seed in SEEDS}
    plain = outcome.module(1)
    weight = plain.get_parameter("3.conv1.weight").detach()
    assert weight.shape == (16, 16, 3, 3)
    assert torch.isfinite(plain.eval()(torch.zeros(2, 3, 8, 8))).all()


def test_a_random_structure_is_transformed_on_a_residual_network() -> None:
    outcome = rst(resnet, task(), density=0.3, seeds=SEEDS[:2], epochs=2, recipe=RECIPE)
    masks = outcome.masks
    assert any(not torch.equal(mask[0], mask[1]) for mask in masks.values())
    for name, ticket in outcome.state.replicas.tickets.items():
        assert torch.equal(ticket.gate, ticket.mask), name
        assert not bool(ticket()[~ticket.mask].any()), name


@dataclass(frozen=True)
class OneRound(TrainingMethod):
    name = "one-round"

    def phases(self, setup: Setup, rows: int) -> Phases:
        train = Train(5, RECIPE, augment=setup.augment)
        return [Anchor(), train, Prune(self.density), Rewind(), train, Measure("end")]


def augmented(seeds: tuple[int, ...]) -> dict[str, torch.Tensor]:
    small = partial(model, "conv-2", input_shape=(3, 8, 8), classes=3)
    outcome = run(OneRound(0.5), small, task(), Setup(seeds=seeds, augment=CropFlip(2)))
    return {name: ticket.coefficients.detach() for name, ticket in outcome.state.replicas.tickets.items()}


def test_augmentation_depends_on_the_replicas_seed_alone() -> None:
    together, alone = augmented((5, 6)), augmented((6,))
    for name, c in together.items():
        assert torch.allclose(c[1], alone[name][0], rtol=0, atol=1e-4), name
    other = augmented((7,))
    assert any(not torch.allclose(alone[name], other[name], rtol=0, atol=1e-2) for name in alone)


def test_seed_plus_epoch_names_no_order() -> None:
    """Seed 3 in epoch 1 and seed 4 in epoch 0 see different orders, and each epoch a new one."""
    per_epoch = 4
    orders = {
        (seed, epoch): tuple(batch_rows((seed,), epoch * per_epoch, 25, 100)[0].tolist())
        for seed in range(4)
        for epoch in range(4)
    }
    assert len(set(orders.values())) == len(orders)


def test_the_test_part_decides_nothing() -> None:
    """Other images and labels in the test part: the same masks and the same weights, to the bit."""
    own = task()
    spoilt = replace(own, test=Samples(-own.test.x, (own.test.y + 1) % 3))
    found = [
        imp(resnet, data, density=0.3, rounds=1, seeds=(0,), epochs=1, recipe=RECIPE).state.replicas.tickets
        for data in (own, spoilt)
    ]
    for name in found[0]:
        assert torch.equal(found[0][name].mask, found[1][name].mask), name
        assert torch.equal(found[0][name].coefficients, found[1][name].coefficients), name


def test_the_training_part_decides() -> None:
    """The break that the test above must see."""
    own = task()
    other = replace(own, train=Samples(-own.train.x, (own.train.y + 1) % 3))
    runs = [imp(resnet, data, density=0.3, rounds=1, seeds=(0,), epochs=1, recipe=RECIPE) for data in (own, other)]
    assert any(not torch.equal(a, b) for a, b in zip(runs[0].masks.values(), runs[1].masks.values(), strict=True))
