"""Every law: exact in float32, within its own bounds, true to its formulas, and readable from its text."""

import copy
import math
import pickle
from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import numpy as np
import pytest
from scipy import integrate, special

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum.laws import (
    Law,
    LawConstants,
    LogUniform,
    Masked,
    Normal,
    Product,
    Uniform,
    parse_law,
    register_law,
)

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
UNIMODAL = [law for law in LAWS if law.unimodal]
WITH_CDF = [
    law for law in LAWS if not isinstance(law, Product) or law.left.spec()[:4] == law.right.spec()[:4] == "unif"
]


def of(laws):
    return pytest.mark.parametrize("law", laws, ids=lambda law: law.spec())


def all_corners(law: Law) -> np.ndarray:
    """Draws from every combination of the smallest, middle and largest words."""
    edge = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], dtype=np.uint32)
    return law.transform(np.stack(np.meshgrid(*[edge] * law.words)))


@of(LAWS)
def test_draws_are_exact_in_float32_and_within_high(law):
    for x in (law.sample(stream(1, law.spec()), (50, 100)), all_corners(law)):
        assert x.dtype == np.float64
        assert np.array_equal(x, x.astype(np.float32).astype(np.float64))
        assert np.all(np.abs(x) <= law.high)
    assert np.abs(all_corners(law)).max() >= law.high * (1 - 1e-6)


def test_the_check_of_exactness_refutes_a_float64_draw():
    x = stream(1, "control").uniform(-1, 1, 1000)
    assert not np.array_equal(x, x.astype(np.float32).astype(np.float64))


@of(LAWS)
def test_transform_is_elementwise_and_leaves_its_input(law):
    words = stream(2, law.spec()).integers(0, 2**32, size=(law.words, 4, 5), dtype=np.uint32)
    before = words.copy()
    whole = law.transform(words)
    assert whole.shape == (4, 5)
    assert np.array_equal(words, before)
    assert all(law.transform(words[:, i, j]) == whole[i, j] for i in range(4) for j in range(5))
    assert law.transform(words[:, :0]).shape == (0, 5)


@of(LAWS)
def test_text_round_trip_copies_and_hash(law):
    for other in (
        parse_law(law.spec()),
        parse_law(f"  {law.spec()} "),
        copy.deepcopy(law),
        pickle.loads(pickle.dumps(law)),
    ):
        assert other == law
        assert hash(other) == hash(law)
        assert other.spec() == law.spec()


@of([law for law in WITH_CDF if law.atom == 0.0])
def test_density_is_the_derivative_of_the_cdf(law):
    low, high = law.cdf(np.array([0.2, 0.45]) * law.high)
    mass, _ = integrate.quad(lambda x: float(law.density(x)), 0.2 * law.high, 0.45 * law.high)
    assert mass == pytest.approx(high - low, rel=1e-9, abs=1e-12)


@of([law for law in LAWS if law not in WITH_CDF])
def test_density_integrates_to_one_without_the_atom(law):
    x = law.high * np.exp(-np.linspace(0, 30, 601))
    mass = integrate.simpson(law.density(x) * x, dx=0.05)
    assert mass == pytest.approx((1 - law.atom) / 2, abs=1e-5)


@of(WITH_CDF)
def test_cdf_has_its_symmetry_its_ends_and_its_atom(law):
    x = law.high * np.linspace(0.01, 1.2, 9)
    assert law.cdf(x) + law.cdf(-x) == pytest.approx(1.0, abs=1e-14)
    assert law.cdf(10.0 * law.high) == pytest.approx(1.0, abs=1e-15)
    assert law.cdf(0.0) == pytest.approx(0.5 + law.atom / 2, abs=1e-15)


@of(UNIMODAL)
def test_constants_hold_and_no_other_length_gives_more(law):
    found = law.constants()
    inside = found.L * np.array([1e-9, 0.1, 0.5, 0.9, 1.0])
    assert np.all(law.density(inside) >= found.p0 * (1 - 1e-14))
    assert found.c == pytest.approx(found.p0 * found.L, rel=1e-14)
    assert 0.0 < found.c <= 0.5
    lengths = found.L * np.linspace(0.3, 3.0, 28)
    assert np.all(lengths * law.density(lengths) <= found.c * (1 + 1e-7))


@of(UNIMODAL)
def test_the_check_of_constants_refutes_a_longer_window(law):
    found = law.constants()
    assert law.density(1.001 * found.L) < found.p0 * (1 - 1e-14)


GOLDEN = [
    (Uniform(), 0.5, 1.0),
    (Uniform(4.0), 0.5, 4.0),
    (Normal(), 0.24197072451914337, 1.0),
    (Normal(0.1), 0.24197072451914337, 0.1),
    (Product(Uniform(), Uniform()), 0.18393972058572117, 1 / math.e),
    (Product(Uniform(), Uniform(2.0)), 0.18393972058572117, 2 / math.e),
    (Masked(Product(Uniform(), Uniform()), 0.5), 0.09196986029286058, 1 / math.e),
]


@pytest.mark.parametrize(("law", "c", "length"), GOLDEN)
def test_constants_are_those_of_the_closed_forms(law, c, length):
    found = law.constants()
    assert (found.c, found.L, found.p0) == pytest.approx((c, length, c / length), rel=1e-14)


def test_constants_by_search_against_closed_forms():
    # three uniforms: density ln(1/u)^2 / 4, so L ln(1/L)^2 / 4 is largest at e^-2, with c = e^-2
    found = Product(Product(Uniform(), Uniform()), Uniform()).constants()
    assert (found.c, found.L) == pytest.approx((math.exp(-2), math.exp(-2)), rel=1e-5)
    assert found.c <= math.exp(-2)
    # two normals: L K_0(L) / pi is largest where K_0(L) = L K_1(L)
    found = Product(Normal(), Normal()).constants()
    assert special.k0(found.L) == pytest.approx(found.L * special.k1(found.L), rel=1e-4)


def test_density_by_quadrature_against_closed_forms():
    x = np.array([1e-6, 0.01, 0.3, 0.9])
    three = Product(Product(Uniform(), Uniform()), Uniform()).density(x)
    assert three == pytest.approx(np.log(x) ** 2 / 4, rel=1e-9)
    mixed = Product(Normal(0.5), Uniform(2.0)).density(x)
    assert mixed == pytest.approx(special.exp1(x**2 / 2) / (2 * math.sqrt(2 * math.pi)), rel=1e-6)
    flat = Product(LogUniform(0.1), Uniform()).density([0.0, 1e-9, 0.05])
    assert flat == pytest.approx(9.0 / (2 * math.log(10)), rel=1e-9)
    assert np.array_equal(Product(LogUniform(0.1), LogUniform(0.1)).density([0.0, 0.001, 1.1]), [0.0, 0.0, 0.0])
    assert Product(Normal(), Uniform()).density(0.0) == math.inf


def test_product_of_normals_has_the_bessel_density():
    mpmath.mp.dps = 30
    z = mpmath.mpf("0.7")
    exact = mpmath.quad(lambda t: mpmath.npdf(mpmath.exp(t)) * mpmath.npdf(z * mpmath.exp(-t) / 3) / 3, [-20, 0, 5]) * 2
    assert Product(Normal(), Normal(3.0)).density(0.7) == pytest.approx(float(exact), rel=1e-13)


def test_uniform_draws_are_odd_multiples_of_the_grid():
    x = Uniform(4.0).transform(np.array([[0, 255, 256, 2**31, 2**32 - 1]], dtype=np.uint32))
    assert (x * 2**22).tolist() == [1 - 2**24, 1 - 2**24, 3 - 2**24, 1, 2**24 - 1]


def test_normal_draws_are_symmetric_rounded_quantiles():
    word = stream(3, "normal").integers(0, 2**32, size=(1, 200), dtype=np.uint32)
    x = Normal(0.7).transform(word)
    assert np.array_equal(Normal(0.7).transform(~word), -x)
    mpmath.mp.dps = 40
    exact = [0.7 * mpmath.sqrt(2) * mpmath.erfinv((2 * int(w) + 1) / mpmath.mpf(2**32) - 1) for w in word[0, :40]]
    assert np.array_equal(x[:40], np.array([np.float32(float(z)) for z in exact]))
    assert Normal().high == pytest.approx(6.338, abs=1e-3)


def test_mask_keeps_its_share_exactly():
    law = Masked(Uniform(), 0.25)
    words = np.array([[5, 5, 5, 5], [0, 2**30 - 1, 2**30, 2**32 - 1]], dtype=np.uint32)
    kept = Uniform().transform(words[:1])
    assert np.array_equal(law.transform(words), kept * [1, 1, 0, 0])
    assert np.all(Masked(Uniform(), 1.0).transform(words) == kept)


def test_numbers_are_stored_as_floats():
    assert Uniform(2) == Uniform(2.0) == Uniform(np.float32(2))
    assert Uniform(2).spec() == "uniform(2.0)"
    assert parse_law("uniform(half_width=2)") == parse_law("uniform(2)") == Uniform(2.0)
    assert parse_law("uniform()") == Uniform(1.0)
    assert replace(Uniform(2.0), half_width=3).spec() == "uniform(3.0)"


@register_law
@dataclass(frozen=True)
class Rademacher(Law):
    """A law of a user: ``-size`` or ``size``."""

    size: float = 1.0
    name: ClassVar[str] = "rademacher"

    @property
    def words(self):
        return 1

    @property
    def high(self):
        return self.size

    def transform(self, words):
        return np.where(words[0] >> np.uint32(31), self.size, -self.size)

    def density(self, x):
        return np.zeros_like(x)

    def constants(self):
        raise SltkError("rademacher has no density, so the explicit theorem does not apply; take uniform.")


def test_a_users_law_joins_in():
    law = parse_law("masked(rademacher(0.5), 0.5)")
    assert law == Masked(Rademacher(0.5), 0.5)
    assert set(law.sample(stream(1, "user"), 100).tolist()) == {-0.5, 0.0, 0.5}
    assert register_law(Rademacher) is Rademacher
    with pytest.raises(SltkError, match="no formula for its cdf"):
        law.cdf(0.0)
    with pytest.raises(SltkError, match="not symmetric"):
        Product(Rademacher(), Normal()).density(0.5)


def test_a_taken_name_is_refused():
    class Other(Uniform):
        name: ClassVar[str] = "uniform"

    class Odd(Uniform):
        name: ClassVar[str] = "no name"

    with pytest.raises(SltkError, match="registered already"):
        register_law(Other)
    with pytest.raises(SltkError, match="must be an identifier"):
        register_law(Odd)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot read the law"),
        ("uniform", "cannot read the law"),
        ("uniform(1.0", "cannot read the law"),
        ("uniform(1, 2)", "cannot read the law"),
        ("uniform(width=1)", "cannot read the law"),
        ("uniform(**{})", "must be numbers or laws"),
        ("uniform(*[1])", "must be numbers or laws"),
        ("uniform(True)", "must be numbers or laws"),
        ("uniform('1')", "must be numbers or laws"),
        ("uniform(1 + 1)", "must be numbers or laws"),
        ("uniform(x)", "must be numbers or laws"),
        ("gauss(1)", "known laws are log_uniform, masked, normal"),
        ("__import__('os')", "unknown law"),
        ("os.system('x')", "cannot read the law"),
        ("uniform(1)\0", "cannot read the law"),
        ("uniform(1" + "0" * 400 + ")", "cannot read the law"),
        ("masked(" * 5000, "cannot read the law"),
        (None, "parse_law reads a text"),
    ],
)
def test_texts_that_are_no_law_are_refused(text, message):
    with pytest.raises(SltkError, match=message):
        parse_law(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(0.0), "2\\*\\*-60 <= half_width"),
        (lambda: Uniform(-1.0), "half_width=-1.0"),
        (lambda: Uniform(math.nan), "half_width=nan"),
        (lambda: Uniform(math.inf), "half_width=inf"),
        (lambda: Uniform(True), "needs a number for half_width"),
        (lambda: Uniform("1"), "needs a number for half_width"),
        (lambda: Normal(0.0), "std=0.0"),
        (lambda: LogUniform(1.0, 1.0), "low=1.0"),
        (lambda: LogUniform(2.0, 1.0), "low is the smaller one"),
        (lambda: LogUniform(0.0), "low=0.0"),
        (lambda: Masked(Uniform(), 0.0), "p=0.0"),
        (lambda: Masked(Uniform(), 1.5), "p=1.5"),
        (lambda: Masked(0.5, 0.5), "needs a law for law"),
        (lambda: Product(Uniform(), 2.0), "needs a law for right"),
        (lambda: Product(Product(Uniform(2.0**60), Uniform(2.0**60)), Uniform(2.0)), "scale a factor"),
        (lambda: LogUniform(0.5).constants(), "density 0"),
        (lambda: Product(LogUniform(0.5), Uniform()).constants(), "not known"),
        (lambda: Uniform().transform(np.zeros((1, 3), np.int64)), "uint32 words"),
        (lambda: Uniform().transform(np.zeros((2, 3), np.uint32)), "takes 1 uint32 words"),
        (lambda: Product(Uniform(), Uniform()).transform(np.zeros((1, 3), np.uint32)), "takes 2 uint32 words"),
        (lambda: Uniform().transform(np.uint32(3)), "takes 1 uint32 words"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(SltkError, match=message):
        make()


def test_constants_are_data():
    assert Uniform(2.0).constants() == LawConstants(0.25, 2.0, 0.5)
