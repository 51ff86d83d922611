"""The bound that the claims on constructions state: errors carried forward, stage by stage.

A ticket's own certificate is the least of this and of others that see more and cost more (claim
``differential-relaxation``); a claim on the propagation of errors is held against the propagation itself.
"""

from sltk.certify.propagate import certify
from sltk.construct import StrongTicket


def carried_bound(ticket: StrongTicket) -> float:
    """``sup ||target - ticket||_inf`` over the domain by error propagation, rounded outward; the target is at hand."""
    assert ticket.target is not None
    return certify(ticket.target, ticket.domain, ticket.realised).bound
