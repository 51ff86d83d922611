"""Batch-norm statistics of a network that has just been changed."""

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from sltk.train.loop.samples import batch_rows
from sltk.train.loop.state import State

BATCH, MOST = 128, 50


def recompute(state: State) -> None:
    """Running means and variances as plain averages over batches of the training part; each replica its own."""
    replicas = state.replicas
    norms = [m for m in replicas.template.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not norms:
        return
    momenta, was = [m.momentum for m in norms], replicas.training
    _reset(replicas.statistics)
    train = state.task.train
    batch = min(BATCH, len(train.y))
    try:
        replicas.train()
        with torch.no_grad():
            for place in range(min(MOST, len(train.y) // batch)):
                for norm in norms:
                    norm.momentum = 1.0 / (place + 1)  # a plain average; None would ask each replica for its count
                rows = batch_rows((0,), place, batch, len(train.y), train.y.device)[0]
                replicas(train.x[rows], shared=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        replicas.train(was)


def _reset(statistics: dict[str, torch.Tensor]) -> None:
    for name, buffer in statistics.items():
        if name.endswith("running_mean") or name.endswith("num_batches_tracked"):
            buffer.zero_()
        elif name.endswith("running_var"):
            buffer.fill_(1)
