"""What is left in every layer, and whether the network still conducts."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sltk.train.tickets.named import named_tickets


@dataclass(frozen=True)
class Layer:
    """One ticket.

    Attributes:
        name: of the weight.
        shape: of the weight.
        kept: coefficients in the mask.
        coefficients: coefficients in all.
        nonzero: non-zero numbers of the effective weight.
        live_inputs: inputs that some effective weight reads.
        live_outputs: outputs that some effective weight feeds; the others are constant.
    """

    name: str
    shape: tuple[int, ...]
    kept: int
    coefficients: int
    nonzero: int
    live_inputs: int
    live_outputs: int

    @property
    def density(self) -> float:
        """Kept fraction of the coefficients."""
        return self.kept / self.coefficients

    @property
    def collapsed(self) -> bool:
        """Whether nothing is left of a weight: then, without a way around it, the output no longer hears the input."""
        return self.nonzero == 0


def layer_report(module: nn.Module) -> list[Layer]:
    """Every ticket of ``module`` in order; biases that are tickets (one axis) are left out.

    Raises:
        SltkError: no ticket.
    """
    found = named_tickets(module)
    with torch.no_grad():
        weights = {name: ticket() for name, ticket in found.items()}
    return [_layer(name, found[name].mask, weights[name]) for name in found if weights[name].ndim > 1]


def collapsed_layers(module: nn.Module) -> list[str]:
    """Names of the weights of which nothing is left."""
    return [layer.name for layer in layer_report(module) if layer.collapsed]


def table(report: list[Layer]) -> str:
    """The report as lines of text, aligned, with a mark at collapsed layers."""
    wide = max(len(layer.name) for layer in report)
    lines = [f"{'layer':{wide}}  {'kept':>10}  {'density':>8}  {'inputs':>13}  {'outputs':>13}"]
    for layer in report:
        inputs = f"{layer.live_inputs}/{layer.shape[1]}"
        outputs = f"{layer.live_outputs}/{layer.shape[0]}"
        mark = "  collapsed" if layer.collapsed else ""
        lines.append(f"{layer.name:{wide}}  {layer.kept:10,}  {layer.density:8.4f}  {inputs:>13}  {outputs:>13}{mark}")
    return "\n".join(lines)


def _layer(name: str, mask: Tensor, weight: Tensor) -> Layer:
    left = weight != 0
    return Layer(
        name=name,
        shape=tuple(weight.shape),
        kept=int(mask.sum()),
        coefficients=mask.numel(),
        nonzero=int(left.sum()),
        live_inputs=int(left.transpose(0, 1).flatten(1).any(1).sum()),
        live_outputs=int(left.flatten(1).any(1).sum()),
    )
