"""The registry, the five-way tie, and the false alarms of this folder."""

import math
from pathlib import Path

import pytest

from sltk.claims import claim, module_name, registry
from sltk.claims._tie import CHECKOUT, pieces
from sltk.core.claim import NUMBERS
from sltk.core.errors import SltkError
from sltk.harness.verdicts import measurement_of

FIELD = [
    "malach-polynomial",
    "orseau-logarithmic",
    "two-for-one",
    "dense-lower-bound",
    "conv-two-for-one",
    "universal-tickets",
    "plus-one-dense",
    "plus-one-conv",
    "plus-one-residual",
    "nonzero-bias",
    "equivariant",
    "epsilon-perturbation",
    "random-source",
    "frozen-source",
    "fixed-size",
    "binary-tickets",
    "structured",
    "quantised",
    "attention",
    "generalized-lth",
    "dual-lth",
    "dense-explicit",
]
LEMMAS = [
    "subset-sum-covering",
    "width-certificate",
    "lueker",
    "range-obstruction",
    "counting-floor",
    "amplification",
    "second-moment",
    "uniform-containment",
    "golden-ratio-greedy",
    "univariate-identity",
    "error-common-input",
    "differential-relaxation",
    "error-own-copies",
    "scaling-identity",
    "product-formula",
]


def test_every_claim_of_the_field_and_every_lemma_is_registered():
    assert set(FIELD + LEMMAS) <= set(registry())
    assert len(registry()) >= 25
    assert list(registry()) == sorted(registry())


def test_an_unknown_key_is_answered_with_those_near_it():
    with pytest.raises(SltkError, match="did you mean plus-one-dense"):
        claim("plus-one-denze")
    with pytest.raises(SltkError, match="sltk claims"):
        claim("zzzz")


@pytest.mark.parametrize("key", registry())
def test_five_way_tie(key):
    """Each piece is there, or the claim says why not; every claim has a file and a test."""
    found = {piece.name: piece for piece in pieces(key)}
    assert list(found) == ["claim", "proof", "test", "study", "figure"]
    for piece in found.values():
        assert (piece.path is None) != (piece.reason == ""), f"{key} has no {piece.name}, and does not say why"
        assert piece.path is None or (CHECKOUT / piece.path).is_file()
    assert found["claim"].path is not None
    assert found["test"].path is not None


@pytest.mark.parametrize("key", registry())
def test_a_claim_is_measured_or_says_why_not(key):
    own = claim(key)
    assert (own.measure is None) == ("study" in own.absent)
    assert own.construction is None or own.measure is not None


@pytest.mark.parametrize("key", registry())
def test_the_file_states_the_claim(key):
    """The module's docstring names the key, and the numbers have docstrings."""
    text = Path(CHECKOUT, "sltk", "claims", f"{module_name(key)}.py").read_text()
    assert f"(claim ``{key}``)" in text.split('"""')[1]
    own = claim(key)
    assert all(len(part) == 2 for part in own.provenance)
    assert any(getattr(own, name) for name in NUMBERS) or own.measure or own.absent


def test_false_alarms_and_misses_of_the_folder_stay_under_the_budget():
    """Declared false alarms of all quick cases, and for each control one minus its power: under 3e-7 in all."""
    total = 0.0
    for own in registry().values():
        if own.cases is not None:
            for case in own.cases("quick"):
                total += 1e-9 if case.control else case.plan.false_alarm
                assert 0.0 <= case.plan.false_alarm <= 1e-9
    assert 0.0 < total <= 3e-7
    assert math.isfinite(total)


@pytest.mark.parametrize("preset", ["quick", "standard"])
@pytest.mark.parametrize("key", [key for key in registry() if key != "product-formula"])
def test_cases_that_share_a_cell_share_their_trials(key, preset):
    """What a verdict run would refuse, found without measuring; the product formula's cases take too long to make."""
    own = claim(key)
    if own.cases is not None:
        cases = own.cases(preset)
        measurement_of(own, cases, preset, seed=0)
        assert len({case.name for case in cases}) == len(cases)
        assert {case.control for case in cases} == {True, False}


def test_every_file_of_this_folder_belongs_to_a_claim():
    names = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {"test_registry.py", "test_cli_claims.py"}
    assert names == {f"test_{module_name(key)}.py" for key in registry()}
