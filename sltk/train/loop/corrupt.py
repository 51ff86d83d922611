"""Data with something taken out of them, as sanity checks: labels at random, pixels in another order.

A mask that is as good when it was found on such data has not learned from what was taken out.

Source: Zhang et al. 1611.03530 (what networks still fit); Su et al. 2009.11094, Frankle et al. 2009.08576 (the same for
pruning), all remembered.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.rng import torch_stream
from sltk.train.loop.samples import Samples, Task


def random_labels(task: Task, seed: int = 0) -> Task:
    """Labels of the training and the validation part permuted, each within its part: every class keeps its count.

    The test part stays as it is. From the streams ``(seed, "random labels", part)``.
    """

    def mixed(part: Samples, name: str) -> Samples:
        order = torch.randperm(len(part.y), generator=torch_stream(seed, "random labels", name))
        return Samples(part.x, part.y[order.to(part.y.device)])

    return Task(mixed(task.train, "train"), mixed(task.validation, "validation"), task.test, task.name)


def shuffled_pixels(task: Task, seed: int = 0) -> Task:
    """One permutation of the pixels for all rows of all parts, the same in every channel.

    What is left to a dense network is all there was; to a convolution, little. From the stream
    ``(seed, "shuffled pixels")``.
    """
    order = torch.randperm(_pixels(task.train.x), generator=torch_stream(seed, "shuffled pixels"))

    def moved(part: Samples) -> Samples:
        flat = _flat(part.x)
        return Samples(flat[..., order.to(flat.device)].reshape(part.x.shape), part.y)

    return Task(moved(task.train), moved(task.validation), moved(task.test), task.name)


def random_pixels(task: Task, seed: int = 0) -> Task:
    """Every row's pixels permuted in an order of its own, the same in every channel: what is left are their values.

    From the streams ``(seed, "random pixels", part)``.
    """

    def moved(part: Samples, name: str) -> Samples:
        generator = torch_stream(seed, "random pixels", name)
        flat = _flat(part.x)
        order = torch.rand(len(flat), flat.shape[-1], generator=generator).argsort(-1).to(flat.device)
        order = order[:, None].expand(flat.shape)
        return Samples(flat.gather(-1, order).reshape(part.x.shape), part.y)

    train, validation, test = (moved(getattr(task, name), name) for name in ("train", "validation", "test"))
    return Task(train, validation, test, task.name)


CORRUPTIONS: dict[str, Callable[[Task, int], Task]] = {
    "random-labels": random_labels,
    "shuffled-pixels": shuffled_pixels,
    "random-pixels": random_pixels,
}


def corrupted(task: Task, how: str, seed: int = 0) -> Task:
    """``task`` under the corruption ``how``, one of ``CORRUPTIONS``.

    Raises:
        SltkError: another word.
    """
    if how not in CORRUPTIONS:
        raise SltkError(f"a corruption is one of {', '.join(CORRUPTIONS)}, but got {how!r}.")
    return CORRUPTIONS[how](task, seed)


def _pixels(x: Tensor) -> int:
    return _flat(x[:1]).shape[-1]


def _flat(x: Tensor) -> Tensor:
    """``(rows, channels, pixels)``; rows of one axis have one channel."""
    return x.flatten(1)[:, None] if x.ndim < 3 else x.flatten(2)
