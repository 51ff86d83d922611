"""The certificate: a proved bound of ``sup ||target - ticket||_inf`` over a box, with the sum behind it."""

from dataclasses import dataclass, replace

import torch
from rich.box import SIMPLE
from rich.table import Table
from torch import Tensor

from sltk.certify.intervals import Box

CAPPED = "* as far as the ranges of both values allow: of their difference nothing is known"


@dataclass(frozen=True)
class StageError:
    """Largest contributions at one stage, each a maximum over copies, neurons and pixels.

    Attributes:
        name: of the affine map.
        kind: ``"common"`` or ``"copies"``.
        parameter: from parameters that are off, pruned ones included.
        remainder: from the curvature of the univariate neurons.
        bias: from bias errors.
        inherited: the stage before, amplified.
        gain: largest factor of inherited errors, ``max ||V||_1`` (copies) or ``max ||W||_1`` (common).
        affine: the sum at the affine output.
        leaving: after activation and pooling.
        coarse: ``leaving`` when only maxima are handed on and no range caps are used.
        capped: whether ``leaving`` is as far as the ranges of both values allow: of their difference nothing is known.
    """

    name: str
    kind: str
    parameter: float
    remainder: float
    bias: float
    inherited: float
    gain: float
    affine: float
    leaving: float
    coarse: float
    capped: bool = False


@dataclass(frozen=True)
class Way:
    """One way to a bound.

    Attributes:
        name: of the way.
        bound: largest over outputs and copies; ``None`` where it was not computed.
        text: what was done, or why not.
        leaving: largest error behind each stage; empty where the way has no stages of its own.
    """

    name: str
    bound: float | None
    text: str
    leaving: tuple[float, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """``sup_{x in domain} |target(x) - ticket(x)| <= bound`` in every output and copy.

    Attributes:
        bound: largest entry of ``per_output``, so at most that of every way.
        per_output: ``output_shape``, maximum over copies; for each output the least of all ways.
        coarse: bound of the same recursion when each stage hands on one number, its largest error, and the
            ranges cap nothing; at least ``bound``.
        layers: contributions, one entry a stage.
        domain: the box.
        kind: ``"a posteriori"`` (a given ticket) or ``"a priori"`` (any ticket within the tolerances).
        method: what the bound rests on, in words.
        ways: the ways by which it was sought, with the bound of each.
    """

    bound: float
    per_output: Tensor
    coarse: float
    layers: tuple[StageError, ...]
    domain: Box
    kind: str
    method: str
    ways: tuple[Way, ...] = ()

    @property
    def best(self) -> str:
        """The way with the least bound."""
        found = [way for way in self.ways if way.bound is not None]
        return min(found, key=lambda way: way.bound or 0.0).name if found else "intervals"

    def beside(self, name: str, per_output: Tensor | None, text: str, leaving: tuple[float, ...] = ()) -> "Certificate":
        """With another way: in every output the smaller bound."""
        bound = None if per_output is None else float(per_output.max())
        ways = (*self.ways, Way(name, bound, text, leaving))
        if per_output is None:
            return replace(self, ways=ways)
        least = torch.minimum(self.per_output, per_output)
        return replace(self, bound=float(least.max()), per_output=least, ways=ways)

    def explain(self) -> Table:
        """Where the bound comes from: one row a stage, all numbers absolute.

        The columns are those of ``StageError``, by interval arithmetic, and beside them the largest error behind the
        stage by the differential relaxation, where that was computed.
        """
        table = Table(
            title=f"{self.kind} certificate: sup error <= {self.bound:.6g} (maxima only: {self.coarse:.6g})",
            caption=f"inputs with {self.domain}; {self.method}{self._said}",
            box=SIMPLE,
            padding=(0, 1, 0, 0),
        )
        table.add_column("stage")
        numbers = ("parameter", "remainder", "bias", "gain", "inherited", "leaving", "coarse")
        for column in numbers:
            table.add_column(column, justify="right")
        if any(layer.capped for layer in self.layers):
            table.caption = f"{table.caption}. {CAPPED}"
        relaxed = next((way.leaving for way in reversed(self.ways) if way.leaving), ())
        if relaxed:
            table.add_column("leaving, relaxed", justify="right")
        for place, layer in enumerate(self.layers):
            table.add_row(
                layer.name,
                *(f"{getattr(layer, column):.3g}{_mark(layer, column)}" for column in numbers),
                *(f"{number:.3g}" for number in relaxed[place : place + 1]),
            )
        return table

    @property
    def _said(self) -> str:
        """The ways, the best first."""
        ranked = sorted(self.ways, key=lambda way: (way.bound is None, way.bound or 0.0))
        said = (f"{w.name}: {'-' if w.bound is None else f'{w.bound:.6g}'} ({w.text})" for w in ranked)
        return "".join(f". {one}" for one in said)


def _mark(layer: StageError, column: str) -> str:
    return "*" if layer.capped and column == "leaving" else ""
