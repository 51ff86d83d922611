"""What users have as data, as a ``Task``: tensors, sets, loaders; parts that are missing are split off at random."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
)

from sltk.core.errors import SltkError
from sltk.train.loop.samples import Samples, Task, split_validation

TESTED = 0.2  # share that is held back as a test part where none is given
LOOKS = 32  # rows that are read twice: a mirror image at random leaves all of them alone with probability 2^-32
TAKEN = "a Task, a data set of sltk.data, (x, y), a torch DataLoader or data set, or two or three of these"


class Split(Protocol):
    """Labelled data in two parts, such as ``sltk.data.datasets.Dataset``."""

    @property
    def train_x(self) -> Tensor:
        """``(rows, ...)``."""
        ...

    @property
    def train_y(self) -> Tensor:
        """``(rows,)`` int64."""
        ...

    @property
    def test_x(self) -> Tensor:
        """As ``train_x``."""
        ...

    @property
    def test_y(self) -> Tensor:
        """As ``train_y``."""
        ...

    @property
    def name(self) -> str:
        """It names the stream that splits off a validation part."""
        ...


Data = Task | Split | DataLoader[Any] | torch.utils.data.Dataset[Any] | Sequence[Any]


def task_of(data: Data) -> Task:
    """A task from what users have.

    Args:
        data: a ``Task``, as it is; a ``Split``, whose test part is kept and a fifth of whose training part becomes the
            validation part; or labelled sets: one, of which a fixed random fifth becomes the test part; two, training
            and test; three, training, validation and test. A set is ``(x, y)`` of tensors or arrays, a
            ``TensorDataset`` or another data set with a length, or a ``DataLoader`` over one: it is read once into
            memory, in its own order. Batch size and shuffling of a loader are not taken over: the setup's recipe says
            how many rows a step takes, and each seed has an order of its own.

    Raises:
        SltkError: none of these; inputs that are not finite; labels that are no whole numbers from 0 on; rows that
            change from one read to the next, as random crops do; a loader that leaves out or weights rows at random.
    """
    if isinstance(data, Task):
        return data
    if hasattr(data, "train_x"):
        split: Any = data
        train, held = split_validation(split.train_x, split.train_y, name=split.name)
        return Task(train, held, Samples(split.test_x, split.test_y), split.name)
    parts = [_samples(part) for part in _parts(data)]
    if len(parts) == 1:
        rest, test = split_validation(parts[0].x, parts[0].y, TESTED, name="test")
        parts = [rest, test]
    if len(parts) == 2:
        parts = [*split_validation(parts[0].x, parts[0].y), parts[1]]
    train, validation, test = parts
    if not train.x.shape[1:] == validation.x.shape[1:] == test.x.shape[1:]:
        shapes = ", ".join(str(tuple(part.x.shape[1:])) for part in parts)
        raise SltkError(f"all parts of the data need rows of one shape, but got {shapes}.")
    return Task(train, validation, test)


def require_fit(module: nn.Module, task: Task) -> None:
    """Run ``module`` on two rows, so that a network that does not fit the data is refused before it is trained.

    Raises:
        SltkError: it cannot be run on them, or its outputs are not one number a class, for every label.
    """
    x, classes = task.train.x[:2], 1 + max(int(part.y.max()) for part in (task.train, task.validation, task.test))
    was = [(part, part.training) for part in module.modules()]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            out = module.eval()(x.to(next(module.parameters(), x).device))
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise SltkError(
            f"model cannot be run on the data, rows of shape {tuple(x.shape[1:])} in {x.dtype}: "
            f"{str(error).partition(chr(10))[0]}"
        ) from error
    finally:
        for part, training in was:
            part.training = training
    if not isinstance(out, Tensor) or out.ndim != 2 or out.shape[0] != len(x) or out.shape[1] < classes:
        shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise SltkError(
            f"model must give (rows, classes) with at least {classes} classes for the labels of the data, but its "
            f"output on {len(x)} rows is {shape}."
        )


def _parts(data: Any) -> list[Any]:
    """The sets in ``data``: itself, or two or three that stand in a row."""
    if isinstance(data, torch.utils.data.Dataset | DataLoader) or _is_pair(data):
        return [data]
    if isinstance(data, tuple | list) and len(data) in (2, 3) and all(map(_is_set, data)):
        return list(data)
    raise SltkError(f"data must be {TAKEN}, but got {_said(data)}.")


def _is_pair(data: Any) -> bool:
    return isinstance(data, tuple | list) and len(data) == 2 and all(isinstance(p, Tensor | np.ndarray) for p in data)


def _is_set(data: Any) -> bool:
    return isinstance(data, torch.utils.data.Dataset | DataLoader | Samples) or _is_pair(data)


def _said(data: Any) -> str:
    if isinstance(data, tuple | list):
        return f"{type(data).__name__} of {', '.join(type(part).__name__ for part in data) or 'nothing'}"
    return type(data).__name__


def _samples(part: Any) -> Samples:
    if isinstance(part, Samples):
        return part
    if isinstance(part, TensorDataset):
        if len(part.tensors) != 2:
            raise SltkError(f"a TensorDataset needs inputs and labels, two tensors, but has {len(part.tensors)}.")
        return _checked(*part.tensors)
    if isinstance(part, DataLoader):
        return _read(part.dataset, _rows_of(part), part.collate_fn)
    if isinstance(part, torch.utils.data.Dataset):
        return _read(part, range(_length(part)), default_collate)
    return _checked(*map(_tensor, part))


def _tensor(part: Any) -> Tensor:
    if isinstance(part, Tensor):
        return part
    try:
        return torch.from_numpy(part.copy())  # of its own: an array of the user's may be written to, or read-only
    except TypeError as error:
        raise SltkError(f"an array of {part.dtype} cannot be read as numbers; cast it, as by .astype(int).") from error


def _rows_of(loader: DataLoader[Any]) -> Sequence[int]:
    """Which rows a loader gives in an epoch, whatever their order."""
    count, sampler = _length(loader.dataset), loader.sampler
    if type(loader.batch_sampler) in (BatchSampler, type(None)):
        if isinstance(sampler, SubsetRandomSampler):
            return sorted(sampler.indices)
        whole = isinstance(sampler, RandomSampler) and not sampler.replacement and sampler.num_samples == count
        if isinstance(sampler, SequentialSampler) or whole:
            return range(count)
    raise SltkError(
        f"a DataLoader must give every row once an epoch, in order or shuffled, but its sampler is "
        f"{type(sampler).__name__}; pass its dataset, or a Subset of it."
    )


def _length(dataset: Any) -> int:
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise SltkError(
            f"a data set needs a length and rows by number, but {type(dataset).__name__} is a stream; read it into "
            "tensors, and pass (x, y)."
        )
    return len(dataset)


def _read(dataset: Any, rows: Sequence[int], collate: Any) -> Samples:
    if not len(rows):
        raise SltkError(f"the data set {type(dataset).__name__} is empty.")
    try:
        found = collate([dataset[i] for i in rows])
        again = collate([dataset[i] for i in rows[:LOOKS]])
    except (TypeError, RuntimeError) as error:
        raise SltkError(
            f"rows of {type(dataset).__name__} do not stack into tensors: {str(error).partition(chr(10))[0]}. Let each "
            "row be (tensor, label)."
        ) from error
    if not isinstance(found, tuple | list) or len(found) != 2 or not all(isinstance(p, Tensor) for p in found):
        raise SltkError(f"rows of {type(dataset).__name__} must be (input, label), but stack into {_said(found)}.")
    if not torch.equal(found[0][:LOOKS], again[0]):
        raise SltkError(
            f"rows of {type(dataset).__name__} differ from read to read, so its transform is random; take it out, and "
            "pass Setup(augment=...)."
        )
    return _checked(*found)


def _checked(x: Tensor, y: Tensor) -> Samples:
    if x.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64):
        raise SltkError(f"inputs must be floating point, or int64 indices, but are {x.dtype}; call .float() on them.")
    if x.is_floating_point() and not bool(torch.isfinite(x).all()):
        raise SltkError("inputs must be finite, but some are infinite or not numbers; clean them first.")
    if y.ndim != 1 or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise SltkError(
            f"labels must be whole numbers, one a row, but are {y.dtype} of shape {tuple(y.shape)}; of one-hot rows "
            "take .argmax(1)."
        )
    found = Samples(x, y.to(torch.int64))
    if int(found.y.min()) < 0:
        raise SltkError(f"labels must be 0, 1, ..., but the least is {int(found.y.min())}; number the classes from 0.")
    return found
