"""Hashes are looked at: files of the right form and other content are refused, where no data set is at hand too."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.data import mnist
from sltk.data.mnist import mnist_arrays
from sltk.data.places import checked


def small_mnist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Files of two images each that take the place of MNIST's four, with their own hashes."""
    contents, files = {}, {}
    for number, (key, (name, header, _)) in enumerate(mnist.FILES.items()):
        header = (header[0], 2, *header[2:])
        values = np.full(header[1:], number, dtype=np.uint8).tobytes()
        contents[key] = b"".join(part.to_bytes(4, "big") for part in header) + values
        files[key] = (name, header, hashlib.sha256(contents[key]).hexdigest())
        (folder / f"{name}.gz").write_bytes(gzip.compress(contents[key]))
    monkeypatch.setattr(mnist, "FILES", files)
    return contents


@pytest.mark.parametrize("key", list(mnist.FILES))
@pytest.mark.parametrize("packed", [True, False])
def test_one_other_byte_of_mnist_is_refused(
    key: str, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = small_mnist(tmp_path, monkeypatch)
    assert sorted(mnist_arrays(tmp_path)) == sorted(contents)
    name, other = mnist.FILES[key][0], contents[key][:-1] + b"\xff"
    (tmp_path / f"{name}.gz").unlink()
    (tmp_path / f"{name}{'.gz' if packed else ''}").write_bytes(gzip.compress(other) if packed else other)
    with pytest.raises(SltkError, match="is not the original file of MNIST") as found:
        mnist_arrays(tmp_path)
    assert name in str(found.value)


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_one_other_byte_of_a_published_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(b"as published")
    known = f"{kind}:{hashlib.new(kind, b'as published', usedforsecurity=False).hexdigest()}"
    assert checked(path, known, "a set") == b"as published"
    path.write_bytes(b"as publisheD")
    with pytest.raises(SltkError, match=f"its {kind} is"):
        checked(path, known, "a set")
