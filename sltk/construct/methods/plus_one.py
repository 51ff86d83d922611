"""The construction of depth L + 1: later layers pick straight from copies of the layer before.

Target layer 1 becomes a univariate layer and a combining layer whose neurons come in ``n`` copies; each later target
layer is picked from the copies of the one that it reads, since they all approximate the same value. The copies carry
different errors, so what amplifies is the mass of the chosen weights.

Source: Burkholz 2022, arXiv 2205.02321 and 2205.02343 (abstracts read; blocks re-derived here). Differences: the
univariate layer carries the zero padding, biases and intercepts are subset sums over constant neurons, and every scale
is fixed by the declared class.
"""

from dataclasses import replace

from sltk.construct.architecture import Architecture, StageShape
from sltk.construct.methods.base import Choices, Method, register_method
from sltk.construct.methods.layers import combining, constant_neurons, interior_taps, univariate
from sltk.construct.methods.roles import Constants, Role, SourcePlan
from sltk.construct.source import SourceLayer
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.wiring import INPUT, Wire


class PlusOne(Method):
    """Source depth L + 1, with n copies of every hidden neuron."""

    name = "plus-one"
    depth = "L + 1"

    def univariate(self, stage: int) -> bool:
        """The first stage alone."""
        return stage == 0

    def copies(self, n: int) -> int:
        """One for each sample of the pools above."""
        return n

    def plan(self, architecture: Architecture, choices: Choices) -> SourcePlan:
        """One univariate layer, then one combining layer a stage."""
        stages, wiring = architecture.stages, architecture.wires
        _refuse_what_has_no_copies(architecture)
        layers: list[SourceLayer] = []
        roles: list[Role] = []
        carried: list[Constants | None] = []
        last, read = len(stages) - 1, {wire.reads for wire in wiring}
        for index, stage in enumerate(stages):
            copies_out = 1 if index == last else self.copies(choices.samples)
            # A stage that is only added, as a projection is, hands no constants on.
            follow = _carried(stage, copies_out, choices) if choices.biases and index in read else None
            if index == 0:
                first, role = univariate(architecture, choices, 0, len(layers), copies_out)
                layers.append(first)
            else:
                below = wiring[index].reads
                role = self._from_copies(stage, stages[below], (index, below), copies_out, choices, carried[below])
            outputs = stage.outputs * copies_out + (follow.count if follow else 0)
            layer = combining(stage, f"{index + 1}.combine", choices.scales[index], outputs, role)
            layers.append(layer if architecture.chain else _wired(layer, stage, wiring[index], copies_out))
            roles.append(role)
            carried.append(follow)
            _refuse_spoiled_constants(stage, follow)
        return SourcePlan(self.name, tuple(layers), tuple(roles))

    def _from_copies(
        self, stage: StageShape, read: StageShape, places: tuple[int, int], copies_out: int, choices: Choices,
        constants: Constants | None,
    ) -> Role:  # fmt: skip
        index, below = places
        return Role(
            stage=index,
            combine=index + 1,
            below=below + 1,
            inputs=stage.inputs,
            inner=stage.inner,
            outputs=stage.outputs,
            copies_in=self.copies(choices.samples),
            copies_out=copies_out,
            samples=choices.samples,
            phases=interior_taps(stage, read.after, constants is not None),
            constants=constants,
            groups=stage.groups,
        )


def _wired(layer: SourceLayer, stage: StageShape, wire: Wire, copies_out: int) -> SourceLayer:
    """A source layer that reads and adds what its stage does; source layer ``i + 1`` belongs to stage ``i``."""
    adds = tuple(index + 1 for index in wire.adds)
    return replace(layer, reads=wire.reads + 1, adds=adds, joined=stage.outputs * copies_out)


def _carried(stage: StageShape, copies_out: int, choices: Choices) -> Constants:
    phi = stage.activation or activation("identity")  # after a linear stage a neuron's own bias is its constant
    start = stage.outputs * copies_out
    intercept = phi.intercept != 0.0
    count = choices.samples if intercept else constant_neurons(phi, choices.samples)
    return Constants(start, (count,), choices.samples, intercept, phi)


def _refuse_what_has_no_copies(architecture: Architecture) -> None:
    """Skips join copy to copy: the input and the output have one copy, all that lies between has n."""
    wiring, last = architecture.wires, len(architecture.stages) - 1
    for index, (stage, wire) in enumerate(zip(architecture.stages, wiring, strict=True)):
        if (index and wire.reads == INPUT) or (index == last and wire.adds):
            raise SltkError(
                f"layer {stage.name!r} reads the network's input beside the first layer, or is the last one and takes "
                "a skip; there are no copies to join. Put an affine map of its own before, or after it."
            )


def _refuse_spoiled_constants(stage: StageShape, constants: Constants | None) -> None:
    if constants is None:
        return
    for op in stage.after:
        if op.spoils_constants and op.gaps is None:
            raise SltkError(
                f"the average pool after layer {stage.name!r} counts its zero padding, which spoils constant "
                "neurons at the border. Use count_include_pad=False, pad=0, or method='two-layer'."
            )


register_method(PlusOne())
