"""Batch norm of a stack: statistics over the rows of each replica."""

from torch import Tensor, nn
from torch.func import functional_call

from sltk.train.stacked.layer import StackedLayer


class StackedBatchNorm(StackedLayer):
    """Every replica is normed by its own batch, and keeps running statistics of its own."""

    stands_for = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    stacks = False

    def forward(self, x: Tensor) -> Tensor:
        """``(rows, channels, ...)`` to the same shape; running statistics are written in place."""
        if self.layer.training != self.training:
            self.layer.train(self.training)
        own = {name: self.own(name) for name, _ in self.layer.named_parameters()}
        own |= {name: self.statistic(name) for name, _ in self.layer.named_buffers()}
        given = {name: value for name, value in own.items() if value is not None}
        return functional_call(self.layer, given, (x,), tie_weights=False)
