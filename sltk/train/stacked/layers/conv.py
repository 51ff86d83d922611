"""Convolutions of one replica; several go through ``vmap``.

Measured on a CPU for 2 to 16 replicas of 3 x 3 kernels, 4 to 64 channels, 8 to 32 pixels, forward and backward: one
grouped convolution of all replicas with its copies in and out takes .95 to 1.6 times ``vmap``, which is a grouped
convolution without copies; a loop .9 to 1.9 times; unfolding and a batched product 1 to 5 times.
"""

from torch import Tensor, nn

from sltk.train.stacked.layer import StackedLayer


class StackedConv(StackedLayer):
    """The plain layer's own convolution."""

    stands_for = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    stacks = False

    def forward(self, x: Tensor) -> Tensor:
        """``(rows, in, ...)`` to ``(rows, out, ...)``."""
        return self.layer._conv_forward(x, self.weight, self.bias)
