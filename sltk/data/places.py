"""Where the files of a data set are looked for: a named folder, else ``$SLTK_DATA``, else the cache, else the net."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from sltk.core.errors import SltkError

VARIABLE = "SLTK_DATA"


def cache(name: str) -> Path:
    """Folder of the cache for the data set ``name``; it need not exist."""
    import pooch  # brings in requests, which no embedded data set needs

    return Path(pooch.os_cache("sltk")) / name


def places(name: str, folder: Path | None, subfolders: Sequence[str]) -> list[Path]:
    """Folders in order of precedence; a named ``folder`` shuts out all others.

    Args:
        name: of the data set, as in the cache.
        folder: where the files must lie, or ``None``.
        subfolders: of a collection of data sets, in which the files may lie as well.
    """
    named = os.environ.get(VARIABLE)
    roots = [folder] if folder is not None else [Path(named)] if named else []
    found = [place for root in roots for place in (root, *(root / sub for sub in subfolders))]
    return found if folder is not None else [*found, cache(name)]


def first_file(names: Sequence[str], where: Sequence[Path]) -> Path | None:
    """The first of ``names`` in the first of the folders ``where`` that has one."""
    return next((place / name for place in where for name in names if (place / name).is_file()), None)


def checked(path: Path, known: str, data_set: str) -> bytes:
    """Content of ``path``, whose hash must be ``known``.

    Args:
        path: a file.
        known: ``md5:...`` as its publisher gives it, or ``sha256:...``.
        data_set: its name, for the message.

    Raises:
        SltkError: unreadable, or other content.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}; name another folder.") from error
    kind, _, digest = known.partition(":")
    found = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
    if found != digest:
        raise SltkError(
            f"{path} is not the published file of {data_set}: its {kind} is {found} instead of {digest}; remove it, "
            "or name another folder."
        )
    return content


def download(urls: Sequence[str], known: str, data_set: str, looked_in: Sequence[Path]) -> Path:
    """Fetch the first of ``urls`` that answers into the cache, with the hash ``known``.

    Raises:
        SltkError: none answers with this content; the message names every folder that was looked into.
    """
    import pooch

    reasons = []
    for url in urls:
        try:
            name = url.rpartition("/")[2]
            return Path(pooch.retrieve(url, known_hash=known, fname=name, path=cache(data_set)))
        except Exception as error:  # each transport has exceptions of its own
            reasons.append(f"{url}: {type(error).__name__}")
    raise SltkError(
        f"{data_set} is missing: {urls[0].rpartition('/')[2]} is neither in {', '.join(map(str, looked_in))}, nor "
        f"could it be downloaded ({'; '.join(reasons)}). Name the folder that holds it, or set {VARIABLE} to it."
    )
