"""A claim refuses what would make it unfindable, empty, or a number without a constant."""

import dataclasses

import pytest

from sltk.core.claim import Claim, Hypothesis, require_constant
from sltk.core.errors import SltkError

POSITIVE = Hypothesis("eps > 0", lambda eps: eps > 0, "a random pool hits nothing exactly", "pass a tolerance")
ORDERED = Hypothesis("low <= high", lambda low, high: low <= high, "the window is empty", "swap them")
GOOD = {
    "key": "counting-floor",
    "title": "counting",
    "statement": r"2^n \cdot 2 \epsilon \ge W",
    "source": "counting, elementary",
    "provenance": (("statement", "derived"),),
    "explanation": "Few subsets cover little.",
    "hypotheses": (POSITIVE, ORDERED),
    "bound": lambda n, eps: 2.0**n * 2.0 * eps,
}


def existential(**change):
    def width(eps, constant=None):
        return constant / eps

    return Claim(**{**GOOD, "status": "existential", "required_width": width, **change})


def test_a_claim_is_data():
    claim = Claim(**GOOD)
    assert claim.bound(3, 0.25) == 4.0
    assert claim.status == "explicit"
    assert claim.quotable
    assert claim.measure is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        claim.key = "other"


@pytest.mark.parametrize("key", ["a", "two-for-one", "plus-one-conv", "lemma-2b"])
def test_kebab_keys_pass(key):
    assert Claim(**{**GOOD, "key": key}).key == key


@pytest.mark.parametrize("key", ["", "Two-for-one", "two_for_one", "-a", "a-", "a--b", "2l", "a b", "a\n"])
def test_other_keys_are_refused(key):
    with pytest.raises(SltkError, match="kebab-case"):
        Claim(**{**GOOD, "key": key})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statement": " "}, "needs a statement"),
        ({"title": ""}, "needs a title"),
        ({"source": ""}, "needs a source"),
        ({"explanation": ""}, "needs an? explanation"),
        ({"bound": 3.0}, "function or None for bound"),
        ({"required_width": 12}, "function or None for required_width"),
        ({"measure": lambda *_: {}}, "measure and cases together"),
        ({"status": "proved"}, "explicit, certified, calibrated, existential"),
        ({"provenance": ()}, "provenance marks"),
        ({"provenance": (("statement", "certain"),)}, "provenance marks"),
        ({"hypotheses": "ReLU"}, "tuple of Hypothesis"),
        ({"hypotheses": ("ReLU",)}, "tuple of Hypothesis"),
        ({"absent": {"movie": "none"}}, "lacks one of"),
    ],
)
def test_other_fields_are_checked(change, message):
    with pytest.raises(SltkError, match=message):
        Claim(**{**GOOD, **change})


def test_a_hypothesis_says_what_fails_and_why_and_the_cure():
    with pytest.raises(SltkError, match=r"needs eps > 0, but got eps=0\.0: a random pool .*; pass a tolerance"):
        POSITIVE.require("lueker", {"eps": 0.0})
    POSITIVE.require("lueker", {"eps": 0.1})


def test_numbers_check_the_hypotheses_about_their_own_arguments():
    claim = Claim(**GOOD)
    with pytest.raises(SltkError, match="needs eps > 0"):
        claim.bound(3, -0.25)
    with pytest.raises(SltkError, match="needs eps > 0"):
        claim.bound(n=3, eps=-0.25)


def test_require_names_what_it_could_not_check():
    claim = Claim(**GOOD)
    assert claim.require(eps=0.1) == ("low <= high",)
    assert claim.require(eps=0.1, low=0, high=1) == ()
    with pytest.raises(SltkError, match="low <= high"):
        claim.require(low=1, high=0)
    with pytest.raises(SltkError, match="no hypothesis about speed"):
        claim.require(speed=3)


def test_an_existential_constant_gives_no_number_unless_the_caller_has_one():
    claim = existential()
    with pytest.raises(SltkError, match=r"existential constant.*Pass constant="):
        claim.required_width(0.5)
    assert claim.required_width(0.5, constant=3.0) == 6.0
    with pytest.raises(SltkError, match="constant > 0"):
        claim.required_width(0.5, constant=0.0)
    with pytest.raises(SltkError, match="must take a parameter 'constant'"):
        existential(required_width=lambda eps: 1.0 / eps)
    assert require_constant("lueker", 2) == 2.0


@pytest.mark.parametrize(
    ("mark", "quotable"), [("read", True), ("restated", True), ("remembered", False), ("abstract", False)]
)
def test_what_is_remembered_is_not_quoted(mark, quotable):
    assert Claim(**{**GOOD, "provenance": (("statement", mark),)}).quotable is quotable
