"""Sources that are sparse from the start."""

import math

import numpy as np
import pytest

from sltk.claims._pools import covered
from sltk.claims.random_source import CLAIM
from sltk.core.errors import SltkError
from sltk.subset_sum import covers


def test_numbers():
    assert CLAIM.required_width(0.1, 0.05, density=0.2) == math.ceil(math.log(2 / (0.01 * 0.05)) / -math.log(0.95))
    assert CLAIM.bound(0.5) == pytest.approx(1 / math.log(2))
    assert CLAIM.required_width(0.1, 0.05, density=0.2) > CLAIM.required_width(0.1, 0.05, density=0.5)


@pytest.mark.parametrize("wrong", [0.0, 1.0])
def test_hypotheses(wrong):
    with pytest.raises(SltkError, match="density"):
        CLAIM.required_width(0.1, 0.05, density=wrong)


def test_zeros_do_not_help_to_cover():
    pool = np.array([[0.5, -0.5, 0.25, -0.25, 0.125, -0.125, 0.0625]])
    wide = np.concatenate([np.zeros((1, 40)), pool], axis=1)
    for eps in (0.04, 0.02):
        assert covered(wide, eps, 1.0) == covers(pool, eps, -0.5, 0.5)
    assert covered(wide, 0.04, 1.0)
    assert not covered(wide, 0.02, 1.0)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
