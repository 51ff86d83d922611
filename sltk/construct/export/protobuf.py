"""As much of ONNX's file format as a chain of layers needs, written by hand, so that no package is needed.

A message is a run of fields: a key ``8 number + wire type``, then an integer in base 128, four bytes, or a length and
as many bytes. Numbers of fields are those of ``onnx.proto3``.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 8
FLOAT = 1  # of TensorProto.DataType
Attribute = int | float | tuple[int, ...]


def integer(number: int, value: int) -> bytes:
    """A field with a non-negative integer."""
    return _varint(number << 3) + _varint(value)


def block(number: int, content: bytes | str) -> bytes:
    """A field with text or a message."""
    body = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _attribute(name: str, value: Attribute) -> bytes:
    body = block(1, name)
    if isinstance(value, tuple):
        return body + b"".join(integer(8, entry) for entry in value) + integer(20, 7)
    if isinstance(value, float):
        return body + _varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)
    return body + integer(3, value) + integer(20, 2)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(block(1, integer(1, size)) for size in shape)
    return block(1, name) + block(2, block(1, integer(1, FLOAT) + block(2, dims)))


@dataclass
class Graph:
    """Nodes in order, and the tensors that they read."""

    nodes: list[bytes] = field(default_factory=list[bytes])
    tensors: list[bytes] = field(default_factory=list[bytes])

    def tensor(self, name: str, values: NDArray[np.float32]) -> str:
        """Add a constant; gives back its name."""
        dims = b"".join(integer(1, size) for size in values.shape)
        raw = np.ascontiguousarray(values, dtype="<f4").tobytes()
        self.tensors.append(dims + integer(2, FLOAT) + block(8, name) + block(9, raw))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], output: str, attributes: Mapping[str, Attribute] | None = None
    ) -> str:
        """Add a node with one output; gives back its name."""
        body = b"".join(block(1, name) for name in inputs) + block(2, output) + block(3, output) + block(4, kind)
        body += b"".join(block(5, _attribute(name, value)) for name, value in (attributes or {}).items())
        self.nodes.append(body)
        return output

    def model(self, source: tuple[str, Sequence[int]], result: tuple[str, Sequence[int]], opset: int) -> bytes:
        """The whole file, for an input and an output of these names and shapes, batch axis included."""
        graph = b"".join(block(1, node) for node in self.nodes) + block(2, "difference")
        graph += b"".join(block(5, tensor) for tensor in self.tensors)
        graph += block(11, _value(*source)) + block(12, _value(*result))
        return integer(1, IR_VERSION) + block(2, "sltk") + block(7, graph) + block(8, block(1, "") + integer(2, opset))
