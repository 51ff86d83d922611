"""Labelled data in memory, and the order in which replicas see it."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from sltk.core.device_words import orders
from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream


@dataclass(frozen=True)
class Samples:
    """``x`` ``(rows, ...)`` and labels ``y`` ``(rows,)`` int64, on one device."""

    x: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.y) == 0:
            raise SltkError(f"samples need one label a row, but got {len(self.x)} rows and {len(self.y)} labels.")

    def to(self, device: torch.device | str) -> "Samples":
        """The same on ``device``."""
        return Samples(self.x.to(device), self.y.to(device))


@dataclass(frozen=True)
class Task:
    """What is learned: a training part, a validation part for choices, and a test part that no choice looks at."""

    train: Samples
    validation: Samples
    test: Samples
    name: str = "data"

    def to(self, device: torch.device | str) -> "Task":
        """The same on ``device``."""
        return Task(self.train.to(device), self.validation.to(device), self.test.to(device), self.name)


class Batch:
    """The rows of a step, in tensors that are made once and written over at each step.

    Args:
        data: ``(total, ...)``.
        labels: ``(total,)``.
        count: replicas.
        rows: of each.
    """

    def __init__(self, data: Tensor, labels: Tensor, count: int, rows: int) -> None:
        self._data, self._labels = data, labels
        self._x, self._y = data.new_empty(count * rows, *data.shape[1:]), labels.new_empty(count * rows)
        self._given = self._x.unflatten(0, (count, rows)), self._y.unflatten(0, (count, rows))

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """``(count, rows, ...)`` of the data and ``(count, rows)`` of the labels, until the next call."""
        places = rows.flatten()
        torch.index_select(self._data, 0, places, out=self._x)
        torch.index_select(self._labels, 0, places, out=self._y)
        return self._given


VALIDATION = 0.2  # of the training part of a data set


def split_validation(x: Tensor, y: Tensor, share: float = VALIDATION, *, name: str = "data") -> tuple[Samples, Samples]:
    """``(training, validation)``: a fixed random share of the rows is held back, the same for every seed.

    Raises:
        SltkError: a share that leaves either part empty.
    """
    held = round(share * len(y))
    if not 0 < held < len(y):
        raise SltkError(f"share must leave rows on both sides, but got {share} of {len(y)} rows; pass 0.2.")
    order = torch.randperm(len(y), generator=torch_stream(0, "validation", name)).to(y.device)
    return Samples(x[order[held:]], y[order[held:]]), Samples(x[order[:held]], y[order[:held]])


def batch_rows(
    seeds: tuple[int, ...], position: int, batch: int, total: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Rows ``(replicas, batch)`` of step ``position``: each epoch a new order, from the replica's own seed.

    The order of epoch ``e`` under seed ``s`` is word ``e`` of the counter-based stream ``(s, "order")``: it needs no
    state, is the same on every device, is made there, and no two seeds share orders. Rows past the last full batch of
    an epoch are left out.

    Raises:
        SltkError: a batch larger than the data.
    """
    if not 1 <= batch <= total:
        raise SltkError(f"batch must be from 1 to the {total} training rows, but got {batch}.")
    epoch, place = divmod(position, total // batch)
    return _orders(seeds, epoch, total, torch.device(device))[:, place * batch : (place + 1) * batch]


@lru_cache(maxsize=4)
def _orders(seeds: tuple[int, ...], epoch: int, total: int, device: torch.device) -> Tensor:
    return orders(seeds, ("order",), epoch, total, device)
