"""Labelled images as tensors, with the box that every image of their kind lies in.

``digits`` comes with scikit-learn. The others are read from a folder that the user names, else from the one that
``SLTK_DATA`` names, else from the cache, else they are downloaded; whatever their origin, hashes are checked where
their publishers give some.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.data.cifar import Arrays, cifar_arrays
from sltk.data.cifar_jpeg import cifar_jpeg_arrays
from sltk.data.fashion import fashion_arrays
from sltk.data.mnist import mnist_arrays

MNIST_MEAN, MNIST_SD = 0.1307, 0.3081  # of the training pixels in [0, 1], as is usual for this data
FASHION_MEAN, FASHION_SD = 0.2860, 0.3530
# Of red, green and blue, in [0, 1], over the training pixels of the original files.
CIFAR10_LEVELS = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
CIFAR100_LEVELS = ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))
NAMES = ("digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "cifar10-jpeg")
_DIGITS_TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Dataset:
    """Images and labels, split into two parts.

    Attributes:
        train_x: ``(rows, channels, height, width)`` float32.
        train_y: ``(rows,)`` int64.
        test_x: as ``train_x``.
        test_y: as ``train_y``.
        low: least value that a pixel of any channel can have, exact as a float32.
        high: largest value that a pixel of any channel can have, exact as a float32.
        name: one of ``NAMES``.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    low: float
    high: float
    name: str

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.train_x.shape[1:])


def load(name: str, folder: str | Path | None = None, train: bool = True) -> Dataset:
    """The data set ``name``.

    Args:
        name: ``digits`` (1,797 images of 8 x 8 pixels, in ``[0, 1]``, split 1,437 to 360 at random, always alike) or
            ``mnist`` (60,000 and 10,000 of 28 x 28, ``(pixel / 255 - .1307) / .3081``, in the original order);
            ``fashion-mnist`` (the same, mean .2860, deviation .3530); ``cifar10`` and ``cifar100`` (50,000 and 10,000
            of 3 x 32 x 32, mean and deviation by channel); ``cifar10-jpeg`` (CIFAR-10 after JPEG compression).
        folder: where the files lie; digits need none.
        train: whether the training part is wanted; without it ``train_x`` and ``train_y`` have no rows, and a large
            data set is there in a fraction of the time.

    Raises:
        SltkError: an unknown name; files that are missing, unreadable, or not the original data.
    """
    place = None if folder is None else Path(folder)
    if name == "digits":
        return _digits(train)
    if name == "mnist":
        return _normalised("mnist", mnist_arrays(place), ((MNIST_MEAN,), (MNIST_SD,)), train)
    if name == "fashion-mnist":
        return _normalised(name, fashion_arrays(place), ((FASHION_MEAN,), (FASHION_SD,)), train)
    if name == "cifar10-jpeg":
        parts = ("train", "test") if train else ("test",)
        return _normalised(name, cifar_jpeg_arrays(place, parts), CIFAR10_LEVELS, train)
    if name in ("cifar10", "cifar100"):
        levels = CIFAR10_LEVELS if name == "cifar10" else CIFAR100_LEVELS
        return _normalised(name, cifar_arrays(name, place), levels, train)
    raise SltkError(f"load knows the data sets {', '.join(NAMES)}, but got name={name!r}.")


def _digits(wanted: bool) -> Dataset:
    from sklearn.datasets import load_digits  # scikit-learn takes about a second to import

    pixels, labels = load_digits(return_X_y=True)
    x = torch.from_numpy(pixels).to(torch.float32).reshape(-1, 1, 8, 8) / 16.0  # pixels are 0..16: exact
    y = torch.from_numpy(labels).to(torch.int64)
    order = torch.from_numpy(stream(0, "data", "digits", "split").permutation(len(y)))
    train, test = order.tensor_split([int(_DIGITS_TRAIN_SHARE * len(y))])
    train = train if wanted else train[:0]
    return Dataset(x[train], y[train], x[test], y[test], 0.0, 1.0, "digits")


def _normalised(name: str, arrays: Arrays, levels: tuple[tuple[float, ...], tuple[float, ...]], train: bool) -> Dataset:
    """Images as ``(pixel / 255 - mean) / deviation``, channel by channel, each of 256 values computed once."""
    mean, deviation = (torch.tensor(part, dtype=torch.float64)[:, None] for part in levels)
    table = ((torch.arange(256, dtype=torch.float64) / 255.0 - mean) / deviation).to(torch.float32)
    parts = []
    for part, rows in (("train", None if train else 0), ("test", None)):
        # What is not wanted has no rows, and may not have been read.
        names = (f"{part}_{kind}" if rows is None else f"test_{kind}" for kind in ("images", "labels"))
        images, labels = (torch.from_numpy(arrays[one][:rows]) for one in names)
        parts += [_looked_up(table, images), labels.to(torch.int64)]
    return Dataset(*parts, low=float(table[:, 0].min()), high=float(table[:, 255].max()), name=name)


def _looked_up(table: Tensor, images: Tensor) -> Tensor:
    planes = images[:, None] if images.ndim == 3 else images
    found = torch.empty(planes.shape)
    for channel, values in enumerate(table):
        found[:, channel] = values[planes[:, channel].to(torch.int32)]
    return found
