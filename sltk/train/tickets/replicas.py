"""Replicas: many runs of one network as one, on a leading axis of every tensor.

A network is computed layer by layer, with products for the whole stack (``sltk.train.stacked``), where each of its
layers has such a way, and what lies between them works row by row. ``torch.func.vmap`` over the plain network serves
every other module.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from sltk.core.errors import SltkError
from sltk.train.basis.base import MakeBasis
from sltk.train.stacked.network import first_dense, stacked_network, works_row_by_row
from sltk.train.stacked.parts import Parts, Weight
from sltk.train.tickets.attach import Attached, attach, tickets
from sltk.train.tickets.gating import gated
from sltk.train.tickets.ticket import Ticket


class Replicas(nn.Module):
    """``count`` copies of one attached network, each with parameters, masks and statistics of its own.

    Args:
        modules: plain modules of one architecture, one a replica; copied.
        basis: see ``attach``; called for each replica, and where the bases differ, their tensors are stacked too.
        seeds: one a replica; they name the random streams, so that replicas of equal seed see equal batches.
        arms: one a replica: what it is for, ``ticket`` by default.

    Attributes:
        tickets: by the weight's name; coefficients, mask and gate are ``(count, ...)``.
        rest: other parameters, stacked, by name.
        statistics: buffers such as those of batch norm, stacked, by name.

    Raises:
        SltkError: no modules, another number of seeds, or different architectures.
    """

    def __init__(
        self,
        modules: Sequence[nn.Module],
        seeds: Sequence[int],
        basis: MakeBasis | None = None,
        arms: Sequence[str] = (),
    ) -> None:
        super().__init__()
        if not modules or len(modules) != len(seeds):
            raise SltkError(f"replicas need one seed a module, but got {len(modules)} modules, {len(seeds)} seeds.")
        attached = [attach(module, "canonical" if basis is None else basis) for module in modules]
        self.seeds = tuple(seeds)
        self.arms = tuple(arms) or ("ticket",) * len(seeds)
        self._template = [copy.deepcopy(modules[0])]  # in a list: its tensors are none of this module's
        self._parts = Parts(len(seeds))
        self._network: list[nn.Module | None] | None = None  # made at the first call, and kept in a list likewise
        self._names = list(tickets(attached[0]))
        self._tickets = nn.ModuleList(_stacked([tickets(m)[name] for m in attached]) for name in self._names)
        own = _names_of_tickets(attached[0])
        rest = {n: [dict(m.named_parameters())[n] for m in attached] for n, _ in attached[0].named_parameters()}
        self._rest_names = [name for name in rest if name not in own]
        self._rest = nn.ParameterList(torch.stack([p.detach() for p in rest[name]]) for name in self._rest_names)
        self._statistics_names = [name for name, _ in modules[0].named_buffers()]
        for index, name in enumerate(self._statistics_names):
            self.register_buffer(f"_s{index}", torch.stack([dict(m.named_buffers())[name] for m in modules]))

    @property
    def count(self) -> int:
        """Number of replicas."""
        return len(self.seeds)

    @property
    def tickets(self) -> dict[str, Ticket]:
        """Stacked tickets by the name of the weight."""
        return dict(zip(self._names, self._tickets, strict=True))  # type: ignore[arg-type]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of one replica's weights, by name."""
        return {name: tuple(self.template.get_parameter(name).shape) for name in self._names}

    @property
    def template(self) -> nn.Module:
        """The plain network; its tensors are placeholders."""
        return self._template[0]

    def replace(self, tickets: dict[str, Ticket]) -> None:
        """Put other tickets in the place of those of the same names."""
        self._tickets = nn.ModuleList(tickets[name] for name in self._names)

    @property
    def rest(self) -> dict[str, Tensor]:
        """Parameters that are no weights, stacked."""
        # Not the list itself, which looks every entry up by the text of its number.
        return dict(zip(self._rest_names, self._rest.parameters(), strict=True))

    @property
    def left_out(self) -> dict[str, Tensor]:
        """Weights that no ticket is behind, stacked: parameters of two axes or more, as those of an LSTM."""
        return {name: p for name, p in self.rest.items() if p.ndim > 2}

    @property
    def statistics(self) -> dict[str, Tensor]:
        """Buffers of the network, stacked."""
        return {name: getattr(self, f"_s{index}") for index, name in enumerate(self._statistics_names)}

    def forward(self, x: Tensor, *, shared: bool = False, turned: bool = False) -> Tensor:
        """Outputs ``(count, batch, ...)``.

        Args:
            x: ``(count, batch, ...)``, or ``(batch, ...)`` for all where ``shared``.
            shared: whether the replicas see one batch.
            turned: whether ``x`` are rows of what ``turn`` gave.
        """
        weights = {name: _weight(ticket) for name, ticket in self.tickets.items()}
        return self._call(weights, x, shared, first_dense(self.template) if turned else "")

    def call(self, weights: dict[str, Tensor], x: Tensor, *, shared: bool = False) -> Tensor:
        """Outputs under other ``weights``, given by name with the replica axis."""
        return self._call({name: Weight(weight) for name, weight in weights.items()}, x, shared)

    def turn(self, x: Tensor) -> Tensor | None:
        """Data ``(rows, ...)`` in the basis of the first layer, turned once in place of at each step.

        ``None`` where it makes no difference: the first layer is none that reads the data as they are, or its basis
        leaves its inputs as they are, or has a rotation a replica.
        """
        name = first_dense(self.template)
        if not name or (self.count > 1 and self._direct(x[None]) is None):
            return None
        found = self.tickets[name].basis.turn(x.flatten(1))
        return None if found is None else found.view_as(x)

    def _call(self, weights: dict[str, Weight], x: Tensor, shared: bool, turned: str = "") -> Tensor:
        template = self.template
        if template.training != self.training:
            template.train(self.training)
        network = self._direct(x[None] if shared else x)
        if network is None:
            return self._mapped({name: weight.formed() for name, weight in weights.items()}, x, shared)
        if network.training != self.training:
            network.train(self.training)
        parts = self._parts
        parts.weights, parts.rest, parts.statistics, parts.turned = weights, self.rest, self.statistics, turned
        out = network(_rows(x, self.count, shared))
        parts.weights = {}  # no graph of a step that is done is held
        return out.unsqueeze(0) if self.count == 1 else out.unflatten(0, (self.count, -1))

    def _direct(self, x: Tensor) -> nn.Module | None:
        """The network of the stack, if there is one; tried when it is first asked for."""
        if self._network is None:
            made = stacked_network(self.template, self._parts)
            tried = made is not None and (self.count == 1 or works_row_by_row(self.template, x[0]))
            self._network = [made if tried else None]
        return self._network[0]

    def _mapped(self, weights: dict[str, Tensor], x: Tensor, shared: bool) -> Tensor:
        def one(weights: Any, rest: Any, statistics: Any, x: Tensor) -> Tensor:
            # Tied weights are refused when a ticket is attached; to look for them takes longer than a small layer.
            return functional_call(self.template, {**weights, **rest, **statistics}, (x,), tie_weights=False)

        if self.count == 1:  # a plain product is half as long again under vmap
            parts = (weights, self.rest, self.statistics)
            # Not v[0]: the gradient of an index is a tensor of zeros that the slice is copied into.
            first, rest, kept = ({n: v.squeeze(0) for n, v in part.items()} for part in parts)
            return one(first, rest, kept, x if shared else x[0])[None]
        mapped = vmap(one, in_dims=(0, 0, 0, None if shared else 0), randomness="different")
        return mapped(weights, self.rest, self.statistics, x)

    def module(self, index: int) -> nn.Module:
        """Replica ``index`` as an attached module of its own; see ``detach`` for a plain one."""
        plain = copy.deepcopy(self.template)
        own = attach(plain)
        for name, ticket in self.tickets.items():
            _layer_of(own, name).weight_ticket = _unstacked(ticket, index)
        with torch.no_grad():
            for name, parameter in own.named_parameters():
                if name in self.rest:
                    parameter.copy_(self.rest[name][index])
            for name, buffer in own.named_buffers():
                if name in self.statistics:
                    buffer.copy_(self.statistics[name][index])
        return own


def _weight(ticket: Ticket) -> Weight:
    if type(ticket) is Ticket:
        return Weight(gated(ticket.coefficients, ticket.gate), ticket.basis)
    return Weight(ticket.gated(), ticket.basis)  # a subclass gates in its own way


def _rows(x: Tensor, count: int, shared: bool) -> Tensor:
    """``(count rows, ...)``, replica by replica."""
    if not shared:
        return x.flatten(0, 1)
    return x if count == 1 else x.expand(count, *x.shape).flatten(0, 1)


def _stacked(parts: list[Ticket]) -> Ticket:
    c = torch.stack([t.coefficients.detach() for t in parts])
    basis = copy.deepcopy(parts[0].basis).to(c.dtype)
    stacked: list[str] = []
    for name, buffer in list(basis.named_buffers()):
        each = [dict(t.basis.named_buffers())[name].to(buffer.dtype) for t in parts]
        if any(not torch.equal(one, buffer) for one in each):
            setattr(basis, name, torch.stack(each))
            stacked.append(name)
    basis.stacked = tuple(stacked)
    return Ticket(c, torch.stack([t.mask for t in parts]), basis, trainable=True)


def _unstacked(ticket: Ticket, index: int) -> Ticket:
    basis = copy.deepcopy(ticket.basis)
    for name in basis.stacked:
        setattr(basis, name, getattr(basis, name)[index].clone())
    basis.stacked = ()
    own = Ticket(ticket.coefficients[index], ticket.mask[index], basis, trainable=True)
    own.gate.copy_(ticket.gate[index])
    return own


def _layer_of(module: nn.Module, weight: str) -> Any:
    layer = module.get_submodule(weight.rpartition(".")[0])
    assert isinstance(layer, Attached)
    return layer


def _names_of_tickets(module: nn.Module) -> set[str]:
    return {
        f"{layer}{'.' if layer else ''}weight_ticket.coefficients"
        for layer, part in module.named_modules()
        if isinstance(part, Attached)
    }
