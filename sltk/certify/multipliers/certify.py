"""The bound of a chain of stages by multipliers: a strip for every neuron, stage by stage, then the outputs."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from sltk.certify.differential.certify import Relaxation
from sltk.certify.intervals import Box, images
from sltk.certify.multipliers.ascent import searched
from sltk.certify.multipliers.chain import Link, Spare, chain_of, spare_of
from sltk.certify.multipliers.columns import Columns, Strip
from sltk.certify.multipliers.dual import Asked, Dual, Known
from sltk.certify.realised import Realised
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma, require_finite
from sltk.networks.activations.lines import ROUNDING
from sltk.networks.network import Network

CELLS, FINE = 24, 128  # of an argument: while multipliers move, and for the bound
STEPS, LAST_STEPS = 32, 80  # for strips, and for the outputs
# Tilts of a strip in units of its width over its length: on the input they cost next to nothing, behind it a search.
TILTS = {True: (-4.0, -2.0, -1.4, -1.0, -0.7, -0.4, -0.2, 0.2, 0.4, 0.7, 1.0, 1.4, 2.0, 4.0), False: (-1.0, 1.0)}
WORK = 6e9  # products of coefficients and columns: three seconds of one core or less
WAY = "multipliers"


def multiplied(network: Network, box: Box, realised: Sequence[Realised], work: float = WORK) -> Relaxation | None:
    """Bound target minus ticket over the box by the best planes that are found for every neuron and functional.

    Args:
        network: the target.
        box: the domain.
        realised: one entry a stage.
        work: products that it may take.

    Returns:
        Bounds that hold for the functions in real arithmetic, with float64 rounded outward; ``None`` for networks that
        ``chain_of`` does not take, and for activations of straight pieces alone, where lines lose next to nothing.
    """
    links = chain_of(network, realised)
    if links is None or len(links) < 2 or not any(_curved(link) for link in links):
        return None
    needed = work_of(links)
    if needed > work:
        return Relaxation(None, f"not computed: it takes {needed:.2g} products, more than the limit")
    entering = images(network.before, box.on(network.input_shape))[-1]
    x = Interval(entering.low.flatten(), entering.high.flatten())
    found = _bounded(links, x).reshape(network.output_shape)
    return Relaxation(
        require_finite(found, "bound by multipliers"),
        f"every neuron as one function of its argument and difference; planes by {LAST_STEPS} steps of a search",
    )


def work_of(links: Sequence[Link]) -> float:
    """Products of coefficients and columns."""
    total = 0.0
    for index, link in enumerate(links):
        last = link.phi is None
        share = 2.0 * LAST_STEPS if last else (4.0 + 2 * len(TILTS[index == 0])) * STEPS
        there = torch.eye(len(link.bias), dtype=torch.float64)
        for behind, known in zip(reversed(links[1 : index + 1]), reversed(links[:index]), strict=True):
            there = (there @ (behind.weight != 0).double() > 0).double()
            there = there if known.pool is None else (there @ (known.pool != 0).double() > 0).double()
            functions = 1 if known.pool is not None else 1 + len(behind.curves)
            total += share * float(there.sum()) * (4 * functions + 2) * 4 * CELLS
    return total


def _curved(link: Link) -> bool:
    return link.phi is not None and (link.phi.profile is None or not link.phi.profile.straight)


def _bounded(links: Sequence[Link], x: Interval) -> Tensor:
    """Largest error of every output."""
    before: list[Known] = []
    values, ticket, off = x, x, torch.zeros_like(x.low)
    for link, following in pairwise(links):
        spare = spare_of(link, values, ticket, off)
        known = _known(link, _strip(link, spare, before, x), spare, following)
        before.append(known)
        values, ticket, off = known.values, known.ticket, known.off
    link = links[-1]
    d = torch.eye(len(link.bias), dtype=torch.float64)
    asked = Asked(torch.zeros(2 * len(d), len(d), dtype=torch.float64), torch.cat((d, -d)))
    found = _least(Dual(asked, link, spare_of(link, values, ticket, off), before, x), LAST_STEPS)
    return found.reshape(2, -1).amax(0)


def _least(dual: Dual, steps: int) -> Tensor:
    """Upper bounds, on the finer columns at the multipliers that the search ends with."""
    return dual.finely.bound(searched(dual, steps) if dual.before else [])


def _strip(link: Link, spare: Spare, before: list[Known], x: Interval) -> Strip:
    """Where arguments and differences of a stage's neurons lie."""
    one = torch.eye(len(link.bias), dtype=torch.float64)
    no = torch.zeros_like(one)

    def ends(y: list[Tensor], d: list[Tensor]) -> list[Interval]:
        """Of ``y arguments + d differences``."""
        rows = Asked(*(torch.cat([sign * own for own in part for sign in (1.0, -1.0)]) for part in (y, d)))
        found = _least(Dual(rows, link, spare, before, x), STEPS).reshape(len(y), 2, -1)
        return [Interval(torch.minimum(-bottom, top), torch.maximum(-bottom, top)) for top, bottom in found]

    y, d = ends([one, no], [no, one])
    width = torch.where(y.high > y.low, (d.high - d.low) / (y.high - y.low).clamp(min=1e-300), 0.0)
    tilts = [share * width for share in TILTS[not before]]
    tilted = ends([-torch.diag(tilt) for tilt in tilts], [one] * len(tilts))
    both = Interval(*(torch.stack([getattr(one, side) for one in (d, *tilted)]) for side in ("low", "high")))
    return Strip(y, torch.stack([torch.zeros_like(width), *tilts]), both)


def _known(link: Link, strip: Strip, spare: Spare, following: Link) -> Known:
    """The neurons of a stage, and what it hands on."""
    assert link.phi is not None
    y, d, pool = strip.y, strip.d, link.pool
    far = torch.full_like(y.low, torch.inf)
    seen = Interval(torch.nextafter(y.low - d.high, -far), torch.nextafter(y.high - d.low, far))
    inner, outer = (Interval(*link.phi.range(one.low, one.high)) for one in (y, seen))
    slopes = Interval(*link.phi.slopes(torch.minimum(y.low, seen.low), torch.maximum(y.high, seen.high)))
    off, size = slopes.magnitude * d.magnitude * (1 + ROUNDING), inner.magnitude
    if pool is not None:
        size, off = (pool.abs() @ part * (1 + gamma(pool.shape[1] + 16)) for part in (size, off))
    curves = tuple(following.curves)
    own = curves if pool is None else ()
    columns, fine = (Columns.of(link.phi, strip, own, cells) for cells in (CELLS, FINE))
    width = (y.high - y.low).clamp(min=1e-300)
    chord = torch.where(y.high > y.low, (link.phi(y.high) - link.phi(y.low)) / width, 0.0)
    return Known(
        link, columns, fine, link.image(inner), link.image(outer), off, spare, curves, (size, off), chord,
        d.magnitude / width,
    )  # fmt: skip
