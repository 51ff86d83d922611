"""The four files of MNIST: where they are looked for, and how their content is checked and read."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError

VARIABLE = "SLTK_DATA"
SOURCES = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
# What is in each file, its IDX header (type and axes, as big-endian numbers), and SHA-256 of its decompressed content.
FILES = {
    "train_images": (
        "train-images-idx3-ubyte",
        (0x803, 60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train_labels": (
        "train-labels-idx1-ubyte",
        (0x801, 60_000),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test_images": (
        "t10k-images-idx3-ubyte",
        (0x803, 10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "test_labels": (
        "t10k-labels-idx1-ubyte",
        (0x801, 10_000),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def mnist_arrays(folder: Path | None) -> dict[str, NDArray[np.uint8]]:
    """Images ``(rows, 28, 28)`` and labels ``(rows,)`` by the names in ``FILES``, original order.

    Args:
        folder: where the files must lie; ``None`` looks in the folder ``$SLTK_DATA`` and in the cache,
            and downloads into the cache what neither has. A subfolder ``mnist`` or ``MNIST/raw`` will do.

    Raises:
        SltkError: a file that is missing, unreadable, or has other content than MNIST.
    """
    places = _places() if folder is None else _layouts(folder)
    arrays = {}
    for key, (name, header, digest) in FILES.items():
        path = _find(name, places)
        if path is None and folder is not None:
            raise SltkError(f"folder {folder} holds no {name}.gz nor {name}; name the folder with MNIST's four files.")
        content = _checked(path, digest) if path is not None else _downloaded(name, digest, places)
        arrays[key] = parsed(content, header, name)
    return arrays


def parsed(content: bytes, header: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """The array in an IDX file whose header must be ``header``: its type, then its axes.

    Raises:
        SltkError: another header, or another length than the axes say.
    """
    length = 4 * len(header)
    found = tuple(np.frombuffer(content[:length], dtype=">u4").tolist()) if len(content) >= length else ()
    if found != header or len(content) - length != np.prod(header[1:]):
        raise SltkError(
            f"{name} is no IDX file with header {header}: it has {len(content):,} bytes and begins with {found}; "
            "fetch it again."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=length).reshape(header[1:]).copy()


def _places() -> list[Path]:
    named = os.environ.get(VARIABLE)
    return [*(_layouts(Path(named)) if named else []), _cache()]


def _layouts(folder: Path) -> list[Path]:
    """The folder itself, and where collections of data sets keep the files in it; torchvision has the last."""
    return [folder, folder / "mnist", folder / "MNIST" / "raw"]


def _cache() -> Path:
    import pooch  # brings in requests, which no other data set needs

    return Path(pooch.os_cache("sltk")) / "mnist"


def _find(name: str, places: list[Path]) -> Path | None:
    candidates = [place / file for place in places for file in (f"{name}.gz", name)]
    return next((path for path in candidates if path.is_file()), None)


def _checked(path: Path, digest: str) -> bytes:
    content = _content(path)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise SltkError(
            f"{path} is not the original file of MNIST: its decompressed content has SHA-256 {found} instead of "
            f"{digest}; remove it, or name another folder."
        )
    return content


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise SltkError(f"cannot read {path}: {error}; remove it, or name another folder.") from error


def _downloaded(name: str, digest: str, places: list[Path]) -> bytes:
    import pooch

    folder, reasons = _cache(), []
    for source in SOURCES:
        try:
            # No hash here: archives differ by who packed them, what they hold does not and is checked next.
            saved = pooch.retrieve(f"{source}{name}.gz", known_hash=None, fname=f"{name}.gz", path=folder)
            return _checked(Path(saved), digest)
        except Exception as error:  # each transport has exceptions of its own
            (folder / f"{name}.gz").unlink(missing_ok=True)
            reasons.append(f"{source}: {type(error).__name__}")
    raise SltkError(
        f"MNIST is missing: {name}.gz is neither in {', '.join(map(str, places))}, nor could it be downloaded "
        f"({'; '.join(reasons)}). Name the folder that holds its four files, or set {VARIABLE} to it."
    )
