"""A ticketed module as plain tensors: effective weights, with the zeros in them."""

from torch import Tensor, nn

from sltk.train.tickets.named import SUFFIX, named_tickets


def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """The ``state_dict`` of the plain network that ``module`` computes: ``W = B (gate * c)`` for every ticket.

    A plain module of the same layers loads it with ``load_state_dict(..., strict=True)``.

    Args:
        module: with tickets, attached or constructed.

    Returns:
        Copies, in no graph; what belongs to no ticket, such as biases and norms, as it is.

    Raises:
        SltkError: no ticket.
    """
    found = named_tickets(module)
    inside = tuple(f"{name}{SUFFIX}." for name in found)
    state = {key: value for key, value in module.state_dict().items() if not key.startswith(inside)}
    weights = {name: ticket() for name, ticket in found.items()}
    return {key: value.detach().clone() for key, value in (state | weights).items()}
