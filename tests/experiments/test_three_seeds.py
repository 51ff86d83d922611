"""The study of tickets that random numbers write: sums of their pools, isometries, bits."""

from typing import Any

import numpy as np
import pytest

from experiments.three_seeds.resum import HALF_WIDTH, LAW, ROUNDED, SUMS, guessed, rounded, summed
from experiments.three_seeds.study import STUDY, measured
from experiments.three_seeds.summary import isometry, least_bits
from sltk.core.rng import stream

VALUES = np.linspace(-1.0, 1.0, 40)


def test_a_number_is_the_nearest_sum_of_a_pool_that_was_drawn_before():
    n = 6
    pools = LAW.sample(stream(3, "three seeds", "a"), (len(VALUES), 40))[:, :n]
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    best = [sums[np.argmin(np.abs(sums - value))] for sums, value in zip(pools @ masks.T, VALUES, strict=True)]
    assert np.allclose(summed(VALUES, n, 3, "a"), best, atol=1e-12)
    off = [float(np.abs(way(VALUES, n, 3, "a") - VALUES).mean()) for way in (rounded, summed, guessed)]
    assert off[0] <= HALF_WIDTH / 2**n
    assert off[1] < 0.1 < off[2]  # the control: a random subset is nowhere near


def test_in_an_orthonormal_basis_weights_move_as_far_as_coefficients():
    cell = {"basis": "dct", "densities": [0.3], "written": [0.3], "sizes": [4], "epochs": 0.3, "seeds": [5, 6]}
    outputs = measured(cell)
    assert isometry(outputs) < 1e-5
    sums, control = (next(o for o in outputs["written"] if o["way"] == way) for way in (SUMS, ROUNDED))
    assert sums["numbers"] == control["numbers"] == [3900 + 170] * 2
    assert min(sums["moved"]) > 0.1
    sums["moved"] = [1.01 * moved for moved in sums["moved"]]
    assert STUDY.holds({"isometry": {"dct": isometry(outputs)}}) is False


def an_entry(n: int, numbers: int, accuracy: list[float]) -> dict[str, Any]:
    return {"density": 0.1, "way": SUMS, "n": n, "numbers": [numbers] * 2, "accuracy": accuracy}


def test_bits_are_those_of_the_cheapest_ticket_that_is_good_enough():
    outputs = {"written": [an_entry(4, 100, [0.8, 0.95]), an_entry(8, 100, [0.95, 0.5]), an_entry(5, 200, [0.9, 0.2])]}
    assert least_bits(outputs, 0.9) == [24 * 800, 24 * 400]
    assert least_bits(outputs, 0.99) == pytest.approx([2 * 24 * 1000] * 2)  # none has it: more than any that was tried
