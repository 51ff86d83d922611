"""The contract of a law. A new law adds its instances to ``LAWS``; ``test_laws`` asks for one of each registered.

What is random here is drawn from fixed seeds and cannot fail by chance; draws are held against the density and the
constants in ``tests/statistical/test_law_draws.py``, with declared false alarms.
"""

import copy
import pickle

import numpy as np
import pytest
from scipy import integrate

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum.laws import Law, LogUniform, Masked, Normal, Product, Uniform, parse_law

LAWS = [
    Uniform(),
    Uniform(2.0),
    Uniform(1.1),
    Uniform(2.0**-60),
    Normal(),
    Normal(0.3),
    LogUniform(0.01),
    LogUniform(1e-3, 0.7),
    Masked(Uniform(), 0.5),
    Masked(Normal(2.0), 0.01),
    Product(Uniform(), Uniform()),
    Product(Uniform(2.0), Uniform(0.7)),
    Product(Normal(), Normal(3.0)),
    Product(Normal(), Uniform(0.5)),
    Product(Product(Uniform(), Uniform()), Masked(Uniform(), 0.25)),
]


def of(laws):
    return pytest.mark.parametrize("law", laws, ids=lambda law: law.spec())


def all_corners(law: Law) -> np.ndarray:
    """Draws from every combination of the smallest, middle and largest words."""
    edge = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], dtype=np.uint32)
    return law.transform(np.stack(np.meshgrid(*[edge] * law.words)))


def has_cdf(law: Law) -> bool:
    """Whether the law has a formula for its cdf; if not it says so."""
    try:
        law.cdf(0.0)
    except SltkError:
        return False
    return True


def has_constants(law: Law) -> bool:
    """Whether the law has constants; if not it says why."""
    try:
        law.constants()
    except SltkError:
        return False
    return True


class LawContract:
    """Inherit, with ``law`` parametrised by ``of``."""

    def test_draws_are_exact_in_float32_and_within_high(self, law):
        for x in (law.sample(stream(1, law.spec()), (50, 100)), all_corners(law)):
            assert x.dtype == np.float64
            assert np.array_equal(x, x.astype(np.float32).astype(np.float64))
            assert np.all(np.abs(x) <= law.high)
        assert np.abs(all_corners(law)).max() >= law.high * (1 - 1e-6)

    def test_a_sample_is_the_transform_of_its_words(self, law):
        words = stream(9, law.spec()).integers(0, 2**32, size=(law.words, 7, 30), dtype=np.uint32)
        assert np.array_equal(law.sample(stream(9, law.spec()), (7, 30)), law.transform(words))

    def test_transform_is_elementwise_and_leaves_its_input(self, law):
        words = stream(2, law.spec()).integers(0, 2**32, size=(law.words, 4, 5), dtype=np.uint32)
        before = words.copy()
        whole = law.transform(words)
        assert whole.shape == (4, 5)
        assert np.array_equal(words, before)
        assert all(law.transform(words[:, i, j]) == whole[i, j] for i in range(4) for j in range(5))
        assert law.transform(words[:, :0]).shape == (0, 5)

    def test_text_round_trip_copies_and_hash(self, law):
        for other in (
            parse_law(law.spec()),
            parse_law(f"  {law.spec()} "),
            copy.deepcopy(law),
            pickle.loads(pickle.dumps(law)),
        ):
            assert other == law
            assert hash(other) == hash(law)
            assert other.spec() == law.spec()

    def test_a_symmetric_law_has_a_symmetric_density_and_symmetric_ends(self, law):
        x = law.high * np.linspace(1e-3, 0.99, 50)
        if law.symmetric:
            assert law.density(x) == pytest.approx(law.density(-x), rel=1e-14)
            assert all_corners(law).max() == -all_corners(law).min()
        if law.unimodal:
            assert law.symmetric
            assert np.all(np.diff(law.density(x)) <= 1e-14 * law.density(x[1:]))

    def test_density_is_the_derivative_of_the_cdf(self, law):
        """Of the part that has one: the atom is left out of the density, and is no part of an interval without 0."""
        if has_cdf(law):
            low, high = law.cdf(np.array([0.2, 0.45]) * law.high)
            mass, _ = integrate.quad(lambda x: float(law.density(x)), 0.2 * law.high, 0.45 * law.high)
            assert mass == pytest.approx(high - low, rel=1e-9, abs=1e-12)

    def test_density_integrates_to_one_without_the_atom(self, law):
        """By the density alone where nothing else holds it; one that ends in a step is held by its cdf as well."""
        x = law.high * (1 - 1e-6) * np.exp(-np.linspace(0, 30, 601))
        mass = integrate.simpson((law.density(x) + law.density(-x)) * x, dx=0.05)
        assert mass == pytest.approx(1 - law.atom, abs=2e-2 if has_cdf(law) else 2e-5)

    def test_cdf_has_its_ends_its_symmetry_and_its_atom(self, law):
        if has_cdf(law):
            x = law.high * np.linspace(0.01, 1.2, 9)
            assert law.cdf(10.0 * law.high) == pytest.approx(1.0, abs=1e-15)
            assert law.cdf(-10.0 * law.high) == pytest.approx(0.0, abs=1e-15)
            if law.symmetric:
                assert law.cdf(x) + law.cdf(-x) == pytest.approx(1.0, abs=1e-14)
                assert law.cdf(0.0) == pytest.approx(0.5 + law.atom / 2, abs=1e-15)

    def test_constants_hold_and_no_other_length_gives_more(self, law):
        if has_constants(law):
            found = law.constants()
            inside = found.L * np.array([1e-9, 0.1, 0.5, 0.9, 1.0])
            assert np.all(law.density(inside) >= found.p0 * (1 - 1e-14))
            assert np.all(law.density(-inside) >= found.p0 * (1 - 1e-14))
            assert found.c == pytest.approx(found.p0 * found.L, rel=1e-14)
            assert 0.0 < found.c <= 0.5
            if law.unimodal:
                lengths = found.L * np.linspace(0.3, 3.0, 28)
                assert np.all(lengths * law.density(lengths) <= found.c * (1 + 1e-7))

    def test_integrals_of_the_part_below_the_density(self, law):
        """``P' = Q``, ``Q`` grows by at most the density, and ``Q`` of everything is at most half of what has one."""
        if has_constants(law):
            x = law.high * np.geomspace(1e-4, 0.8, 30)
            step = 1e-4 * x
            rise = law.second_integral(x + step) - law.second_integral(x - step)
            assert rise == pytest.approx(2 * step * law.first_integral(x), rel=1e-6)
            added = law.first_integral(x + step) - law.first_integral(x - step)
            assert np.all(added <= 2 * step * law.density(x - step) * (1 + 1e-9) + 1e-15)
            assert law.first_integral(np.array(1e9 * law.high)) <= (1 - law.atom) / 2 + 1e-15

    def test_units_give_back_the_law(self, law):
        unit, scale = law.in_units()
        assert unit.in_units() == (unit, 1)
        assert float(scale) * unit.high == pytest.approx(law.high, rel=1e-6)
        x = law.high * np.array([0.1, 0.5, 0.9])
        assert law.density(x) * float(scale) == pytest.approx(unit.density(x / float(scale)), rel=1e-9)
