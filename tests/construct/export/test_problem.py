"""The exported problem, read back by a reader of its own and evaluated: it is target minus ticket."""

import re
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from tests.construct.building import build_ticket
from tests.construct.test_small_nets import built

KEPT = Path(__file__).parent / "small_problem"
Fields = list[tuple[int, Any]]


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data: bytes) -> Fields:
    """Numbers and contents of a message's fields."""
    found, at = [], 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 5:
            value, at = struct.unpack("<f", data[at : at + 4])[0], at + 4
        else:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        found.append((key >> 3, value))
    return found


def all_of(message: Fields, number: int) -> list[Any]:
    return [value for key, value in message if key == number]


def tensors(graph: Fields) -> dict[str, Tensor]:
    found = {}
    for raw in all_of(graph, 5):
        message = fields(raw)
        values = torch.frombuffer(bytearray(all_of(message, 9)[0]), dtype=torch.float32)
        found[all_of(message, 8)[0].decode()] = values.reshape(all_of(message, 1))
    return found


def attributes(node: Fields) -> dict[str, Any]:
    found = {}
    for raw in all_of(node, 5):
        message = fields(raw)
        kind = all_of(message, 20)[0]
        value = tuple(all_of(message, 8)) if kind == 7 else all_of(message, {1: 2, 2: 3}[kind])[0]
        found[all_of(message, 1)[0].decode()] = value
    return found


def run(path: Path, x: Tensor) -> Tensor:
    """What ONNX says that its nodes compute, by torch."""
    model = fields(path.read_bytes())
    graph = fields(all_of(model, 7)[0])
    values = {"X": x, **tensors(graph)}
    for raw in all_of(graph, 1):
        node = fields(raw)
        names, kind, given = [n.decode() for n in all_of(node, 1)], all_of(node, 4)[0].decode(), attributes(node)
        a = [values[name] for name in names]
        values[all_of(node, 2)[0].decode()] = {
            "Gemm": lambda a, g: a[0] @ a[1].T + a[2],
            "Conv": lambda a, g: F.conv2d(a[0], a[1], a[2], g["strides"], g["pads"][:2], g["dilations"], g["group"]),
            "Relu": lambda a, g: a[0].relu(), "Tanh": lambda a, g: a[0].tanh(), "Flatten": lambda a, g: a[0].flatten(1),
            "LeakyRelu": lambda a, g: F.leaky_relu(a[0], g["alpha"]), "Sub": lambda a, g: a[0] - a[1],
            "MaxPool": lambda a, g: F.max_pool2d(a[0], g["kernel_shape"], g["strides"], g["pads"][:2]),
        }[kind](a, given)  # fmt: skip
    return values["Y"]


def small() -> StrongTicket:
    torch.manual_seed(5)
    target = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    return build_ticket(target, domain=(-1.0, 1.0), input_shape=(2,), seed=1, method="two-layer", n=12, param_eps=0.1)


def image() -> StrongTicket:
    torch.manual_seed(1)
    target = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.LeakyReLU(0.2), nn.MaxPool2d(2), nn.Conv2d(2, 2, 2), nn.Tanh(), nn.Flatten(),
        nn.Linear(2, 3),
    )  # fmt: skip
    return build_ticket(target, domain=(0.0, 1.0), input_shape=(1, 4, 4), seed=1, n=18, param_eps=0.05)


@pytest.mark.parametrize("make", [small, image])
def test_the_graph_is_target_minus_ticket(make: Any, tmp_path: Path) -> None:
    one = make()
    folder = one.export_problem(tmp_path / "problem")
    x = torch.rand(6, *one.target.input_shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        wanted = (one.target(x.double()) - one.module("sparse").double()(x.double())).flatten(1)
    got = run(folder / "pair.onnx", x)
    torch.testing.assert_close(got.double(), wanted, rtol=1e-4, atol=2e-6)
    assert float(wanted.abs().max()) > 1e-4  # they do differ


def test_the_claim_is_the_box_and_the_negated_bound(tmp_path: Path) -> None:
    one = small()
    text = (one.export_problem(tmp_path / "problem", 0.25) / "problem.vnnlib").read_text()
    assert text.count("declare-const X_") == text.count("declare-const Y_") == 2
    assert re.findall(r"\(assert \((>=|<=) X_1 (-?[\d.]+)\)\)", text) == [(">=", "-1.0"), ("<=", "1.0")]
    assert "(or (and (>= Y_0 0.25)) (and (<= Y_0 -0.25)) (and (>= Y_1 0.25)) (and (<= Y_1 -0.25)))" in text
    assert text.count("(") == text.count(")")


def test_the_problem_that_is_checked_in_is_this_one(tmp_path: Path) -> None:
    """Small enough for any verifier; its bound is the certificate's, rounded up to two digits."""
    folder = small().export_problem(tmp_path / "problem", 0.13)
    for name in ("pair.onnx", "problem.vnnlib"):
        assert (folder / name).read_bytes() == (KEPT / name).read_bytes()
    assert small().certificate.bound <= 0.13


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SltkError, match="skips"):
        built("ResNet-18-like", "two-layer").export_problem(tmp_path / "a")
    with pytest.raises(SltkError, match="eps"):
        small().export_problem(tmp_path / "b", 0.0)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "x").write_text("")
    with pytest.raises(SltkError, match="not empty"):
        small().export_problem(tmp_path / "c")
