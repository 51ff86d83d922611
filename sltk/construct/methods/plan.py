"""From an architecture to its source network, before any target is looked at.

Two constructions realise a chain of ``L`` target layers.

* ``plus-one`` (source depth L + 1): target layer 1 becomes a univariate layer and a combining layer whose
  neurons come in copies; each later target layer is picked straight from the copies of the one before.
* ``two-layer`` (source depth 2 L): every target layer becomes a univariate layer and a combining layer.

Source: Burkholz 2022, arXiv 2205.02321 and 2205.02343 (L + 1, abstracts read; blocks re-derived here);
Pensia et al. 2020, arXiv 2006.07990 (2 L). Differences: the univariate layer carries the zero padding, biases
and intercepts are subset sums over constant neurons, and every scale is fixed by the declared class.
"""

import math
from dataclasses import dataclass, replace

from sltk.construct.architecture import Architecture, StageShape
from sltk.construct.methods.roles import Constants, Method, Role, Sides, SourcePlan
from sltk.construct.methods.scales import Scales
from sltk.construct.source import SourceLayer
from sltk.core.errors import SltkError
from sltk.networks.activations.table import Activation, activation
from sltk.networks.op import Op
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.wiring import INPUT, Wire

# Samples of one pool of an intercept cascade, and the factor between the scales of two neighbours. With 22
# samples the nearest subset leaves less than 2**-9 of the pool's scale in all but some 1e-5 of the cases.
CASCADE_SAMPLES = 22
CASCADE_STEP = 9


@dataclass(frozen=True)
class Choices:
    """What the user declares of the source: part of its law, never fitted to a target.

    Args:
        method: ``plus-one`` or ``two-layer``.
        samples: n, samples of a pool.
        first_activation: activation of the univariate layers.
        nonnegative: whether the inputs are known to be non-negative, stage by stage.
        scales: exponents by stage, from ``sltk.construct.methods.scales``.
        biases: whether the class has biases at all.
    """

    method: Method
    samples: int
    first_activation: Activation
    nonnegative: tuple[bool, ...]
    scales: tuple[Scales, ...]
    biases: bool


def drawn_for(usable: int, share_usable: float) -> int:
    """Neurons to draw so that ``usable`` of them have the wanted sign.

    With share 1/2 this is ``2 n + ceil(6 sqrt(2 n))``: fewer than ``n`` of one sign then have
    probability about 5e-6 at n = 26. A shortfall only makes a pool smaller.
    """
    return usable if share_usable == 1.0 else 2 * usable + math.ceil(6.0 * math.sqrt(2.0 * usable))


def make_plan(architecture: Architecture, choices: Choices) -> SourcePlan:
    """The source layers and roles for ``architecture``; nothing here has seen a weight of the target."""
    return _plus_one(architecture, choices) if choices.method == "plus-one" else _two_layer(architecture, choices)


def _plus_one(architecture: Architecture, choices: Choices) -> SourcePlan:
    stages, wiring = architecture.stages, architecture.wires
    _refuse_what_has_no_copies(architecture)
    layers: list[SourceLayer] = []
    roles: list[Role] = []
    carried: list[Constants | None] = []
    last, read = len(stages) - 1, {wire.reads for wire in wiring}
    for index, stage in enumerate(stages):
        copies_out = 1 if index == last else choices.samples
        # A stage that is only added, as a projection is, hands no constants on.
        follow = _carried(stage, copies_out, choices) if choices.biases and index in read else None
        extra = follow.count if follow else 0
        if index == 0:
            first, role = _univariate(architecture, choices, 0, len(layers), copies_out)
            layers.append(first)
        else:
            role = _from_copies(
                stage, index, wiring[index].reads + 1, copies_out, choices, carried[wiring[index].reads]
            )
        columns = _columns(role, choices.scales[index])
        layer = _combining(stage, f"{index + 1}.combine", columns, stage.outputs * copies_out + extra, role)
        layers.append(layer if architecture.chain else _wired(layer, stage, wiring[index], copies_out))
        roles.append(role)
        carried.append(follow)
        _refuse_spoiled_constants(stage, follow)
    return SourcePlan("plus-one", tuple(layers), tuple(roles))


def _wired(layer: SourceLayer, stage: StageShape, wire: Wire, copies_out: int) -> SourceLayer:
    """A source layer that reads and adds what its stage does; source layer ``i + 1`` belongs to stage ``i``."""
    adds = tuple(index + 1 for index in wire.adds)
    return replace(layer, reads=wire.reads + 1, adds=adds, joined=stage.outputs * copies_out)


def _refuse_what_has_no_copies(architecture: Architecture) -> None:
    """Skips join copy to copy: the input and the output have one copy, all that lies between has n."""
    wiring, last = architecture.wires, len(architecture.stages) - 1
    for index, (stage, wire) in enumerate(zip(architecture.stages, wiring, strict=True)):
        if (index and wire.reads == INPUT) or (index == last and wire.adds):
            raise SltkError(
                f"layer {stage.name!r} reads the network's input beside the first layer, or is the last one and takes "
                "a skip; there are no copies to join. Put an affine map of its own before, or after it."
            )


def _two_layer(architecture: Architecture, choices: Choices) -> SourcePlan:
    layers: list[SourceLayer] = []
    roles: list[Role] = []
    for index, (stage, wire) in enumerate(zip(architecture.stages, architecture.wires, strict=True)):
        first, role = _univariate(architecture, choices, index, len(layers), copies_out=1)
        columns = _columns(role, choices.scales[index])
        combine = _combining(stage, f"{index + 1}.combine", columns, stage.outputs, role)
        if not architecture.chain:
            # Stage i ends with source layer 2 i + 1, one neuron for each of its own: a skip joins them one to one.
            first = replace(first, reads=INPUT if wire.reads == INPUT else 2 * wire.reads + 1)
            combine = replace(combine, adds=tuple(2 * added + 1 for added in wire.adds), joined=stage.outputs)
        layers += [first, combine]
        roles.append(role)
    return SourcePlan("two-layer", tuple(layers), tuple(roles))


def sides_of(activation: Activation, nonnegative: bool) -> Sides:
    """Which sums a univariate stage needs with ``activation``."""
    if not activation.kinked:
        return "smooth"
    if not nonnegative:
        return "split"
    return "positive" if abs(activation.slope_positive) >= abs(activation.slope_negative) else "negative"


def _univariate(
    architecture: Architecture, choices: Choices, index: int, layer: int, copies_out: int
) -> tuple[SourceLayer, Role]:
    stage, phi = architecture.stages[index], choices.first_activation
    scales = choices.scales[index]
    sides = sides_of(phi, choices.nonnegative[index])
    inputs, inner = (stage.inputs, stage.inner) if stage.kind == "conv" else (stage.degree, 1)
    copies = drawn_for(choices.samples, 1.0 if sides == "smooth" else 0.5)
    constants = _fresh_constants(choices, scales, inputs * copies, inner)
    outputs = inputs * copies + (constants.count if constants else 0)
    first = SourceLayer(
        name=f"{index + 1}.univariate",
        kind=stage.kind,
        outputs=outputs,
        columns=((inputs, scales.univariate),),
        inner=1,
        kernel=(1, 1),
        stride=(1, 1),
        padding=stage.padding,
        dilation=(1, 1),
        after=(Act(phi),),
    )
    role = Role(
        stage=index,
        combine=layer + 1,
        below=layer,
        inputs=inputs,
        inner=inner,
        outputs=stage.outputs,
        copies_in=copies,
        copies_out=copies_out,
        samples=choices.samples,
        taps=tuple(range(inner)),
        constants=constants,
        first=layer,
        sides=sides,
        activation=phi,
    )
    return first, role


def _fresh_constants(choices: Choices, scales: Scales, start: int, taps: int) -> Constants | None:
    phi = choices.first_activation
    if phi.intercept != 0.0:
        pools = tuple(math.ceil(CASCADE_SAMPLES / taps) for _ in scales.constants)
        return Constants(start, pools, CASCADE_SAMPLES, True, phi)
    if not choices.biases:
        return None
    return Constants(start, (_constant_neurons(phi, choices.samples),), choices.samples, False, phi)


def _constant_neurons(phi: Activation, samples: int) -> int:
    """Twice the samples where phi vanishes on half of the biases, as ReLU does."""
    return 2 * samples if phi.slope_positive == 0.0 or phi.slope_negative == 0.0 else samples


def _carried(stage: StageShape, copies_out: int, choices: Choices) -> Constants:
    phi = stage.activation or activation("identity")  # after a linear stage a neuron's own bias is its constant
    start = stage.outputs * copies_out
    intercept = phi.intercept != 0.0
    count = choices.samples if intercept else _constant_neurons(phi, choices.samples)
    return Constants(start, (count,), choices.samples, intercept, phi)


def _from_copies(
    stage: StageShape, index: int, below: int, copies_out: int, choices: Choices, constants: Constants | None
) -> Role:
    return Role(
        stage=index,
        combine=index + 1,
        below=below,
        inputs=stage.inputs,
        inner=stage.inner,
        outputs=stage.outputs,
        copies_in=choices.samples,
        copies_out=copies_out,
        samples=choices.samples,
        taps=interior_taps(stage, constants is not None),
        constants=constants,
    )


def interior_taps(stage: StageShape, needed: bool) -> tuple[int, ...]:
    """Taps that never fall into the zero padding, and so carry a constant to every output pixel.

    A tap ``r`` of an axis is interior when ``P <= r D <= (K - 1) D - P`` with padding P and dilation D.

    Raises:
        SltkError: the kernel has none, and the stage's biases need one.
    """
    if stage.kind == "linear":
        return tuple(range(stage.inner))
    axes = [
        [r for r in range(k) if p <= r * d <= (k - 1) * d - p]
        for k, p, d in zip(stage.kernel, stage.padding, stage.dilation, strict=True)
    ]
    taps = tuple(row * stage.kernel[1] + column for row in axes[0] for column in axes[1])
    if needed and not taps:
        raise SltkError(
            f"layer {stage.name!r} has kernel {stage.kernel} and padding {stage.padding}: no tap stays inside the "
            "image, so no constant reaches every pixel. Use method='two-layer', where the univariate layer carries "
            "the padding, or padding of at most (kernel - 1)/2."
        )
    return taps


def _columns(role: Role, scales: Scales) -> tuple[tuple[int, int], ...]:
    if len(scales.scale_exponents) == 1:
        columns = [(role.inputs * role.copies_in, scales.combine + scales.scale_exponents[0])]
    else:
        columns = scales.spread(role.copies_in, scales.combine) * role.inputs
    if role.constants is not None:
        for count, exponent in zip(role.constants.pools, scales.constants, strict=True):
            columns += scales.spread(count, exponent)
    return tuple(columns)


def _combining(
    stage: StageShape, name: str, columns: tuple[tuple[int, int], ...], outputs: int, role: Role
) -> SourceLayer:
    carried = role.univariate and stage.kind == "conv"
    return SourceLayer(
        name=name,
        kind=stage.kind,
        outputs=outputs,
        columns=columns,
        inner=role.inner,
        kernel=stage.kernel,
        stride=stage.stride,
        padding=(0, 0) if carried else stage.padding,
        dilation=stage.dilation,
        after=stage.after,
    )


def _refuse_spoiled_constants(stage: StageShape, constants: Constants | None) -> None:
    if constants is None:
        return
    for op in stage.after:
        if _spoils_constants(op):
            raise SltkError(
                f"the average pool after layer {stage.name!r} counts its zero padding, which spoils constant "
                "neurons at the border. Use count_include_pad=False, pad=0, or method='two-layer'."
            )


def _spoils_constants(op: Op) -> bool:
    return isinstance(op, AvgPool) and op.padding != (0, 0) and op.count_include_pad
