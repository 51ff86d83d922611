r"""How much of a uniform law a product or a normal law contains (claim ``uniform-containment``).

Theorem. The product of two U[-1,1] has density ``ln(1/|u|)/2 >= (ln 2)/2`` on ``|u| <= 1/2``, so it is a mixture with
weight ``(ln 2)/2 = .3466`` of U[-1/2,1/2]; N(0,1) contains U[-1,1] with weight ``2 phi(1) = .4839``. A pool of n then
holds ``Bin(n, weight)`` uniform samples.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from sltk.claims._pools import count, draw
from sltk.core.claim import Case, Claim, Hypothesis, Preset
from sltk.core.statistics.verdict import Proportion
from sltk.subset_sum.laws import Law, Normal, Product, Uniform, law_of, parse_law

STRIP = 0.02  # the outer 2% of the interval, on each side: there the density is least


def weight(law: Law | str, half_width: float) -> float:
    """Weight ``2 h p(h)`` of U[-h, h] in a law whose density p falls in ``|x|``; relative error about 1e-9."""
    return 2.0 * half_width * float(law_of(law).density(half_width))


def measure(cell: Mapping[str, Any], trials: int, generator: np.random.Generator) -> Mapping[str, Any]:
    """Draws in the outer strip of the interval."""
    h = cell["half_width"]
    size = np.abs(draw(parse_law(cell["law"]), generator, trials, 1)[:, 0])
    return count((size > (1.0 - STRIP) * h) & (size < h))


def cases(preset: Preset) -> tuple[Case, ...]:
    """Mass of a strip against the weight; the control claims weight 1/2 for the product."""
    product = Product(Uniform(), Uniform())
    claims = [(product, 0.5, weight(product, 0.5), False), (Normal(1.0), 1.0, weight(Normal(1.0), 1.0), False),
              (product, 0.5, 0.5, True)]  # fmt: skip
    return tuple(_case(law, h, w, control, preset) for law, h, w, control in claims)


def _case(law: Law, half_width: float, share: float, control: bool, preset: Preset) -> Case:
    mass = share * STRIP
    plan = Proportion(mass, 1.0, alternative=(0.8 if preset == "quick" else 0.95) * mass)
    cell = {"law": law.spec(), "half_width": half_width}
    if control:  # the same cell put to another number is a cell of its own
        cell["claimed"] = share
    return Case(f"{law.spec()}, weight {share:.4g}", cell, plan, f"P(strip) >= {mass:.5g}", control)


CLAIM = Claim(
    key="uniform-containment",
    title="products and normals contain a uniform law",
    statement=r"p_{vw}(u) = \tfrac12 \ln\tfrac{1}{|u|} \ge \tfrac{\ln 2}{2} \cdot 1[|u| \le \tfrac12], \quad "
    r"p_{N(0,1)}(u) \ge 2 \varphi(1) \cdot \tfrac12 1[|u| \le 1]",
    source="Derived for this project, elementary",
    provenance=(("statement", "derived"),),
    explanation="Theorems for uniform samples carry over to any law that contains a uniform one, at the price of its "
    "weight: (ln 2)/2 = .347 for the product of two uniforms, not 1/2.",
    hypotheses=(
        Hypothesis(
            "a law that is symmetric with a density falling in |x|",
            lambda law: law.unimodal,
            "the least density on [-h, h] is then the one at h",
            "use Uniform, Normal or a Product of these",
        ),
        Hypothesis(
            "half_width > 0",
            lambda half_width: half_width > 0.0 and math.isfinite(half_width),
            "an interval without length contains nothing",
            "pass half the length of the interval",
        ),
    ),
    bound=weight,
    measure=measure,
    cases=cases,
)
