"""Data sets: shapes, ranges, fixed splits, and what is said about files that are missing or are not the original."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.data import mnist
from sltk.data.datasets import load

MNIST = Path(os.environ.get("SLTK_DATA", Path(__file__).parents[3] / "shared" / "data")) / "mnist"
needs_mnist = pytest.mark.skipif(not MNIST.is_dir(), reason=f"no MNIST files in {MNIST}")


def digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.numpy().tobytes()).hexdigest()[:16]


def test_digits() -> None:
    data = load("digits")
    assert (tuple(data.train_x.shape), tuple(data.test_x.shape)) == ((1437, 1, 8, 8), (360, 1, 8, 8))
    assert data.input_shape == (1, 8, 8)
    assert data.train_x.dtype == torch.float32
    assert data.train_y.dtype == torch.int64
    assert (data.low, data.high) == (0.0, 1.0)
    both = torch.cat((data.train_x, data.test_x))
    assert (float(both.min()), float(both.max())) == (data.low, data.high)
    counts = torch.cat((data.train_y, data.test_y)).bincount()
    assert sorted(counts.tolist()) == [174, 177, 178, 179, 180, 181, 181, 182, 182, 183]


def test_the_split_is_fixed_and_random() -> None:
    data = load("digits")
    assert digest(data.test_y) == digest(load("digits").test_y) == "2a50b8eaa7be6220"
    assert float(data.test_y.bincount(minlength=10).min()) > 18  # half of what each digit has on average


def test_the_split_does_not_use_the_global_generator() -> None:
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002  the legacy state is what is checked
    load("digits")
    assert np.array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(before[1], torch.get_rng_state())


@needs_mnist
def test_mnist() -> None:
    data = load("mnist", MNIST)
    assert (tuple(data.train_x.shape), tuple(data.test_x.shape)) == ((60_000, 1, 28, 28), (10_000, 1, 28, 28))
    assert (data.train_x.dtype, data.train_y.dtype) == (torch.float32, torch.int64)
    assert (float(data.train_x.min()), float(data.train_x.max())) == (data.low, data.high)
    assert (data.low, data.high) == pytest.approx((-0.1307 / 0.3081, (1 - 0.1307) / 0.3081), rel=1e-6)
    assert abs(float(data.train_x.double().mean())) < 1e-3
    assert abs(float(data.train_x.double().std()) - 1) < 1e-3
    assert data.test_y[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.train_y[:5].tolist() == [5, 0, 4, 1, 9]


@needs_mnist
def test_the_pinned_hash_of_the_test_labels_is_that_of_the_known_file() -> None:
    content = gzip.decompress((MNIST / "t10k-labels-idx1-ubyte.gz").read_bytes())
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == "27ae3e4e09519cfbb04c329615203637"
    assert hashlib.sha256(content).hexdigest() == mnist.FILES["test_labels"][2]


def links(folder: Path, pattern: str = "*") -> Path:
    folder.mkdir(parents=True)
    for file in MNIST.glob(pattern):
        (folder / file.name).symlink_to(file)
    return folder


@needs_mnist
@pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
def test_the_variable_names_a_folder(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links(tmp_path / "data" / place if place != "." else tmp_path / "data")
    monkeypatch.setenv("SLTK_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(mnist, "_downloaded", None)
    assert len(load("mnist").test_y) == 10_000


@needs_mnist
def test_files_may_be_decompressed(tmp_path: Path) -> None:
    folder = links(tmp_path / "data", "*images*")
    for file in MNIST.glob("*labels*"):
        (folder / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    assert len(load("mnist", folder).train_y) == 60_000


@needs_mnist
@pytest.mark.parametrize("damage", ["missing", "content", "archive", "empty"])
def test_files_that_are_not_the_original(damage: str, tmp_path: Path) -> None:
    folder = links(tmp_path / "data", "*images*")
    for file in MNIST.glob("*labels*"):
        (folder / file.name).write_bytes(file.read_bytes())
    bad = folder / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(bad.read_bytes()))
    if damage == "missing":
        bad.unlink()
    elif damage == "content":
        content[1000] ^= 1
        bad.write_bytes(gzip.compress(bytes(content), 1))
    elif damage == "archive":
        bad.write_bytes(bad.read_bytes()[:-200])
    else:
        bad.write_bytes(b"")
    with pytest.raises(SltkError, match="t10k-labels-idx1-ubyte") as found:
        load("mnist", folder)
    assert str(folder) in str(found.value)


def test_without_files_and_network_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network is simulated by sources that refuse connections at once."""
    monkeypatch.setenv("SLTK_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "SOURCES", ("http://127.0.0.1:9/",))
    with pytest.raises(SltkError, match="SLTK_DATA") as found:
        load("mnist")
    assert "train-images-idx3-ubyte" in str(found.value)
    assert str(tmp_path / "nothing") in str(found.value)
    assert not list((tmp_path / "cache").rglob("*.gz"))


HEADER = b"\0\0\x08\x01\0\0\0\x03"


@pytest.mark.parametrize("content", [b"", HEADER[:4], HEADER + b"ab", HEADER + b"abcd", b"x" * 11])
def test_other_headers_and_lengths_are_refused(content: bytes) -> None:
    assert mnist.parsed(HEADER + b"abc", (0x801, 3), "labels").tolist() == [97, 98, 99]
    with pytest.raises(SltkError, match="labels"):
        mnist.parsed(content, (0x801, 3), "labels")


def test_other_names_are_refused() -> None:
    with pytest.raises(SltkError, match="digits, mnist"):
        load("imagenet")
