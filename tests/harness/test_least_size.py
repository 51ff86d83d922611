"""The least size at which a success rate is shown."""

import pytest

from sltk.core.errors import SltkError
from sltk.core.statistics.stats import clopper_pearson
from sltk.harness.least_size import least_size


def test_it_is_the_first_size_whose_limit_passes():
    """Failures fall with n; the limit of the size found passes, that of the one before does not."""
    failures = {n: max(0, 200 - 40 * n) for n in range(1, 11)}
    found = least_size(failures.__getitem__, 400, 0.05, last=10)
    assert found == 5
    assert clopper_pearson(400 - failures[5], 400, 0.99).low >= 0.95
    assert clopper_pearson(400 - failures[4], 400, 0.99).low < 0.95


def test_a_share_that_is_only_just_seen_is_not_shown():
    """Negative control: 20 failures of 400 are a share of .05, and show nothing of the kind."""
    assert least_size(lambda n: 20, 400, 0.05, last=3) is None


def test_too_few_trials_are_refused():
    with pytest.raises(SltkError, match="take more trials"):
        least_size(lambda n: 0, 50, 0.05)
