"""Labelled images as tensors, with the box that every image of their kind lies in.

``digits`` comes with scikit-learn. ``mnist`` is read from a folder that the user names, else from the one that
``SLTK_DATA`` names, else from the cache, else it is downloaded; whatever its origin, the decompressed content of all
four files must have the known hashes.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.networks.mnist import mnist_arrays

MNIST_MEAN, MNIST_SD = 0.1307, 0.3081  # of the training pixels in [0, 1], as is usual for this data
NAMES = ("digits", "mnist")
_DIGITS_TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Dataset:
    """Images and labels, split into two parts.

    Attributes:
        train_x: ``(rows, channels, height, width)`` float32.
        train_y: ``(rows,)`` int64.
        test_x: as ``train_x``.
        test_y: as ``train_y``.
        low: least value that a pixel can have, exact as a float32.
        high: largest value that a pixel can have, exact as a float32.
        name: ``digits`` or ``mnist``.
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


def load(name: str, folder: str | Path | None = None) -> Dataset:
    """The data set ``name``.

    Args:
        name: ``digits`` (1,797 images of 8 x 8 pixels, in ``[0, 1]``, split 1,437 to 360 at random, always alike) or
            ``mnist`` (60,000 and 10,000 of 28 x 28, ``(pixel / 255 - .1307) / .3081``, in the original order).
        folder: where the four files of MNIST lie, as ``.gz`` or decompressed; digits need none.

    Raises:
        SltkError: an unknown name; files that are missing, unreadable, or not the original data.
    """
    if name == "digits":
        return _digits()
    if name == "mnist":
        return _mnist(None if folder is None else Path(folder))
    raise SltkError(f"load knows the data sets {', '.join(NAMES)}, but got name={name!r}.")


def _digits() -> Dataset:
    from sklearn.datasets import load_digits  # scikit-learn takes about a second to import

    pixels, labels = load_digits(return_X_y=True)
    x = torch.from_numpy(pixels).to(torch.float32).reshape(-1, 1, 8, 8) / 16.0  # pixels are 0..16: exact
    y = torch.from_numpy(labels).to(torch.int64)
    order = torch.from_numpy(stream(0, "data", "digits", "split").permutation(len(y)))
    train, test = order.tensor_split([int(_DIGITS_TRAIN_SHARE * len(y))])
    return Dataset(x[train], y[train], x[test], y[test], 0.0, 1.0, "digits")


def _mnist(folder: Path | None) -> Dataset:
    levels = ((torch.arange(256, dtype=torch.float64) / 255.0 - MNIST_MEAN) / MNIST_SD).to(torch.float32)
    arrays = mnist_arrays(folder)
    parts = []
    for part in ("train", "test"):
        images, labels = (torch.from_numpy(arrays[f"{part}_{kind}"]) for kind in ("images", "labels"))
        parts += [levels[images.to(torch.int64)][:, None], labels.to(torch.int64)]
    return Dataset(*parts, low=float(levels[0]), high=float(levels[255]), name="mnist")
