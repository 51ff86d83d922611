"""A claim refuses what would make it unfindable or empty."""

import dataclasses

import pytest

from sltk.core.claim import Claim
from sltk.core.errors import SltkError

GOOD = {
    "key": "counting-floor",
    "statement": r"2^n \cdot 2 \epsilon \ge W",
    "source": "counting, elementary",
    "bound": lambda n, eps: 2.0**n * 2.0 * eps,
    "measure": lambda covered: covered,
}


def test_a_claim_is_data():
    claim = Claim(**GOOD)
    assert claim.bound(3, 0.25) == 4.0
    assert claim.status == "explicit"
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
        ({"source": ""}, "needs a source"),
        ({"bound": 3.0}, "function for bound"),
        ({"measure": None}, "function for measure"),
        ({"required_width": 12}, "function or None for required_width"),
        ({"status": "proved"}, "explicit, certified, calibrated, existential"),
        ({"hypotheses": "ReLU"}, "tuple of hypotheses"),
    ],
)
def test_other_fields_are_checked(change, message):
    with pytest.raises(SltkError, match=message):
        Claim(**{**GOOD, **change})
