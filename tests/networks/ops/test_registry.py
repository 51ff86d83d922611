"""Every kind is found by its file and held by the contract."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from sltk.core.errors import SltkError
from sltk.networks import ops
from sltk.networks.activations.table import activation
from sltk.networks.op import Op
from sltk.networks.ops import kinds, step_from_record
from sltk.networks.ops.act import Act
from sltk.networks.spelling import Call, Spellings, merged
from tests.networks.ops.contract import OpContract
from tests.networks.ops.test_act import TestAct as ActContract
from tests.networks.ops.test_conv import TestConv as ConvContract
from tests.networks.ops.test_conv1d import TestConv1d as Conv1dContract
from tests.networks.ops.test_flatten import TestFlatten as FlattenContract
from tests.networks.ops.test_linear import TestLinear as LinearContract
from tests.networks.ops.test_moves import TestSpread as SpreadContract
from tests.networks.ops.test_moves import TestUpsample as UpsampleContract
from tests.networks.ops.test_pools import TestAvgPool as AvgPoolContract
from tests.networks.ops.test_pools import TestMaxPool as MaxPoolContract

CONTRACTS: tuple[type[OpContract], ...] = (
    ActContract, AvgPoolContract, ConvContract, Conv1dContract, FlattenContract, LinearContract, MaxPoolContract,
    SpreadContract, UpsampleContract,
)  # fmt: skip


def test_every_kind_is_held_by_the_contract() -> None:
    held = {type(example.op) for contract in CONTRACTS for example in contract().examples()}
    assert held == set(kinds().values())


def test_tags_are_those_of_the_files_that_exist() -> None:
    assert set(kinds()) == {
        "act", "avgpool", "conv", "conv1d", "flatten", "linear", "maxpool", "spread", "upsample",
    }  # fmt: skip


def test_a_file_without_a_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds()
    monkeypatch.delattr("sltk.networks.ops.flatten.KIND")
    with pytest.raises(SltkError, match=r"flatten\.py needs KIND"):
        kinds.__wrapped__()


def test_two_readers_of_one_function_are_refused() -> None:
    reader: Callable[..., tuple[Op, ...]] = lambda call: ()  # noqa: E731  # a reader in one line
    with pytest.raises(SltkError, match="read in two ways"):
        merged((Spellings({}, {F.relu: reader}), Spellings({}, {F.relu: reader})))


def test_other_steps_and_maps_are_refused() -> None:
    with pytest.raises(SltkError, match=r"act, avgpool, flatten, maxpool, spread, upsample.*'softmax'"):
        step_from_record({"op": "softmax"}, {})
    with pytest.raises(SltkError, match=r"conv, conv1d, linear.*'dense'"):
        ops.affine_kind("dense")
    with pytest.raises(SltkError, match="channels, height, width"):
        ops.diagonal("own", torch.ones(2), torch.ones(2), (2, 3, 4, 5))


def test_an_activation_reads_as_its_full_name() -> None:
    reader = ops.spellings().functions[F.leaky_relu]
    assert reader(Call("here", (3,)), 0.3) == (Act(activation("leaky_relu(0.3)")),)
