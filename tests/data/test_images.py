"""Fashion-MNIST and CIFAR: layouts, hashes, and what is said about files that are not the published ones."""

import gzip
import io
import lzma
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sltk.core.errors import SltkError
from sltk.data import cifar, cifar_jpeg, fashion, places
from sltk.data.datasets import CIFAR10_LEVELS, load

DATA = Path(os.environ.get("SLTK_DATA", Path(__file__).parents[3] / "shared" / "data"))
JPEG = DATA / cifar_jpeg.ARCHIVE


def record(label: int, value: int, before: bytes = b"") -> bytes:
    return before + bytes([label]) + bytes([value] * 1024 + [value + 1] * 1024 + [value + 2] * 1024)


def test_records_of_one_and_of_two_label_bytes() -> None:
    images, labels = cifar.records(record(3, 5) + record(9, 7), 1, 10, "file")
    assert labels.tolist() == [3, 9]
    assert images.shape == (2, 3, 32, 32)
    assert images[1, :, 0, 0].tolist() == [7, 8, 9]  # planes: red, green, blue
    _, fine = cifar.records(record(77, 5, before=b"\x02"), 2, 100, "file")
    assert fine.tolist() == [77]  # the fine label, not the coarse one


@pytest.mark.parametrize("content", [b"", record(3, 5)[:-1], record(10, 5)])
def test_damaged_records_are_refused(content: bytes) -> None:
    with pytest.raises(SltkError, match="fetch it again"):
        cifar.records(content, 1, 10, "file")


def folder_of_cifar10(folder: Path, spoil: bool = False) -> Path:
    layout = cifar.FILES["cifar10"]
    place = folder / layout.folder
    place.mkdir(parents=True)
    for file in (*layout.train, layout.test):
        table = np.zeros((10_000, 3073), np.uint8)
        table[:, 0] = np.arange(10_000) % 10
        table[:, 1:] = 128
        table[0, 0] = 1 if spoil and file == layout.test else 0
        (place / file).write_bytes(table.tobytes())
    return folder


def test_an_unpacked_folder_normalised_by_channel(tmp_path: Path) -> None:
    data = load("cifar10", folder_of_cifar10(tmp_path))
    assert (data.train_x.shape, data.test_x.shape) == ((50_000, 3, 32, 32), (10_000, 3, 32, 32))
    means, deviations = CIFAR10_LEVELS
    for channel in range(3):
        want = (128 / 255 - means[channel]) / deviations[channel]
        assert float(data.test_x[5, channel, 3, 4]) == pytest.approx(want, rel=1e-6)
    assert data.low < -1.9
    assert data.high > 2.1


def test_classes_that_are_not_balanced_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SltkError, match=r"test part .* 1000 images of each of 10 classes, but has 999 to 1001"):
        load("cifar10", folder_of_cifar10(tmp_path, spoil=True))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_an_archive_of_other_content_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / cifar.FILES[name].archive).write_bytes(b"something else")
    with pytest.raises(SltkError, match="md5"):
        load(name, tmp_path)


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10", "cifar100", "cifar10-jpeg"])
def test_an_empty_folder_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(SltkError) as found:
        load(name, tmp_path)
    assert str(tmp_path) in str(found.value)


def test_the_files_of_mnist_are_not_fashion(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"digits"))
    with pytest.raises(SltkError, match=r"not the published file of fashion-mnist"):
        fashion.fashion_arrays(tmp_path)


def test_without_files_and_network_the_places_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLTK_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar, "SOURCE", "http://127.0.0.1:9/")
    with pytest.raises(SltkError, match="SLTK_DATA") as found:
        load("cifar10")
    assert str(tmp_path / "nothing") in str(found.value)


def test_a_folder_that_is_named_shuts_out_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLTK_DATA", str(tmp_path / "variable"))
    named = places.places("x", tmp_path / "named", ("sub",))
    assert named == [tmp_path / "named", tmp_path / "named" / "sub"]
    assert places.places("x", None, ())[0] == tmp_path / "variable"


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as tar:
        for name, content in files.items():
            sample = tarfile.TarInfo(name)
            sample.size = len(content)
            tar.addfile(sample, io.BytesIO(content))
    return out.getvalue()


def jpeg(colour: tuple[int, int, int], size: int = 32) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "JPEG", quality=100)
    return out.getvalue()


def test_an_archive_of_jpegs() -> None:
    files = {
        "train/truck/0001.jpg": jpeg((200, 0, 0)),
        "train/airplane/0000.jpg": jpeg((0, 0, 200)),
        "test/cat/0000.jpg": jpeg((0, 200, 0)),
    }
    found = cifar_jpeg.unpacked(archive(files))
    assert found["train_labels"].tolist() == [0, 9]  # by class, whatever the order in the archive
    assert found["test_labels"].tolist() == [3]
    assert np.abs(found["train_images"][1, :, 0, 0].astype(int) - [200, 0, 0]).max() <= 3


def test_the_fast_reader_reads_what_tarfile_reads_and_leaves_the_rest_to_it() -> None:
    files = {f"train/cat/{i:04}.jpg": jpeg((i, 0, 0)) * (i % 3) for i in range(20)}
    packed = archive(files)
    assert cifar_jpeg._plain_files(packed) == cifar_jpeg._files(packed) == list(files.items())
    long = archive({"train/cat/" + "0" * 120 + ".jpg": b"x"})
    assert cifar_jpeg._plain_files(long) is None
    assert len(cifar_jpeg._files(long)) == 1
    assert cifar_jpeg._plain_files(lzma.compress(lzma.decompress(packed)[:700])) is None  # cut off
    assert cifar_jpeg._plain_files(gzip.compress(lzma.decompress(packed))) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train/dragon/0.jpg", jpeg((1, 1, 1))),
        ("../evil.jpg", jpeg((1, 1, 1))),
        ("train/cat/0.jpg", b"no image"),
        ("train/cat/0.jpg", jpeg((1, 1, 1), 31)),
    ],
)
def test_an_archive_of_something_else(name: str, content: bytes) -> None:
    with pytest.raises(SltkError, match="fetch"):
        cifar_jpeg.unpacked(archive({name: content}))


@pytest.mark.skipif(not JPEG.is_file(), reason=f"no {JPEG}")
def test_the_archive_itself() -> None:
    data = load("cifar10-jpeg", DATA)
    assert data.train_y.bincount().tolist() == [5000] * 10
    assert data.test_y.bincount().tolist() == [1000] * 10
    assert float(data.train_x.mean().abs()) < 0.01
    assert float((data.train_x.std((0, 2, 3)) - 1).abs().max()) < 0.01
    assert data.train_x.dtype == torch.float32
    test = load("cifar10-jpeg", DATA, train=False)
    assert tuple(test.train_x.shape) == (0, 3, 32, 32)
    assert len(test.train_y) == 0
    assert torch.equal(test.test_x, data.test_x)
    assert (test.low, test.high, test.input_shape) == (data.low, data.high, data.input_shape)


@pytest.mark.skipif(not JPEG.is_file(), reason=f"no {JPEG}")
def test_a_changed_archive_is_refused(tmp_path: Path) -> None:
    content = bytearray(JPEG.read_bytes())
    content[1000] ^= 1
    (tmp_path / cifar_jpeg.ARCHIVE).write_bytes(bytes(content))
    with pytest.raises(SltkError, match="sha256"):
        load("cifar10-jpeg", tmp_path)


def test_without_its_training_part_a_data_set_is_the_same() -> None:
    whole, test = load("digits"), load("digits", train=False)
    assert len(whole.train_x) > 0
    assert len(test.train_x) == len(test.train_y) == 0
    assert torch.equal(test.test_x, whole.test_x)
    assert torch.equal(test.test_y, whole.test_y)
    assert test.input_shape == whole.input_shape
