"""CIFAR-10 and CIFAR-100 in their binary format: records of label bytes and 3,072 pixel bytes."""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.data.places import checked, download, first_file, places

Arrays = dict[str, NDArray[np.uint8]]
PIXELS = 3 * 32 * 32
PARTS = {"train": 50_000, "test": 10_000}  # images of each
SOURCE = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class CifarFiles:
    """Of one of the two data sets.

    Attributes:
        archive: published file.
        md5: of the archive, as its publisher gives it.
        folder: that the archive unpacks to.
        train: files of the training part, in order.
        test: file of the test part.
        labels: label bytes of a record; the last one counts.
        classes: number of classes, equally many images of each in either part.
    """

    archive: str
    md5: str
    folder: str
    train: tuple[str, ...]
    test: str
    labels: int
    classes: int


FILES = {
    "cifar10": CifarFiles(
        "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", "cifar-10-batches-bin",
        tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin", 1, 10,
    ),
    "cifar100": CifarFiles(
        "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", "cifar-100-binary",
        ("train.bin",), "test.bin", 2, 100,
    ),
}  # fmt: skip


def cifar_arrays(name: str, folder: Path | None) -> Arrays:
    """Images ``(rows, 3, 32, 32)`` and labels ``(rows,)`` by ``train_images``, ``train_labels`` and so on.

    The archive is checked by its hash. Unpacked files have no published hash: they are checked by length, by range of
    labels, and by the count of every class.

    Args:
        name: ``cifar10`` or ``cifar100``.
        folder: that holds the archive or its unpacked files; ``None`` looks in ``$SLTK_DATA`` and in the cache,
            and downloads into the cache what neither has.

    Raises:
        SltkError: files that are missing, or are not what they should be.
    """
    published = FILES[name]
    where = places(name, folder, (published.folder, name))
    files = (*published.train, published.test)
    unpacked = next((place for place in where if all((place / file).is_file() for file in files)), None)
    if unpacked is not None:
        contents = {file: (unpacked / file).read_bytes() for file in files}
        return _arrays(contents, published, str(unpacked))
    path = first_file((published.archive,), where)
    if path is None and folder is not None:
        raise SltkError(f"folder {folder} holds neither {published.archive} nor {', '.join(files)}; name another.")
    known = f"md5:{published.md5}"
    path = path or download([SOURCE + published.archive], known, name, where)
    return _arrays(_members(checked(path, known, name), published), published, str(path))


def records(content: bytes, labels: int, classes: int, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images ``(rows, 3, 32, 32)`` and labels ``(rows,)`` of one file.

    Args:
        content: of the file.
        labels: label bytes a record; the last one is the label.
        classes: labels lie below it.
        name: of the file, for the message.

    Raises:
        SltkError: not a whole number of records, or a label out of range.
    """
    size = labels + PIXELS
    if not content or len(content) % size:
        raise SltkError(f"{name} has {len(content):,} bytes, no whole number of records of {size}; fetch it again.")
    table = np.frombuffer(content, dtype=np.uint8).reshape(-1, size)
    found = table[:, labels - 1].copy()
    if int(found.max()) >= classes:
        raise SltkError(f"{name} has a label {int(found.max())}, but there are {classes} classes; fetch it again.")
    return table[:, labels:].reshape(-1, 3, 32, 32).copy(), found


def require_balanced(arrays: Arrays, classes: int, origin: str) -> Arrays:
    """``arrays``, of which each part has as many images as it should, equally many of each class.

    Raises:
        SltkError: other counts.
    """
    for part in (part for part in PARTS if f"{part}_labels" in arrays):
        rows = PARTS[part]
        counts = np.bincount(arrays[f"{part}_labels"], minlength=classes)
        if (counts != rows // classes).any():
            raise SltkError(
                f"the {part} part in {origin} should have {rows // classes} images of each of {classes} classes, but "
                f"has {int(counts.min())} to {int(counts.max())}; fetch it again."
            )
    return arrays


def _arrays(contents: dict[str, bytes], published: CifarFiles, origin: str) -> Arrays:
    parsed = {file: records(content, published.labels, published.classes, file) for file, content in contents.items()}
    images, labels = zip(*(parsed[file] for file in published.train), strict=True)
    test_images, test_labels = parsed[published.test]
    found = {"train_images": np.concatenate(images), "train_labels": np.concatenate(labels)}
    return require_balanced(found | {"test_images": test_images, "test_labels": test_labels}, published.classes, origin)


def _members(archive: bytes, published: CifarFiles) -> dict[str, bytes]:
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for file in (*published.train, published.test):
            member = tar.extractfile(f"{published.folder}/{file}")
            if member is None:
                raise SltkError(f"{published.archive} holds no {published.folder}/{file}; fetch it again.")
            found[file] = member.read()
    return found
