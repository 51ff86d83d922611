"""``required_size``: the table of the four answers, and the stored certificates."""

import json

import pytest

from sltk.core.errors import SltkError
from sltk.subset_sum.laws import Uniform
from sltk.subset_sum.widths.moment_certificate import moment_failure
from sltk.subset_sum.widths.moment_stratum import stratum_failure
from sltk.subset_sum.widths.moment_table import PairTable, Targets
from sltk.subset_sum.widths.required_size import read_certificate, required_size, stored_certificates

# (eps, delta): closed form, certificate, measured, floor
TABLE = {
    (0.1, 0.05): (29, 17, 10, 3),
    (0.01, 0.05): (45, 20, 14, 6),
    (0.01, 0.01): (51, 30, 17, 6),
    (0.001, 0.05): (61, 26, 18, 9),
}


@pytest.mark.parametrize(("at", "sizes"), TABLE.items())
def test_table_of_the_uniform_law(at, sizes):
    closed, certificate, measured, floor = sizes
    assert required_size(*at, method="closed-form") == closed
    assert required_size(*at, method="certificate") == certificate
    assert required_size(*at, method="floor") == floor
    if at[0] >= 0.01:  # the pools of the last row are too many for a unit test
        assert required_size(*at, method="measured") == measured


# What the package proved before groups of different sizes, by law: no answer may grow.
BEFORE = {
    "uniform(1.0)": {(0.1, 0.05): 17, (0.01, 0.05): 22, (0.01, 0.01): 30, (0.001, 0.05): 26, (0.01, 0.001): 47},
    "normal(1.0)": {(0.1, 0.05): 33, (0.01, 0.05): 47, (0.01, 0.01): 62, (0.001, 0.05): 70},
    "product(uniform(1.0), uniform(1.0))": {(0.1, 0.05): 28, (0.01, 0.05): 48, (0.01, 0.01): 60, (0.001, 0.05): 65},
}


@pytest.mark.parametrize(("law", "at"), [(law, at) for law, sizes in BEFORE.items() for at in sizes])
def test_no_certified_size_grows(law, at):
    assert required_size(*at, law=law) <= BEFORE[law][at]


def test_groups_of_different_sizes_reach_a_small_delta():
    assert required_size(0.01, 0.001) == 42
    assert required_size(0.01, 0.03) == 22


def test_the_cheapest_stored_certificate_is_computed_again():
    """The others take minutes: ``python -m experiments.precompute.width_certificates`` writes them all."""
    (found,) = (c for c in stored_certificates() if c.eps == 0.1)
    again = moment_failure(found.size, found.eps, Uniform(1.0), found.window, found.plan)
    assert again == pytest.approx(found.failure, rel=1e-6)


def test_a_wide_tolerance_needs_nothing():
    for method in ("closed-form", "certificate", "measured", "floor"):
        assert required_size(0.5, 0.05, method=method) == 0


def test_stored_certificates_are_read_back():
    found = stored_certificates()
    assert any(c.law == Uniform(1.0).spec() and c.eps == 0.01 and c.size <= 20 and c.failure <= 0.05 for c in found)
    for certificate in found:
        p = certificate.plan
        assert p.samples + p.rest <= certificate.size
        assert 0.0 < certificate.failure < 1.0


def test_a_damaged_certificate_is_refused():
    with pytest.raises(SltkError, match="precompute"):
        read_certificate(json.loads('{"law": "uniform(1.0)", "plan": {"samples": 3}}'))


def test_a_certificate_of_too_few_samples_is_no_certificate():
    """Negative control: eight samples, two in each bin, cannot cover at eps = .01 and the bound knows it."""
    table = PairTable(8, 0.5, (-2, -1, 0, 1), 0.0065, Targets(0.5035, 1.4, 1.4, 1.1))
    assert stratum_failure(table, (2, 2, 2, 2)) == 1.0


@pytest.mark.parametrize("groups", [2, 3])
def test_a_wide_window_takes_disjoint_groups_that_all_succeed(groups):
    """The closed form holds for the law's own window, 1; a wider one is cut into shares."""
    eps, delta = 0.03, 0.06
    one = required_size(eps / groups, delta / groups, method="closed-form")
    assert required_size(eps, delta, method="closed-form", window=float(groups)) == pytest.approx(groups * one, abs=1)
    assert required_size(eps, delta, method="closed-form", window=1.0) < one


@pytest.mark.parametrize("exponent", [-49, -60, -1000])
def test_the_closed_form_answers_where_the_iteration_ends(exponent: int) -> None:
    """A deep network asks for such tolerances."""
    eps = 2.0**exponent
    assert required_size(eps, 1e-4) == required_size(eps, 1e-4, method="closed-form")
