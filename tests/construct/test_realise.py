"""What is read back from a mask is what the ticket computes: whatever the mask drops is gone from the sums."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sltk.construct import StrongTicket
from sltk.construct.masks import LayerMask
from tests.construct.building import build_ticket


def ticket_of(activation: nn.Module, method: str) -> StrongTicket:
    torch.manual_seed(2)
    target = nn.Sequential(nn.Linear(2, 3), activation, nn.Linear(3, 2))
    options = {"domain": (-1.0, 1.0), "n": 12, "param_eps": 0.05, "seed": 4, "input_shape": (2,)}
    return build_ticket(target, method=method, **options)


def without(ticket: StrongTicket, layer: int, place: int, part: str) -> StrongTicket:
    """The ticket with one kept number fewer."""
    mask = ticket.masks[layer]
    index = np.delete(getattr(mask, part), place)
    changed = LayerMask(index, mask.bias) if part == "weight" else LayerMask(mask.weight, index)
    return replace(ticket, masks=(*ticket.masks[:layer], changed, *ticket.masks[layer + 1 :]))


def effective_bias(ticket: StrongTicket) -> np.ndarray:
    """Output of the module where every input of the last stage's target is 0: of its constants alone."""
    role = ticket.plan.roles[-1]
    weight = ticket.source.weight(role.combine)
    mask = ticket.masks[role.combine].dense(ticket.source.layers[role.combine])
    below = ticket.masks[role.below].dense_bias(ticket.source.layers[role.below])
    assert role.constants is not None
    start = role.constants.start
    biases = ticket.source.biases(role.below, start + np.arange(role.constants.count))
    kept = np.where(below[start : start + role.constants.count], biases, 0.0)
    emitted = role.constants.activation(torch.from_numpy(kept)).numpy()
    columns = role.inputs * role.copies_in + np.arange(role.constants.count)
    return (weight * mask)[: role.outputs, columns] @ emitted


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh()], ids=["relu", "tanh"])
def test_a_constant_that_the_mask_drops_emits_no_more_than_its_activation_at_zero(activation: nn.Module) -> None:
    ticket = ticket_of(activation, "plus-one")
    role = ticket.plan.roles[-1]
    bias = ticket.target.stages[-1].affine.bias.numpy()
    for one in (ticket, *(without(ticket, role.below, n, "bias") for n in range(ticket.masks[role.below].bias.size))):
        wanted = np.abs(effective_bias(one) - bias)
        np.testing.assert_allclose(one.realised[-1].bias_error.numpy()[0], wanted, rtol=1e-9, atol=1e-9)
    dropped = without(ticket, role.below, 0, "bias")
    before, after = (one.realised[-1].bias_error.numpy() for one in (ticket, dropped))
    assert not np.allclose(before, after, atol=1e-6)  # negative control: this constant is one that counts


def test_a_weight_that_the_mask_drops_is_gone_from_its_parameter() -> None:
    ticket = ticket_of(nn.ReLU(), "plus-one")
    role = ticket.plan.roles[-1]
    kept = ticket.masks[role.combine].weight
    dropped = without(ticket, role.combine, 0, "weight")
    value = abs(float(ticket.source.weights(role.combine, kept[:1])[0]))
    moved = float((dropped.realised[-1].delta.value - ticket.realised[-1].delta.value).abs().max())
    assert 0.0 < moved <= value * (1 + 1e-9)
