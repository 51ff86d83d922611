"""Exact tests of a probability or a distribution against draws from a named random stream.

Each has a false-alarm probability of at most ``FALSE_ALARM`` where the statement is true; the seed is fixed, so a
run either always passes or never does.
"""

from collections.abc import Callable

import numpy as np

from proofs_checks._check import Refuted
from sltk.core.numerics.arrays import Values
from sltk.core.rng import stream
from sltk.core.statistics.stats import dkw_radius, kolmogorov_distance, test_proportion

FALSE_ALARM = 1e-9
SEED = 20_240_217


def generator(*names: str) -> np.random.Generator:
    """The stream of one step."""
    return stream(SEED, "proofs-checks", *names)


def agrees(successes: int, trials: int, p: float) -> bool:
    """Whether a count fits ``Bin(trials, p)``, by the exact two-sided test.

    Raises:
        Refuted: it does not.
    """
    found = test_proportion(int(successes), trials, p, p, FALSE_ALARM)
    if found.rejected:
        raise Refuted(f"{successes} of {trials} against p = {p:.6g}: p-value {found.p_value:.2g}")
    return True


def follows(values: Values, cdf: Callable[[Values], Values]) -> bool:
    """Whether draws follow a continuous ``cdf``, by the Dvoretzky-Kiefer-Wolfowitz band.

    Raises:
        Refuted: they do not.
    """
    distance, radius = kolmogorov_distance(values, cdf), dkw_radius(values.size, FALSE_ALARM)
    if distance > radius:
        raise Refuted(f"the empirical cdf is {distance:.4g} away, beyond {radius:.4g}")
    return True
