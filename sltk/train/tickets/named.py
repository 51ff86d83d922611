"""Every ticket in a module by the name of the tensor it stands for, however it came there."""

from torch import nn

from sltk.core.errors import SltkError
from sltk.train.tickets.ticket import Ticket

SUFFIX = "_ticket"


def named_tickets(module: nn.Module) -> dict[str, Ticket]:
    """Tickets of ``module``, in order, by names such as ``fc1.weight``.

    It covers attached modules, where it equals ``sltk.train.tickets.attach.tickets``, and constructed ones, whose
    layers hold tickets for biases too.

    Raises:
        SltkError: no ticket at all.
    """
    found = {name.removesuffix(SUFFIX): part for name, part in module.named_modules() if isinstance(part, Ticket)}
    if not found:
        raise SltkError(f"{type(module).__name__} holds no ticket; attach it first, with sltk.train.tickets.attach.")
    return found
