"""The iterated hand-over: against random sets and samples, against the hand-over in one step; negative controls."""

from dataclasses import replace

import numpy as np
import pytest

from proofs_checks._last_samples import lines_hold
from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum import covers
from sltk.subset_sum.laws import Normal, Product, Uniform
from sltk.subset_sum.widths.handover import handover
from sltk.subset_sum.widths.handover_iteration import iterated_handover
from sltk.subset_sum.widths.moment_certificate import Stratified, Wide, moment_failure

FOUR = (-2, -1, 0, 1)
SLACK, NEAR, FAR = 0.05, 0.55, 1.2
CELLS = 960  # of K in the simulation; each of length 1/400


@pytest.mark.parametrize("samples", [2, 3, 6])
def test_iterating_never_costs(samples):
    once = handover(Uniform(1.0), samples, SLACK, NEAR, FAR)
    lines = iterated_handover(Uniform(1.0), samples, SLACK, NEAR, FAR)
    mass = [2.0 * NEAR * pair.inner + 1.3 * 2.0 * FAR * pair.outer for pair in (once, lines)]
    assert lines.base < 1e-3
    assert mass[1] < (0.95 if samples > 2 else 1.01) * mass[0]


def _missing_after(start, samples, generator):
    """Cells still missing after samples of U[-1, 1], rounded to cells, were added to a covered part of K."""
    missing = start.copy()
    for shift in generator.integers(-400, 401, size=samples):
        moved = np.ones(CELLS, bool)
        if shift >= 0:
            moved[shift:] = missing[: CELLS - shift]
        else:
            moved[:shift] = missing[-shift:]
        missing &= moved
    return missing


@pytest.mark.parametrize("samples", [1, 3, 5])
def test_no_set_does_worse(samples):
    """Missing sets at the middle, at the ends of J and scattered, 600 runs each.

    The failures stay below the bound by the exact binomial law: five standard errors (false alarm 3e-7 each).
    """
    lines = iterated_handover(Uniform(1.0), samples, SLACK, NEAR, FAR)
    generator = stream(7, "iterated", samples)
    centre = (np.arange(CELLS) + 0.5) / 400.0 - FAR
    window = np.abs(centre) <= NEAR
    for b in (0.2, 0.6, 1.0):
        starts = [np.abs(centre) <= b / 2, np.abs(np.abs(centre) - NEAR) <= b / 4, generator.random(CELLS) < b / 2.4]
        for start in starts:
            u, all_missing = (start & window).sum() / 400.0, start.sum() / 400.0
            left = [(_missing_after(start, samples, generator) & window).sum() / 400.0 for _ in range(600)]
            rate = np.mean(np.array(left) >= 2.0 * SLACK)
            bound = min(1.0, lines.base + lines.inner * u + lines.outer * all_missing)
            assert rate <= bound + 5.0 * np.sqrt(bound * (1.0 - bound) / 600.0)


def test_smaller_lines_or_weaker_samples_are_refused():
    lines = iterated_handover(Uniform(1.0), 3, SLACK, NEAR, FAR)
    assert lines_hold(lines, SLACK, NEAR, FAR)
    assert not lines_hold(replace(lines, inner=0.98 * lines.inner, outer=0.98 * lines.outer), SLACK, NEAR, FAR)
    assert not lines_hold(lines, SLACK, NEAR, FAR, reached=0.98)
    assert not lines_hold(lines, SLACK, NEAR, FAR, gained=0.95)
    raised = (lines.planes[0], lines.planes[1] * [0.9, 0.9, 0.9], *lines.planes[2:])
    assert not lines_hold(replace(lines, planes=raised), SLACK, NEAR, FAR)


@pytest.mark.parametrize("law", [Uniform(1.0), Normal(1.0), Product(Uniform(), Uniform())], ids=lambda law: law.spec())
def test_failure_by_stratum_is_above_the_measured(law):
    """2,000 pools; the bound lies above the measured failure, and below what the plan without strata gives."""
    window, eps, n = law.constants().L, 0.1, 18
    plain = Stratified(6, 5, 0.03, 0.7 * window, 0.5 if isinstance(law, Uniform) else 0.3, FOUR)
    plan = replace(plain, wide=(Wide(1, 0.7 * window), Wide(3, 0.9 * window)))
    bound = moment_failure(n, eps, law, window, plan)
    pools = law.sample(stream(8, "by-stratum", law.spec()), (2000, n))
    missed = 1.0 - np.mean(covers(pools, eps, -0.5 * window, 0.5 * window))
    assert missed <= bound <= moment_failure(n, eps, law, window, plain)


def test_refusals():
    with pytest.raises(SltkError, match=r"near=0\.5"):
        iterated_handover(Uniform(1.0), 3, 0.01, 0.5, 0.4)
    with pytest.raises(SltkError, match="samples=0"):
        iterated_handover(Uniform(1.0), 0, 0.01, 0.5, 0.7)
    with pytest.raises(SltkError, match="scarce >= 3"):
        moment_failure(18, 0.1, Uniform(1.0), 1.0, Stratified(6, 4, 0.03, 0.7, 0.5, FOUR, (Wide(2, 0.7),)))
    with pytest.raises(SltkError, match="does not fit"):
        moment_failure(18, 0.1, Uniform(1.0), 1.0, Stratified(6, 4, 0.03, 0.7, 0.5, FOUR, (Wide(3, 0.4),)))
