"""Tickets on disk: the same bytes, bit-for-bit redraws, and a refusal for every file that is not what it says."""

import json
import tracemalloc
import zlib
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.torch import load, save
from torch import nn

from sltk.construct import load as load_ticket
from sltk.construct import save as save_ticket
from sltk.construct.file import content_hash
from sltk.core.errors import SltkError
from sltk.core.numerics.packing import pack, unpack
from sltk.networks.reading.read import read
from tests.construct.building import build_ticket


def small_target(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.5)
    return read(module, (3,))


def ticket_for(network, seed: int = 5):
    return build_ticket(network, method="plus-one", n=14, seed=seed, domain=(-1.0, 1.0), param_eps=0.01)


@given(hnp.arrays(np.int64, st.integers(0, 200), elements=st.integers(0, 2**62), unique=True))
def test_packing_round_trip(values) -> None:
    index = np.sort(values)
    assert np.array_equal(unpack(pack(index), 2**63 - 1), index)


@pytest.mark.parametrize("index", [[0], [2**62], [0, 1, 2], [127, 128, 129, 2**35, 2**53 + 1, 2**53 + 2]])
def test_packing_of_edges(index) -> None:
    index = np.array(index, dtype=np.int64)
    assert np.array_equal(unpack(pack(index), 2**63 - 1), index)


def test_a_loaded_ticket_is_the_ticket(tmp_path) -> None:
    network = small_target()
    ticket = ticket_for(network)
    save_ticket(ticket, tmp_path / "a.ticket")
    loaded = load_ticket(tmp_path / "a.ticket", network)
    assert all(np.array_equal(a.weight, b.weight) for a, b in zip(ticket.masks, loaded.masks, strict=True))
    assert loaded.certificate.bound == ticket.certificate.bound
    x = torch.rand(5, 3) * 2 - 1
    assert torch.equal(loaded.module()(x), ticket.module()(x))


def test_same_ticket_same_bytes(tmp_path) -> None:
    for name in ("a", "b"):
        save_ticket(ticket_for(small_target()), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def tamper(path, change, signed: bool) -> None:
    """Rewrite a ticket file after ``change(tensors, metadata)``; ``signed`` makes its own hash fit again."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["ticket"])
    tensors = load(data)
    change(tensors, metadata)
    if signed:
        metadata.pop("content_sha256")
        with suppress(UnicodeEncodeError):  # what cannot be written has no hash that fits
            metadata["content_sha256"] = content_hash(tensors, metadata)
    path.write_bytes(save(tensors, {"ticket": json.dumps(metadata)}))


def drop_one_index(tensors, metadata) -> None:
    index = unpack(tensors["mask.1.weight"].numpy(), 2**40)
    tensors["mask.1.weight"] = torch.from_numpy(pack(index[:-1]))


def other_seed(tensors, metadata) -> None:
    metadata["source"] = metadata["source"].replace('"seed":5', '"seed":6')


def other_weights(tensors, metadata) -> None:
    metadata["weights_sha256"] = "0" * 64


def other_format(tensors, metadata) -> None:
    metadata["format"] = "something else"


def missing_mask(tensors, metadata) -> None:
    del tensors["mask.0.bias"]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("change", [drop_one_index, other_seed, other_weights, other_format, missing_mask])
def test_a_tampered_file_is_refused(tmp_path, change, signed: bool) -> None:
    """Even one whose own hash was made to fit: the redrawn weights are compared as well."""
    path = tmp_path / "a.ticket"
    save_ticket(ticket_for(small_target()), path)
    tamper(path, change, signed)
    with pytest.raises(SltkError):
        load_ticket(path)


def other_tolerance(tensors, metadata) -> None:
    metadata["tolerances"] = metadata["tolerances"].replace("0.01", "0.02")


def other_problems(tensors, metadata) -> None:
    metadata["problems"] = str(int(metadata["problems"]) + 1)


def other_domain(tensors, metadata) -> None:
    tensors["domain"] = tensors["domain"] * 0.5


def other_target(tensors, metadata) -> None:
    metadata["target_sha256"] = "0" * 64


@pytest.mark.parametrize("change", [other_tolerance, other_problems, other_domain, other_target])
def test_the_content_is_compared_with_its_hash(tmp_path, change) -> None:
    """What the redrawn weights say nothing of: only the file's own hash can tell that it was damaged."""
    path = tmp_path / "a.ticket"
    save_ticket(ticket_for(small_target()), path)
    before = path.read_bytes()
    tamper(path, change, signed=False)
    with pytest.raises(SltkError, match="its content does not match its own hash"):
        load_ticket(path)
    path.write_bytes(before)
    tamper(path, change, signed=True)
    load_ticket(path)  # negative control: damaged, and nothing but the hash is in the way


def test_a_truncated_file_is_refused(tmp_path) -> None:
    path = tmp_path / "a.ticket"
    save_ticket(ticket_for(small_target()), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SltkError):
        load_ticket(path)


def test_another_architecture_is_refused(tmp_path) -> None:
    path = tmp_path / "a.ticket"
    save_ticket(ticket_for(small_target()), path)
    other = read(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)), (3,))
    with pytest.raises(SltkError, match="architecture"):
        load_ticket(path, other)


def deep(tensors, metadata) -> None:
    metadata["source"] = "[" * 100_000 + "]" * 100_000


def huge(tensors, metadata) -> None:
    metadata["source"] = metadata["source"].replace('"outputs":4', '"outputs":1000000000000')


def wide_kernel(tensors, metadata) -> None:
    metadata["source"] = metadata["source"].replace('"kernel":[1,1]', '"kernel":[1000000000,1]')


def inflating(tensors, metadata, size: int = 2**28) -> None:
    tensors["mask.1.weight"] = torch.frombuffer(bytearray(zlib.compress(bytes(size), 1)), dtype=torch.uint8)


def inflating_to_gigabytes(tensors, metadata) -> None:
    inflating(tensors, metadata, 2**31)


def beyond(tensors, metadata) -> None:
    tensors["mask.1.weight"] = torch.from_numpy(pack(np.array([0, 2**40], dtype=np.int64)))


def words_for_bytes(tensors, metadata) -> None:
    tensors["mask.1.weight"] = tensors["mask.1.weight"].long()


def ragged(tensors, metadata) -> None:
    tensors["failures.copy"] = torch.zeros(3, dtype=torch.int32)


def unknown_kind(tensors, metadata) -> None:
    for name, tensor in list(tensors.items()):
        if name.startswith("failures."):
            tensors[name] = torch.full((1,), 77, dtype=tensor.dtype)


def surrogate(tensors, metadata) -> None:
    metadata["target_sha256"] = "\ud800"


def no_number(tensors, metadata) -> None:
    metadata["tolerances"] = "[NaN, 0.01]"


def flat_domain(tensors, metadata) -> None:
    tensors["domain"] = torch.zeros(2, dtype=torch.float64)


def other_entries(tensors, metadata) -> None:
    metadata["search"] = metadata["search"].replace("objective", "objection")


FORGED = [deep, huge, wide_kernel, inflating, beyond, words_for_bytes, ragged, unknown_kind, surrogate, no_number,
          flat_domain, other_entries]  # fmt: skip


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_file_is_one_line(tmp_path, change) -> None:
    """Whatever is wrong with it, and although its hash was made to fit."""
    path = tmp_path / "a.ticket"
    save_ticket(ticket_for(small_target()), path)
    tamper(path, change, signed=True)
    with pytest.raises(SltkError) as refused:
        load_ticket(path)
    assert len(str(refused.value).splitlines()) == 1
    assert str(refused.value).isascii()


def test_what_inflates_to_gigabytes_is_refused_in_little_memory(tmp_path) -> None:
    path = tmp_path / "a.ticket"
    save_ticket(ticket_for(small_target()), path)
    tamper(path, inflating_to_gigabytes, signed=True)
    tracemalloc.start()
    with pytest.raises(SltkError, match="inflates"):
        load_ticket(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 2**20
