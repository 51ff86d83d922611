"""The fast gate against ``torch.where``, bit for bit, and its memory of a gate that is written to."""

import copy

import pytest
import torch

from sltk.train.tickets.gating import gate_bits, gated


def bits(x: torch.Tensor) -> list[int]:
    return x.detach().view(torch.int32 if x.dtype == torch.float32 else torch.int64).flatten().tolist()


def parts(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    c = torch.randn(2, 5, 7, generator=generator).to(dtype)
    c[0, 0, :4] = torch.tensor([torch.inf, -torch.inf, torch.nan, -0.0], dtype=dtype)
    gate = torch.rand(c.shape, generator=generator) < 0.5
    gate[0, 0, :4] = False
    return c, gate


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bit_for_bit_forward_and_backward(dtype: torch.dtype) -> None:
    c, gate = parts(dtype)
    mine, theirs = c.clone().requires_grad_(), c.clone().requires_grad_()
    made, want = gated(mine, gate), torch.where(gate, theirs, 0.0)
    assert bits(made) == bits(want)
    slopes = torch.randn(7, 5, 2).to(dtype).permute(2, 1, 0)  # no contiguous gradient
    made.backward(slopes)
    want.backward(slopes)
    assert mine.grad is not None
    assert theirs.grad is not None
    assert torch.equal(mine.grad, theirs.grad)
    assert bits(c * gate) != bits(want)  # what a product would give


def test_a_gate_that_is_written_to_is_seen() -> None:
    c, gate = parts(torch.float32)
    before = gated(c, gate)
    gate.logical_not_()
    assert not torch.equal(gated(c, gate).nan_to_num(), before.nan_to_num())
    assert bits(gated(c, gate)) == bits(torch.where(gate, c, 0.0))


def test_a_copy_has_a_memory_of_its_own() -> None:
    c, gate = parts(torch.float32)
    gated(c, gate)
    other = copy.deepcopy(gate)
    for _ in range(gate._version + 1):
        other.logical_not_()
    assert bits(gated(c, other)) == bits(torch.where(other, c, 0.0))
    assert gate_bits(gate, torch.float32) is gate_bits(gate, torch.float32)


def test_other_kinds_go_through_where() -> None:
    c, gate = parts(torch.float64)
    half = c.to(torch.bfloat16)
    assert torch.equal(gated(half, gate), torch.where(gate, half, 0.0))
