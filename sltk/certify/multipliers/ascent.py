"""Multipliers that make a bound small: subgradient steps in units of each multiplier's own, ever shorter.

Whatever is found holds; the steps decide how close it is. Each step goes along a running mean of subgradients over a
running mean of their sizes.

Source: Kingma and Ba 2015, arXiv 1412.6980, for the means; multipliers of layers are those of the Lagrangian of
Dvijotham et al. 2018, arXiv 1803.06567, recalled. Differences: two networks, and functions of an argument and a
difference together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sltk.certify.multipliers.chain import Link
from sltk.certify.multipliers.dual import Asked, Dual, Known, Multipliers

FIRST, LAST = 0.1, 0.002  # lengths of steps
MEANS = (0.9, 0.99)
TINY = 1e-14


@dataclass(frozen=True)
class Start:
    """Where multipliers start, and the unit of each.

    Attributes:
        chosen: stage by stage, from the input on; units: of the same shapes.
    """

    chosen: list[Multipliers]
    units: list[Multipliers]


def start(asked: Asked, link: Link, before: Sequence[Known]) -> Start:
    """Chords of the neurons; units from the sizes of what is asked of a neuron and the widths of its strip.

    Args:
        asked: of the affine output of ``link``.
        link: the stage.
        before: those before it.
    """
    chosen: list[Multipliers] = []
    units: list[Multipliers] = []
    unit = Asked(asked.y.abs(), asked.d.abs())
    for known in reversed(before):
        line, bent = asked.d @ link.line, sum(unit.d @ c.abs() for c in link.curves.values())
        values, differences = asked.y @ link.weight + line, asked.d @ link.weight - line
        sizes = unit.y @ link.weight.abs() + unit.d @ link.line.abs() + bent, unit.d @ link.weight.abs()
        pool, slope = known.link.pool, known.chord
        of_values = of_unit = None
        if pool is not None:
            values, differences, sizes = values @ pool, differences @ pool, tuple(one @ pool for one in sizes)
            of_unit = unit.d @ link.line.abs() + bent
            of_values = torch.zeros_like(of_unit)
        chosen.append(Multipliers(values * slope, differences * slope, of_values))
        unit = Asked(sizes[0] + 2 * sizes[1] * known.lean, sizes[1])
        units.append(Multipliers(unit.y, unit.d, of_unit))
        asked, link = Asked(chosen[-1].y, chosen[-1].d), known.link
    return Start(chosen[::-1], units[::-1])


def searched(dual: Dual, steps: int) -> list[Multipliers]:
    """The multipliers at the end of so many steps, which are made in float32: whatever they are, they give a bound.

    Args:
        dual: what is bounded.
        steps: how many.
    """
    rough = dual.roughly
    begun = start(rough.asked, rough.link, rough.before)
    dual.sparsely([(one.y + one.d) > 0 for one in begun.units])
    rough.rows = dual.rows
    parts, units = ([part for one in side for part in one.parts] for side in (begun.chosen, begun.units))
    mean, size = [torch.zeros_like(p) for p in parts], [torch.zeros_like(p) for p in parts]
    for step in range(steps):
        moves = rough.moves(begun.chosen)
        length = FIRST * (LAST / FIRST) ** (step / steps)
        turned = [part for one in moves for part in one.parts]
        worth = [1 - decay ** (step + 1) for decay in MEANS]
        for part, unit, move, m, s in zip(parts, units, turned, mean, size, strict=True):
            move = move * unit
            m.lerp_(move, 1 - MEANS[0])
            s.mul_(MEANS[1]).addcmul_(move, move, value=1 - MEANS[1])
            part.sub_(length / worth[0] * unit * m / ((s / worth[1]).sqrt() + TINY))
    return [Multipliers(*(part.double() for part in one.parts)) for one in begun.chosen]
