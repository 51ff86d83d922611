"""Properties of ``required_size``: monotone in eps and delta, scaling, and the order of the four answers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sltk.core.errors import SltkError
from sltk.subset_sum.bounds import closed_form_size
from sltk.subset_sum.laws import LogUniform, Normal, Product, Uniform
from sltk.subset_sum.widths.required_size import METHODS, required_size
from sltk.subset_sum.widths.width_certificate import OutOfReach, certified_size

# A few tolerances: every certificate of a new tolerance costs a table. The stored ones sit between them.
EPS = [0.2, 0.11, 0.01]
DELTA = [0.2, 0.05, 0.01, 1e-4]
LAWS = [Uniform(1.0), Normal(1.0), Product(Uniform(), Uniform())]
MEASURED = {"trials": 1500, "confidence": 0.99}

laws, deltas = st.sampled_from(LAWS), st.sampled_from(DELTA)
indices = st.integers(0, len(EPS) - 1)


@settings(max_examples=9, deadline=None)
@given(laws, st.sampled_from([m for m in METHODS if m != "measured"]), indices, indices, deltas, deltas)
def test_no_size_rises_with_eps_or_delta(law, method, i, j, first, second):
    scale = law.constants().L
    harder = required_size(EPS[max(i, j)] * scale, min(first, second), law=law, method=method)
    easier = required_size(EPS[min(i, j)] * scale, max(first, second), law=law, method=method)
    assert easier <= harder


@settings(max_examples=7, deadline=None)
@given(laws, indices, deltas)
def test_floor_certificate_closed_form_in_order(law, i, delta):
    eps = EPS[i] * law.constants().L
    certificate = required_size(eps, delta, law=law)
    assert required_size(eps, delta, law=law, method="floor") <= certificate
    assert certificate <= required_size(eps, delta, law=law, method="closed-form")


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.spec())
def test_measured_lies_between_floor_and_certificate_and_is_monotone(law):
    """Same pools throughout, so no chance is involved in the monotony; the order has room of many samples."""
    scale = law.constants().L
    sizes = {}
    for eps in (0.1 * scale, 0.02 * scale):
        for delta in (0.2, 0.05):
            found = required_size(eps, delta, law=law, method="measured", **MEASURED)
            assert required_size(eps, delta, law=law, method="floor") <= found
            assert found <= required_size(eps, delta, law=law, method="certificate")
            sizes[eps, delta] = found
    for (eps, delta), found in sizes.items():
        assert all(found <= other for (e, d), other in sizes.items() if e <= eps and d <= delta)


@given(st.sampled_from([0.25, 2.0, 8.0]), st.sampled_from(["floor", "closed-form", "certificate"]))
@settings(max_examples=9, deadline=None)
def test_sizes_do_not_depend_on_the_unit(factor, method):
    there = required_size(0.05 * factor, 0.05, law=Uniform(factor), method=method)
    assert there == required_size(0.05, 0.05, law=Uniform(1.0), method=method)


@given(st.sampled_from(METHODS), st.sampled_from([-1.0, 0.0, float("nan")]))
def test_bad_tolerances_are_refused(method, eps):
    with pytest.raises(SltkError, match="eps"):
        required_size(eps, 0.05, method=method)


@given(st.sampled_from(METHODS), st.sampled_from([-0.1, 0.0, 1.0, 1.5]))
def test_bad_probabilities_are_refused(method, delta):
    with pytest.raises(SltkError, match="delta"):
        required_size(0.1, delta, method=method)


def test_hypotheses_reject():
    with pytest.raises(SltkError, match="density 0"):
        required_size(0.01, 0.05, law=LogUniform(0.1))
    with pytest.raises(SltkError, match="method must be"):
        required_size(0.01, 0.05, method="guess")  # pyright: ignore[reportArgumentType]  # the test is about it
    with pytest.raises(SltkError, match="trials"):
        required_size(0.01, 0.001, method="measured", trials=100)


@settings(deadline=None)
@given(st.sampled_from([1.5, 2.0, 2.5]), st.sampled_from([0.1, 0.01]))
def test_a_wide_window_is_shared_by_groups(window, eps):
    """g groups reach g times the window, each with its share of the tolerance and of the failure."""
    groups = math.ceil(window)
    found = required_size(eps, 0.05, method="closed-form", window=window)
    assert found == groups * required_size(eps / groups * (1 - 1e-12), 0.05 / groups, method="closed-form")
    assert required_size(eps, 0.05, window=window) <= found


def test_the_iteration_goes_on_where_double_precision_would_end():
    """Between 1e-6 and 1e-8 a tolerance costs the same number of samples a decade, as the growth of the share says."""
    sizes = [certified_size(eps, 1e-6, Uniform(1.0), 1.0).size for eps in (1e-6, 1e-7, 1e-8)]
    steps = np.diff(sizes)
    assert steps.max() - steps.min() <= 1
    assert sizes[-1] < closed_form_size(1e-8, 1e-6, Uniform(1.0))


def test_where_the_iteration_ends_the_closed_form_holds():
    """Probabilities are counted in units of 2^-36: the iteration proves nothing below, and the closed form is taken."""
    assert required_size(0.1, 1e-13) == required_size(0.1, 1e-13, method="closed-form")
    with pytest.raises(OutOfReach, match="delta=1e-13"):
        certified_size(0.1, 1e-13, Uniform(1.0), 1.0)
