"""Loss and gradients of a chain of dense layers and ReLUs, without a graph: the bytes of autograd, for less.

What autograd does around the products of 784-300-100-10 (a graph, tensors made and freed) takes a tenth of a step on a
CPU, and two thirds of a step of a small network. Here the same operations of torch run in the same order, into tensors
that are kept from step to step.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sltk.train.chain.layer import Layer

_aten: Any = torch.ops.aten
_lost, _slope_by_logs = _aten.nll_loss_forward.default, _aten.nll_loss_backward.default
_slope_by_outputs, _slope_by_positive = _aten._log_softmax_backward_data.out, _aten.threshold_backward.grad_input
_SUM, _NO_LABEL = 2, -100  # of torch's negative log likelihood: the sum over rows; a label that no row has


class DenseChain:
    """The loss of a network or of a stack, and its gradients by all parameters.

    With ``h_0 = x``, ``h_i = max(0, h_{i-1} W_i^T + b_i)``, and no maximum in the last layer, the loss is the sum over
    replicas of the mean cross entropy over rows: ``sltk.train.loop.evaluation.replica_loss`` of the network's outputs.

    Args:
        layers: in order.
        rows: of a batch.
    """

    def __init__(self, layers: Sequence[Layer], rows: int) -> None:
        self._layers, self._rows = layers, rows
        self._stacked = layers[0].out.ndim > 2
        self._backwards = list(itertools.pairwise(reversed(layers)))
        self._out, self._slope = layers[-1].out.flatten(0, -2), layers[-1].slope.flatten(0, -2)  # views, once for all
        self._each = torch.ones((), dtype=self._out.dtype) / rows  # slope of the loss by what it adds up

    @torch.inference_mode()  # of what is made here nothing is differentiated, and torch need not be ready for that
    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss; gradients lie in ``.grad`` of the parameters, in tensors that the next call writes over.

        Args:
            x: ``(count, rows, ...)``.
            y: ``(count, rows)`` int64.
        """
        values = x.flatten(2) if self._stacked else x.reshape(self._rows, -1)
        for layer in self._layers[:-1]:
            values = layer.forward(values).relu_()
        self._layers[-1].forward(values)
        loss = self._cross_entropy(y.flatten())
        for layer, before in self._backwards:
            layer.backward(before.slope)
            _slope_by_positive(before.slope, before.out, 0, grad_input=before.slope)
        self._layers[0].write_gradients()
        return loss

    def _cross_entropy(self, labels: Tensor) -> Tensor:
        """The loss, and its slopes by the outputs."""
        logs = torch.log_softmax(self._out, 1)
        lost, total = _lost(logs, labels, None, _SUM, _NO_LABEL)
        by_logs = _slope_by_logs(self._each, logs, labels, None, _SUM, _NO_LABEL, total)
        _slope_by_outputs(by_logs, logs, 1, logs.dtype, out=self._slope)
        return lost / self._rows
