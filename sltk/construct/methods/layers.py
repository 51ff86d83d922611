"""The two sorts of source layers that the constructions are made of: univariate ones, and those that combine.

A univariate layer has neurons that keep one incoming weight each, and constant neurons; it carries the zero padding of
its stage. A combining layer sums what the layer below emits: its weights are the pools of the subset sums.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from sltk.construct.architecture import Architecture, StageShape
from sltk.construct.methods.base import Choices
from sltk.construct.methods.roles import Constants, Role
from sltk.construct.methods.scales import CASCADE_SAMPLES, Scales
from sltk.construct.methods.sums import sides_of, sums
from sltk.construct.source import SourceLayer
from sltk.core.errors import SltkError
from sltk.networks.activations.activation import Activation
from sltk.networks.op import Step
from sltk.networks.ops import affine_kind
from sltk.networks.ops.act import Act


def drawn_for(usable: int, share_usable: float) -> int:
    """Neurons to draw so that ``usable`` of them have the wanted sign.

    With share 1/2 this is ``2 n + ceil(6 sqrt(2 n))``: fewer than ``n`` of one sign then have
    probability about 5e-6 at n = 26. A shortfall only makes a pool smaller.
    """
    return usable if share_usable == 1.0 else 2 * usable + math.ceil(6.0 * math.sqrt(2.0 * usable))


def univariate(
    architecture: Architecture, choices: Choices, index: int, layer: int, copies_out: int
) -> tuple[SourceLayer, Role]:
    """The univariate layer of stage ``index`` as source layer ``layer``, and the role of the stage that it begins."""
    stage, phi = architecture.stages[index], choices.first_activation
    scales = choices.scales[index]
    sides = sides_of(phi, choices.nonnegative[index])
    inputs, inner = affine_kind(stage.kind).univariate(stage.inputs, stage.inner)
    copies = drawn_for(choices.samples, sums(phi, sides)[0].usable)
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
        phases=(tuple(range(inner)),),
        constants=constants,
        first=layer,
        sides=sides,
        activation=phi,
        groups=stage.groups,
    )
    return _grouped(first, stage, 0, outputs - inputs * copies), role


def _fresh_constants(choices: Choices, scales: Scales, start: int, taps: int) -> Constants | None:
    phi = choices.first_activation
    if phi.intercept != 0.0:
        pools = tuple(math.ceil(CASCADE_SAMPLES / taps) for _ in scales.constants)
        return Constants(start, pools, CASCADE_SAMPLES, True, phi)
    if not choices.biases:
        return None
    return Constants(start, (constant_neurons(phi, choices.samples),), choices.samples, False, phi)


def constant_neurons(phi: Activation, samples: int) -> int:
    """Twice the samples where phi vanishes on half of the biases, as ReLU does."""
    return 2 * samples if phi.slope_positive == 0.0 or phi.slope_negative == 0.0 else samples


def interior_taps(stage: StageShape, read: Sequence[Step], needed: bool) -> tuple[tuple[int, ...], ...]:
    """Taps that never fall into the zero padding, and so carry a constant to every output pixel, phase by phase.

    Args:
        stage: which combines.
        read: the steps after the stage that it reads, the last of which may put zeros between pixels.
        needed: whether constants have to be carried.

    Raises:
        SltkError: the kernel has none in some phase, and the stage's biases need one.
    """
    kind, geometry = affine_kind(stage.kind), (stage.inner, stage.kernel, stage.padding, stage.dilation)
    gaps = read[-1].gaps if read else None
    phases = (kind.constant_taps(*geometry),) if gaps is None else kind.constant_phases(*geometry, gaps)
    if needed and not all(phases):
        raise SltkError(
            f"layer {stage.name!r} has kernel {stage.kernel} and padding {stage.padding}: no tap stays inside the "
            "image, so no constant reaches every pixel. Use method='two-layer', where the univariate layer carries "
            "the padding, or padding of at most (kernel - 1)/2; and a transposed kernel no smaller than its stride."
        )
    return phases


def _columns(role: Role, scales: Scales) -> tuple[tuple[int, int], ...]:
    if len(scales.scale_exponents) == 1:
        columns = [(role.inputs * role.copies_in, scales.combine + scales.scale_exponents[0])]
    else:
        columns = scales.spread(role.copies_in, scales.combine) * role.inputs
    if role.constants is not None:
        for count, exponent in zip(role.constants.pools, scales.constants, strict=True):
            columns += scales.spread(count, exponent)
    return tuple(columns)


def combining(stage: StageShape, name: str, scales: Scales, outputs: int, role: Role) -> SourceLayer:
    """The layer whose weights are the pools of ``role``; where a univariate layer below carries the padding, it has
    none."""
    layer = SourceLayer(
        name=name,
        kind=stage.kind,
        outputs=outputs,
        columns=_columns(role, scales),
        inner=role.inner,
        kernel=stage.kernel,
        stride=stage.stride,
        padding=(0, 0) if role.univariate else stage.padding,
        dilation=stage.dilation,
        after=stage.after,
    )
    shared = role.constants.count if role.constants else 0
    return _grouped(layer, stage, shared, outputs - stage.outputs * role.copies_out)


def _grouped(layer: SourceLayer, stage: StageShape, shared: int, extra: int) -> SourceLayer:
    """A layer with the groups of its stage; constants are read by all of them, and are in none."""
    return layer if stage.groups == 1 else replace(layer, groups=stage.groups, shared=shared, extra=extra)
