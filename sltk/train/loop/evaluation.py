"""What is computed of a network: the loss that is trained, accuracies, densities."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sltk.train.loop.live import live
from sltk.train.loop.samples import Samples
from sltk.train.tickets.replicas import Replicas

EVALUATED = 16_384  # rows times replicas at a time


def replica_loss(out: Tensor, y: Tensor) -> Tensor:
    """Sum over replicas of the mean cross entropy over rows: the gradient of each replica is its own.

    Args:
        out: ``(count, rows, classes)``.
        y: ``(count, rows)``.
    """
    return F.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="sum") / y.shape[1]


def density(replicas: Replicas) -> list[float]:
    """Kept coefficients, and non-zero numbers of weights without a ticket, over the numbers of all weights."""
    return _share(replicas, {name: ticket.mask for name, ticket in replicas.tickets.items()})


def live_density(replicas: Replicas, x: Tensor) -> list[float]:
    """The same of the live coefficients alone: see ``sltk.train.loop.live``; at most the density.

    Args:
        replicas: their masks as they are.
        x: rows of the data, for their shape.
    """
    return _share(replicas, live(replicas, x))


def _share(replicas: Replicas, masks: dict[str, Tensor]) -> list[float]:
    parts = [*masks.values(), *(p.detach() != 0 for p in replicas.left_out.values())]
    kept = torch.stack([part.flatten(1).sum(1) for part in parts]).sum(0)
    numbers = sum(math.prod(shape) for shape in replicas.shapes.values())
    return (kept.double() / (numbers + sum(p[0].numel() for p in replicas.left_out.values()))).tolist()


def evaluate(replicas: Replicas, samples: Samples) -> tuple[Tensor, Tensor]:
    """Accuracy and mean cross entropy of every replica, in eval mode.

    Returns:
        ``(count,)`` float64 each; the accuracy is a share of whole rows.
    """
    was = replicas.training
    replicas.eval()
    right = torch.zeros(replicas.count, dtype=torch.int64, device=samples.y.device)
    loss = torch.zeros(replicas.count, dtype=torch.float64, device=samples.y.device)
    with torch.no_grad():
        step = max(1, EVALUATED // replicas.count)
        weights = {name: ticket() for name, ticket in replicas.tickets.items()}
        for x, y in zip(samples.x.split(step), samples.y.split(step), strict=True):
            out = replicas.call(weights, x, shared=True)
            right += (out.argmax(-1) == y).sum(-1)
            each = F.cross_entropy(out.flatten(0, 1), y.repeat(replicas.count), reduction="none")
            loss += each.view(replicas.count, -1).double().sum(1)
    replicas.train(was)
    return right.double() / len(samples.y), loss / len(samples.y)
