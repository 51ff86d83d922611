"""CIFAR-10 (JPEG): an archive of ``train/<class>/NNNN.jpg`` and ``test/<class>/NNNN.jpg``.

JPEG compression loses some detail, so accuracies on these images are not those on CIFAR-10, and the name says so.
"""

import io
import lzma
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sltk.core.errors import SltkError
from sltk.core.threads import in_order
from sltk.data.cifar import PARTS, Arrays, require_balanced
from sltk.data.places import checked, first_file, places

NAME = "cifar10-jpeg"
ARCHIVE = "cifar10-jpeg.tar.xz"
SHA256 = "9ed8cc66f0fb00320111deb2658d06b0dfa1b717074d91543c47d20249a286ee"
_SHARE = 500  # images that one thread decodes at a time
_BLOCK = 512  # bytes of a header of a tar file, of which a content has whole ones
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def cifar_jpeg_arrays(folder: Path | None, parts: Iterable[str] = tuple(PARTS)) -> Arrays:
    """Images ``(rows, 3, 32, 32)`` and labels ``(rows,)``, in order of class and file name.

    Args:
        folder: that holds the archive; ``None`` looks in ``$SLTK_DATA`` and in the cache. It is not downloaded.
        parts: which to decode; all of the archive is hashed.

    Raises:
        SltkError: no archive, another archive, or an image that is none.
    """
    where = places(NAME, folder, (NAME,))
    path = first_file((ARCHIVE,), where)
    if path is None:
        raise SltkError(
            f"{NAME} is missing: {ARCHIVE} is not in {', '.join(map(str, where))}. Name the folder that holds it, or "
            "use cifar10, which is downloaded."
        )
    return require_balanced(unpacked(checked(path, f"sha256:{SHA256}", NAME), parts), len(CLASSES), str(path))


def unpacked(archive: bytes, parts: Iterable[str] = tuple(PARTS)) -> Arrays:
    """Images and labels of some parts of an archive of this layout; files of other names are refused.

    Raises:
        SltkError: a file that is in no class, or no image of 32 x 32 pixels.
    """
    files: dict[str, list[tuple[str, bytes]]] = {part: [] for part in PARTS}
    for name, content in _plain_files(archive) or _files(archive):
        files[_part(name)].append((name, content))
    found: Arrays = {}
    for part in parts:
        members = sorted(files[part])
        shares = [members[first : first + _SHARE] for first in range(0, len(members), _SHARE)]
        found[f"{part}_images"] = np.concatenate(list(in_order(_decoded, shares)))
        found[f"{part}_labels"] = np.array([CLASSES.index(name.split("/")[1]) for name, _ in members], np.uint8)
    return found


def _decoded(members: Sequence[tuple[str, bytes]]) -> np.ndarray:
    return np.stack([_pixels(content, name) for name, content in members])


def _plain_files(archive: bytes) -> list[tuple[str, bytes]] | None:
    """Names and contents of an xz archive that has nothing but plain files with short names, else ``None``.

    The general reader takes longer over 60,000 headers than the decompression does.
    """
    if not archive.startswith(b"\xfd7zXZ\0"):
        return None
    text, found, at = lzma.decompress(archive), list[tuple[str, bytes]](), 0
    while at + _BLOCK <= len(text):
        header = text[at : at + _BLOCK]
        if not any(header):  # the end
            return found
        size, start = header[124:135], at + _BLOCK
        if header[156:157] != b"0" or header[345:346] != b"\0" or not size.isdigit():
            return None
        at = start + -(-int(size, 8) // _BLOCK) * _BLOCK
        found.append((header[:100].rstrip(b"\0").decode(), text[start : start + int(size, 8)]))
    return None


def _files(archive: bytes) -> list[tuple[str, bytes]]:
    found = list[tuple[str, bytes]]()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as tar:
        for member in tar:
            if member.isfile():
                content = tar.extractfile(member)
                assert content is not None
                found.append((member.name, content.read()))
    return found


def _part(name: str) -> str:
    parts = name.split("/")
    if len(parts) != 3 or parts[0] not in PARTS or parts[1] not in CLASSES:
        raise SltkError(f"{ARCHIVE} holds {name!r}, which is not like train/airplane/0000.jpg; fetch it again.")
    return parts[0]


def _pixels(content: bytes, name: str) -> np.ndarray:
    from PIL import Image  # matplotlib brings it

    try:
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    except (OSError, SyntaxError) as error:
        raise SltkError(f"{name} in {ARCHIVE} is no image: {error}; fetch the archive again.") from error
    if pixels.shape != (32, 32, 3):
        raise SltkError(f"{name} in {ARCHIVE} has shape {pixels.shape} instead of (32, 32, 3); fetch it again.")
    return pixels.transpose(2, 0, 1)
