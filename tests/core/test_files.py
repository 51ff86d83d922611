"""Files are written whole or not at all; JSON has one spelling and no surprises."""

import json
import math
import os
import stat

import pytest

from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, read_json, sha256, write_atomic


def test_written_bytes_come_back_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "folder" / "a.bin"
    write_atomic(path, b"one")
    write_atomic(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["a.bin"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_atomic(path, b"old")

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(SltkError, match=r"cannot write .*disk full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_an_interrupt_passes_and_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.bin", b"new")
    assert os.listdir(tmp_path) == []


def test_mode_follows_the_umask_and_then_the_old_file(tmp_path):
    path, plain = tmp_path / "a.bin", tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomic(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    write_atomic(path, b"two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(SltkError, match="cannot write"):
            write_atomic(path, b"x")


def test_sha256_of_the_empty_text():
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # FIPS 180-4


def test_canonical_json_sorts_keys_and_drops_blanks():
    value = {"b": [1, 2.5, None, True], "a": {"y": "é", "x": 0.1}}
    text = canonical_json(value)
    assert text == '{"a":{"x":0.1,"y":"é"},"b":[1,2.5,null,true]}'.encode()
    assert canonical_json(dict(reversed(list(value.items())))) == text
    assert json.loads(text) == value


@pytest.mark.parametrize("number", [math.pi, 5e-324, 1.7976931348623157e308, -0.0, 2**70])
def test_numbers_come_back_exactly(number):
    assert str(json.loads(canonical_json([number]))[0]) == str(number)


@pytest.mark.parametrize("value", [math.nan, [-math.inf], {1: 2}, [{None: 1}], object(), {"a": {1, 2}}])
def test_values_without_one_spelling_are_refused(value):
    with pytest.raises(SltkError, match="canonical_json"):
        canonical_json(value)


def test_a_circle_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(SltkError, match="canonical_json"):
        canonical_json(circle)


def test_read_json_reads_what_was_written(tmp_path):
    write_atomic(tmp_path / "a.json", canonical_json({"a": [1, "é"]}))
    assert read_json(tmp_path / "a.json") == {"a": [1, "é"]}


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"a": NaN}', b"[Infinity]", b"\xff\xfe", b'{"a":1,"a":2}', b"[1] 2", b"[" * 100_000]
)
def test_damaged_json_is_refused_by_name(tmp_path, data):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(SltkError, match=r"a\.json"):
        read_json(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SltkError, match=r"cannot read .*none\.json"):
        read_json(tmp_path / "none.json")
