"""The bound of a small pair by deviations of slopes."""

from collections.abc import Sequence

from sltk.certify.boxes.batch import Boxes
from sltk.certify.boxes.pair import on_domain
from sltk.certify.boxes.search import cost_of_box
from sltk.certify.boxes.stages import StageMatrices
from sltk.certify.deviations.expansion import Expansion
from sltk.certify.deviations.shape import shapes_of
from sltk.certify.differential.certify import Relaxation
from sltk.certify.intervals import Box
from sltk.certify.realised import Realised
from sltk.core.numerics.rounding import require_finite
from sltk.networks.network import Network

WAY = "deviations of slopes"
WORK = 4e10  # products, about: three seconds of one core
TEXT = "products of the slopes' deviations, summed over neurons by norms"


def deviated(
    network: Network, box: Box, realised: Sequence[Realised], work: float = WORK, domain: Boxes | None = None
) -> Relaxation | None:
    """Bound target minus ticket over the box by an expansion in deviations of slopes.

    Where many neurons have slopes that vary over the box, their shares of the error are sums over neurons whose signs
    cancel; other ways add their sizes.

    Args:
        network: the target.
        box: the domain.
        realised: one entry a stage.
        work: products that it may take.
        domain: the pair there, where it is at hand.

    Returns:
        Bounds that hold for the functions in real arithmetic, with float64 rounded outward; ``None`` for networks that
        are not small, that end with an activation, whose activations have no bounded slopes, or where copies have
        kinks.
    """
    boxes = on_domain(network, box, realised) if domain is None else domain
    if boxes is None or not _expands(boxes.stages):
        return None
    stages, x = boxes.stages, boxes.values[0].target
    shapes, needed = shapes_of(stages, int((x.high > x.low).sum()), work)
    needed += cost_of_box(stages)
    if needed > work:
        return Relaxation(None, f"not computed: it takes {needed:.2g} products, more than the limit")
    boxes.relax()
    found = Expansion(boxes, shapes).errors()
    if found is None:
        return None
    copies = stages[-1].copies
    found = found.reshape(-1, copies).amax(1).reshape(network.output_shape)
    return Relaxation(require_finite(found, "bound by deviations"), TEXT)


def _expands(stages: Sequence[StageMatrices]) -> bool:
    """Whether the last stage is linear, and activations before it, but of single copies, are smooth."""
    if len(stages) < 2 or stages[-1].step is not None:
        return False
    for stage in stages:
        phi = None if stage.step is None else stage.step.elementwise
        if phi is not None and stage.copies > 1 and not phi.smooth:
            return False
    return True
