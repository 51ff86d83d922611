"""The construction of depth 2 L: every target layer becomes a univariate layer and a combining layer.

Each parameter is a subset sum of products of two random weights; a neuron has one copy, so errors are amplified by the
target's own norms alone, and every hidden range has to be carried through the first activation.

Source: Pensia et al. 2020, arXiv 2006.07990 (blocks re-derived here). Differences: the univariate layer carries the
zero padding, biases and intercepts are subset sums over constant neurons, and every scale is fixed by the declared
class.
"""

from dataclasses import replace

from sltk.construct.architecture import Architecture
from sltk.construct.methods.base import Choices, Method, register_method
from sltk.construct.methods.layers import combining, univariate
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.source import SourceLayer
from sltk.networks.wiring import INPUT


class TwoLayer(Method):
    """Source depth 2 L, no copies."""

    name = "two-layer"
    depth = "2 L"

    def univariate(self, stage: int) -> bool:
        """Every stage."""
        return True

    def copies(self, n: int) -> int:
        """One."""
        return 1

    def plan(self, architecture: Architecture, choices: Choices) -> SourcePlan:
        """Two layers a stage: stage ``i`` ends with source layer ``2 i + 1``, one neuron for each of its own."""
        layers: list[SourceLayer] = []
        roles: list[Role] = []
        for index, (stage, wire) in enumerate(zip(architecture.stages, architecture.wires, strict=True)):
            first, role = univariate(architecture, choices, index, len(layers), copies_out=1)
            combine = combining(stage, f"{index + 1}.combine", choices.scales[index], stage.outputs, role)
            if not architecture.chain:  # a skip joins the neurons one to one
                first = replace(first, reads=INPUT if wire.reads == INPUT else 2 * wire.reads + 1)
                combine = replace(combine, adds=tuple(2 * added + 1 for added in wire.adds), joined=stage.outputs)
            layers += [first, combine]
            roles.append(role)
        return SourcePlan(self.name, tuple(layers), tuple(roles))


register_method(TwoLayer())
