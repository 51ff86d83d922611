"""What users have as data becomes a task, or is refused in one line that says what to do."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.loop.given import require_fit, task_of
from sltk.train.loop.recipe import TrainingRecipe
from sltk.train.loop.samples import Samples
from sltk.train.methods.imp import imp
from tests.train.engine_task import dense, small_task

TASK = small_task()
X, Y = TASK.train.x, TASK.train.y


class Rows(Dataset):
    """A map-style data set of a user's own, with a transform."""

    def __init__(self, transform=lambda x: x) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return len(Y)

    def __getitem__(self, index: int):
        return self.transform(X[index]), int(Y[index])


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield X[0], 0


class OwnBatches(BatchSampler):
    """Batches of a user's own, which may leave rows out."""


SETS = {
    "pair": (X, Y),
    "list": [X, Y],
    "arrays": (X.numpy(), Y.numpy()),
    "small labels": (X, Y.to(torch.uint8)),
    "TensorDataset": TensorDataset(X, Y),
    "own": Rows(),
    "loader": DataLoader(TensorDataset(X, Y), batch_size=7),
    "shuffling loader": DataLoader(Rows(), batch_size=32, shuffle=True, drop_last=True),
}


@pytest.mark.parametrize("kind", SETS)
def test_every_kind_of_set_is_the_same_task(kind: str) -> None:
    task, plain = task_of(SETS[kind]), task_of((X, Y))
    assert [len(s.y) for s in (task.train, task.validation, task.test)] == [154, 38, 48]
    for own, other in zip(vars(task).values(), vars(plain).values(), strict=True):
        if isinstance(own, Samples):
            assert torch.equal(own.x, other.x)
            assert torch.equal(own.y, other.y)
            assert own.y.dtype == torch.int64


def test_no_row_is_in_two_parts() -> None:
    task = task_of((torch.arange(100.0)[:, None], torch.zeros(100, dtype=torch.int64)))
    rows = torch.cat([part.x for part in (task.train, task.validation, task.test)])
    assert sorted(rows.flatten().tolist()) == list(range(100))


def test_two_sets_are_training_and_test_and_three_are_all() -> None:
    two = task_of((DataLoader(TensorDataset(X, Y)), (TASK.test.x, TASK.test.y)))
    assert torch.equal(two.test.x, TASK.test.x)
    assert (len(two.train.y), len(two.validation.y)) == (192, 48)
    three = task_of([TensorDataset(X, Y), TASK.validation, Rows()])
    assert torch.equal(three.train.x, X)
    assert torch.equal(three.validation.x, TASK.validation.x)
    assert torch.equal(three.test.y, Y)


def test_a_subset_and_a_subset_sampler_give_their_rows_alone() -> None:
    rows = [5, 3, 9, 100, 41, 77]
    loader = DataLoader(Rows(), sampler=torch.utils.data.SubsetRandomSampler(rows))
    for data in (Subset(Rows(), sorted(rows)), loader):
        task = task_of([data, Rows(), Rows()])
        assert torch.equal(task.train.x, X[sorted(rows)])


def test_training_on_a_loader_is_training_on_its_tensors() -> None:
    fast = {"density": 0.5, "rounds": 1, "epochs": 1, "recipe": TrainingRecipe(rate=0.05, batch=40)}
    first = imp(dense, (X, Y), **fast)
    torch.manual_seed(7)
    assert imp(dense, DataLoader(Rows(), shuffle=True), **fast).rows == first.rows
    assert imp(dense, (X.flip(0), Y.flip(0)), **fast).rows != first.rows  # the order of rows is part of the data


GENERATOR = torch_stream(0, "tests", "jitter")


def jitter(x: torch.Tensor) -> torch.Tensor:
    return x + torch.randn(x.shape, generator=GENERATOR)


def mirror(x: torch.Tensor) -> torch.Tensor:
    return x.flip(-1) if torch.rand((), generator=GENERATOR) < 0.5 else x


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (X, "data must be"),
        ((X, Y, 3), "tuple of Tensor, Tensor, int"),
        ([], "list of nothing"),
        ({"x": X}, "data must be"),
        ((X, Y[:-1]), "one label a row"),
        ((X.to(torch.uint8), Y), "floating point"),
        ((X * torch.inf, Y), "finite"),
        ((X, Y.float()), "whole numbers"),
        ((X, nn.functional.one_hot(Y)), "argmax"),
        ((X, Y - 1), "the least is -1"),
        (TensorDataset(X), "two tensors"),
        (Endless(), "is a stream"),
        (DataLoader(Endless()), "is a stream"),
        (Rows(jitter), "differ from read to read"),
        (Rows(mirror), "differ from read to read"),
        (Rows(lambda x: "image"), "must be"),
        (Rows(lambda x: object()), "do not stack"),
        (DataLoader(Rows(), batch_sampler=OwnBatches(range(240), 8, False)), "its sampler is"),
        (DataLoader(Rows(), sampler=WeightedRandomSampler([1.0] * 240, 240)), "WeightedRandomSampler"),
        (DataLoader(Rows(), sampler=torch.utils.data.RandomSampler(Rows(), num_samples=9)), "RandomSampler"),
        ([(X, Y), (X[..., :3], Y)], "rows of one shape"),
        ((np.zeros((3, 2), dtype=np.float32), np.array(["a", "b", "c"], dtype=object)), "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_data_are_refused_in_one_line(data, named: str) -> None:
    with pytest.raises(SltkError, match=named) as told:
        task_of(data)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(15, 4)), "cannot be run on the data"),
        (nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), "at least 4 classes"),
        (nn.Linear(4, 4), "rows, classes"),
        (dense(0).double(), "cannot be run on the data"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_before_it_is_trained(module: nn.Module, named: str) -> None:
    with pytest.raises(SltkError, match=named) as told:
        require_fit(module.train(), TASK)
    assert "\n" not in str(told.value)
    assert module.training
    with pytest.raises(SltkError, match=named):
        imp(lambda seed: module, TASK)
    require_fit(dense(0), TASK)
