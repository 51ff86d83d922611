"""Targets with biases."""

import pytest
import torch

from sltk.claims._tickets import Setting
from sltk.claims.nonzero_bias import CLAIM
from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation


def test_hypotheses():
    CLAIM.require(biases=True, first_activation=activation("sigmoid"))
    with pytest.raises(SltkError, match="constant neurons"):
        CLAIM.require(biases=False)


def test_without_constant_neurons_a_relu_ticket_vanishes_at_zero():
    setting = Setting("dense", "plus-one", "relu", biases=False)
    zero = torch.zeros(1, 2, dtype=torch.float64)
    assert float(setting.ticket(16, 1).module("dense").double()(zero)) == 0.0
    with_biases = Setting("dense", "plus-one", "relu")
    value = with_biases.ticket(24, 1).module("dense").double()(zero)
    assert float(value.detach()) == pytest.approx(float(with_biases.network()(zero)), abs=0.3)


def test_verdicts(as_it_ought):
    as_it_ought(CLAIM.key)
