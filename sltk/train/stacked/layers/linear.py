"""Dense layers of a stack: one batched product, in the order that the basis finds cheapest."""

from torch import Tensor, nn

from sltk.train.stacked.layer import StackedLayer


class StackedLinear(StackedLayer):
    """``y_r = x_r W_r^T + b_r`` for every replica ``r``."""

    stands_for = (nn.Linear,)

    def forward(self, x: Tensor) -> Tensor:
        """``(count rows, ..., in)`` to ``(count rows, ..., out)``."""
        weight, turned = self.ticket, self._parts.turned == self._prefix + "weight"
        lead = x.shape[:-1]
        if self.count == 1:
            rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
            y = weight.basis.dense(rows, weight.coefficients.squeeze(0), self.bias, turned=turned)
            return y if x.ndim == 2 else y.unflatten(0, lead)
        rows = x.reshape(self.count, -1, x.shape[-1])
        y = weight.basis.dense(rows, weight.coefficients, self.bias, turned=turned)
        return y.reshape(*lead, -1)
