"""The limit of the growing penalty."""

import pytest

from sltk.claims.dual_lth import CLAIM
from sltk.core.errors import SltkError


def test_gradient_descent_diverges_from_the_limit_on():
    rate, momentum = 0.01, 0.9
    limit = CLAIM.bound(rate, momentum)

    def last(penalty):
        x, velocity = 1.0, 0.0
        for _ in range(2000):
            velocity = momentum * velocity + penalty * x
            x -= rate * velocity
        return abs(x)

    assert last(0.98 * limit) < 1e-3
    assert last(1.02 * limit) > 1e3


def test_hypotheses():
    with pytest.raises(SltkError, match="momentum"):
        CLAIM.bound(0.1, 1.0)
