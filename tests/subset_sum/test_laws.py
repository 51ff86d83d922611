"""Every law: exact in float32, within its own bounds, true to its formulas, and readable from its text."""

import importlib
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import mpmath
import numpy as np
import pytest
from scipy import special

from sltk.core.errors import SltkError
from sltk.core.registry import import_modules
from sltk.core.rng import stream
from sltk.subset_sum import laws
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
    registered_laws,
)
from tests.subset_sum.law_contract import LAWS, LawContract, has_cdf, of


@of(LAWS)
class TestLaw(LawContract):
    """Every instance."""


def test_every_registered_law_is_held_by_the_contract():
    assert {law.name for law in LAWS} >= {law.name for law in registered_laws() if law.__module__.startswith("sltk.")}


def test_a_file_in_the_folder_of_laws_is_registered(tmp_path, monkeypatch):
    """A new law is one file."""
    own = Path(str(sys.modules[Uniform.__module__].__file__)).read_text("utf-8")
    (tmp_path / "zigzag.py").write_text(own.replace("Uniform", "Zigzag").replace('"uniform"', '"zigzag"'), "utf-8")
    with pytest.raises(SltkError, match="unknown law 'zigzag'"):
        parse_law("zigzag(0.5)")
    monkeypatch.setattr(laws, "__path__", [*laws.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    import_modules(laws.__name__, laws.__path__)
    assert parse_law("product(zigzag(0.5), uniform(2.0))").high == 1.0


@dataclass(frozen=True)
class Wrong(Uniform):
    """The uniform law with a fault; what it inherits is right."""


class NotRounded(Wrong):
    def transform(self, words):
        return super().transform(words) / 3.0


class TooLow(Wrong):
    @property
    def high(self):
        return 0.9 * super().high


class OwnStream(Wrong):
    def sample(self, generator, shape):
        return -super().sample(generator, shape)


class ByPlace(Wrong):
    def transform(self, words):
        x = super().transform(words)
        return np.where(np.arange(x.size).reshape(x.shape) % 2, -x, x)


class Nameless(Wrong):
    def spec(self):
        return "normal(1.0)"


class Leaning(Wrong):
    def density(self, x):
        return super().density(x) * (1.0 + 0.1 * np.sign(x))


class Rising(Wrong):
    def density(self, x):
        return super().density(x) * (0.5 + np.abs(x))


class Heavy(Wrong):
    def density(self, x):
        return 1.1 * super().density(x)


class Shifted(Wrong):
    def cdf(self, x):
        return super().cdf(np.asarray(x) + 0.01)


class Bold(Wrong):
    def constants(self):
        found = super().constants()
        return LawConstants(1.01 * found.p0, found.L, 1.01 * found.c)


class Timid(Wrong):
    def constants(self):
        return LawConstants(0.5, 0.5, 0.25)


class Greedy(Wrong):
    def first_integral(self, t):
        return 1.01 * super().first_integral(t)


class Unscaled(Wrong):
    def in_units(self):
        return Uniform(1.0), super().in_units()[1] / 2


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (NotRounded, LawContract.test_draws_are_exact_in_float32_and_within_high),
        (TooLow, LawContract.test_draws_are_exact_in_float32_and_within_high),
        (OwnStream, LawContract.test_a_sample_is_the_transform_of_its_words),
        (ByPlace, LawContract.test_transform_is_elementwise_and_leaves_its_input),
        (Nameless, LawContract.test_text_round_trip_copies_and_hash),
        (Leaning, LawContract.test_a_symmetric_law_has_a_symmetric_density_and_symmetric_ends),
        (Rising, LawContract.test_a_symmetric_law_has_a_symmetric_density_and_symmetric_ends),
        (Heavy, LawContract.test_density_is_the_derivative_of_the_cdf),
        (Heavy, LawContract.test_density_integrates_to_one_without_the_atom),
        (Shifted, LawContract.test_cdf_has_its_ends_its_symmetry_and_its_atom),
        (Bold, LawContract.test_constants_hold_and_no_other_length_gives_more),
        (Timid, LawContract.test_constants_hold_and_no_other_length_gives_more),
        (Greedy, LawContract.test_integrals_of_the_part_below_the_density),
        (Unscaled, LawContract.test_units_give_back_the_law),
    ],
)
def test_the_contract_catches_a_broken_law(broken, check):
    """Negative control."""
    check(LawContract(), Uniform(1.5))
    with pytest.raises(AssertionError):
        check(LawContract(), broken(1.5))


UNIMODAL = [law for law in LAWS if law.unimodal]


@of(UNIMODAL)
def test_the_check_of_constants_refutes_a_longer_window(law):
    found = law.constants()
    assert law.density(1.001 * found.L) < found.p0 * (1 - 1e-14)


def test_laws_without_a_formula_for_their_cdf_are_products():
    assert all(isinstance(law, Product) for law in LAWS if not has_cdf(law))


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
    with mpmath.workdps(30):
        z, three = mpmath.mpf("0.7"), mpmath.mpf(3)
        exact = 2 * mpmath.quad(
            lambda t: mpmath.npdf(mpmath.exp(t)) * mpmath.npdf(z * mpmath.exp(-t) / three) / three, [-20, 0, 5]
        )
    assert Product(Normal(), Normal(3.0)).density(0.7) == pytest.approx(float(exact), rel=1e-13)


def test_uniform_draws_are_odd_multiples_of_the_grid():
    x = Uniform(4.0).transform(np.array([[0, 255, 256, 2**31, 2**32 - 1]], dtype=np.uint32))
    assert (x * 2**22).tolist() == [1 - 2**24, 1 - 2**24, 3 - 2**24, 1, 2**24 - 1]


def test_normal_draws_are_symmetric_rounded_quantiles():
    word = stream(3, "normal").integers(0, 2**32, size=(1, 200), dtype=np.uint32)
    x = Normal(0.7).transform(word)
    assert np.array_equal(Normal(0.7).transform(~word), -x)
    with mpmath.workdps(40):
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
