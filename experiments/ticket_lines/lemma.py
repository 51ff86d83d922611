r"""What a network on a path between two tickets is: a network of the target's shape, with known parameters.

Lemma. A stage of a two-layer source has univariate neurons ``relu(u_a x_i)``, constants ``relu(b_c)``, and outputs
``sum v_a relu(u_a x_i) + sum v_c relu(b_c)``. Let all that is kept of ``u`` and ``b`` be positive and ``x >= 0``, and
let ``E(v, u)`` be the affine map with weights ``sum_a v_a u_a`` and biases ``sum_c v_c b_c``. At ``alpha A + beta B``,
with ``alpha, beta >= 0``, the stage is the affine map

    alpha^2 E(v_A, u_A) + beta^2 E(v_B, u_B) + alpha beta (E(v_A, u_B) + E(v_B, u_A)).

Proof. ``relu(s x) = s x`` for ``s, x >= 0``, and ``E`` is linear in each argument. Three cases, where both tickets have
the parameters of one target to eps:

- *Apart* (no neuron that both keep): the cross terms are 0. On the line all parameters of the stage are
  ``g = (1-t)^2 + t^2`` times the target's to ``g eps``, half of them in the middle. With ReLU between them, L stages
  scale the network by ``g^L``, and the bias of stage ``l`` as if it were ``g^(1-l)`` times as large; without biases no
  answer changes. On the arc ``(cos, sin)`` the parameters are the target's to eps.
- *One first layer* (``u_A = u_B``, ``b_A = b_B``): the stage is ``(alpha + beta) (alpha E_A + beta E_B)``, on the line
  a mean of both, so that its parameters are the target's to eps. Of two targets, it is their line, to eps.
- *Anything else*: cross terms pair outgoing weights of one source with incoming ones of another.

Under plus-one the first stage alone is of this form; later ones read copies, and are linear in what both tickets keep,
up to their constants: apart, all is scaled by one ``g``, whatever the depth, and no answer changes.
"""

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from experiments.ticket_lines.along import Probe, Way, mixed
from experiments.ticket_lines.source import Ticket, names
from experiments.ticket_lines.symmetry import outgoing_of
from experiments.ticket_lines.units import layers_of
from sltk.construct import Construction
from sltk.construct.methods.roles import Role

Stage = tuple[Tensor, Tensor]


def effective(asked: Construction, role: Role, outgoing: Ticket, incoming: Ticket) -> Stage:
    """``E(v, u)``: weights ``(outputs, inputs * inner)`` and biases ``(outputs,)`` of a stage of one copy.

    Args:
        outgoing: the ticket that ``v`` is of; incoming: the one that ``u`` and ``b`` are of.
    """
    assert role.first is not None
    assert role.copies_out == 1
    v, copies = outgoing_of(asked, role, outgoing)[: role.outputs], role.inputs * role.copies_in
    first = incoming.weights[f"{names(asked)[role.first]}.weight"].view(-1, role.fan)
    u = first[:copies].sum(1).view(role.inputs, role.copies_in)  # a neuron keeps one weight at most
    weight = torch.einsum("jias,ia->jis", v[:, :copies].view(role.outputs, *u.shape, role.inner), u)
    bias = torch.zeros(role.outputs, dtype=torch.float64)
    if role.constants is not None:
        start = role.constants.start
        b = incoming.weights[f"{names(asked)[role.below]}.bias"][start : start + role.constants.count]
        bias = torch.einsum("jcs,c->j", v[:, copies:], b)
    return weight.flatten(1), bias


def on_the_way(asked: Construction, first: Ticket, second: Ticket, shares: tuple[float, float]) -> list[Stage]:
    """The parameters of every stage at ``shares[0] first + shares[1] second``, by the lemma."""
    a, b = shares
    found: list[Stage] = []
    for role in asked.plan.roles:
        parts = [
            (a * a, effective(asked, role, first, first)), (b * b, effective(asked, role, second, second)),
            (a * b, effective(asked, role, first, second)), (a * b, effective(asked, role, second, first)),
        ]  # fmt: skip
        weight, bias = (torch.stack([k * part[one] for k, part in parts]).sum(0) for one in (0, 1))
        found.append((weight, bias))
    return found


def with_stages(target: nn.Module, stages: list[Stage]) -> nn.Module:
    """A float64 copy of ``target`` with other parameters."""
    own = copy.deepcopy(target).double().eval()
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers_of(own), stages, strict=True):
            assert layer.bias is not None
            layer.weight.copy_(weight.view_as(layer.weight))
            layer.bias.copy_(bias)
    return own


def apart_from_lemma(
    probe: Probe, asked: Construction, module: nn.Module, target: nn.Module, pair: tuple[Ticket, Ticket], way: Way
) -> float:
    """Largest difference between the source's network in the middle of the path and what the lemma says it is, over
    the largest output; both in float64."""
    exactly, shares = replace(probe, x=probe.x.double()), way(0.5)
    run = exactly.outputs(module, mixed(pair[0].weights, pair[1].weights, shares))
    said = with_stages(target, on_the_way(asked, *pair, shares))
    there = exactly.outputs(said, dict(said.named_parameters()))
    return float((run - there).abs().max() / there.abs().max())
