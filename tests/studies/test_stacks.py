"""Seeds in stacks: chosen by network and device, for every command that trains, and nothing depends on them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from sltk.studies import edge_search, imp_bases, rst_arms
from sltk.studies.edge_search import SearchJob, measure_search
from sltk.studies.imp_bases import ImpJob, measure_basis
from sltk.studies.rst_arms import RstJob, measure_arm
from sltk.studies.training import one_method, rewinding
from sltk.studies.training.one_method import TrainJob, measure_training
from sltk.studies.training.rewinding import RewindJob, measure_point
from sltk.train.stacks import STACK_ON_CPU, STACK_ON_GPU, stacks
from tests.train.engine_task import dense

LARGE = nn.Linear(784, 300)
MEASURES: dict[str, tuple[Any, Callable[[], dict[str, Any]]]] = {
    "imp": (imp_bases, lambda: measure_basis(ImpJob(hidden=(12,), seeds=3, rounds=1, epochs=1), "dct")["ticket"]),
    "rst": (
        rst_arms,
        lambda: measure_arm(RstJob(hidden=(12,), densities=(0.3,), seeds=3, epochs=1, final_epochs=1), "rst"),
    ),
    "edge-popup": (
        edge_search,
        lambda: measure_search(SearchJob(hidden=(12,), seeds=3, epochs=1), "kaiming, layerwise, 0.5"),
    ),
}


def test_a_stack_is_as_large_as_network_and_device_make_worthwhile() -> None:
    assert list(stacks(range(3), LARGE)) == [[0], [1], [2]]
    assert list(stacks(range(3), LARGE, "cuda")) == [[0, 1, 2]]
    assert [len(part) for part in stacks(range(100), LARGE, torch.device("cuda"))] == [STACK_ON_GPU, 100 - STACK_ON_GPU]
    assert [len(part) for part in stacks(range(20), dense(0))] == [STACK_ON_CPU, 20 - STACK_ON_CPU]
    assert [len(part) for part in stacks(range(20), dense(0), arms=3)] == [5, 5, 5, 5]
    assert list(stacks((7, 9, 11), LARGE, stack=2)) == [[7, 9], [11]]
    assert list(stacks((7, 9), LARGE, stack=2, arms=5)) == [[7], [9]]


@pytest.mark.parametrize("name", MEASURES)
def test_every_study_chooses_a_stack_and_gives_the_same_rows_by_any(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, measure = MEASURES[name]
    together = measure()
    seen: list[list[int]] = []

    def one_by_one(seeds: Any, *_: Any, **__: Any) -> list[list[int]]:
        seen.extend([seed] for seed in seeds)
        return [[seed] for seed in seeds]

    monkeypatch.setattr(module, "stacks", one_by_one)
    alone = measure()
    assert seen == [[0], [1], [2]]
    for part in ("test", "density", "live", "steps"):  # rounding may turn two of the 360 answers
        assert torch.allclose(torch.tensor(alone[part]).double(), torch.tensor(together[part]).double(), atol=0.006)


@pytest.mark.parametrize("module", [one_method, rewinding])
def test_commands_of_one_method_stack_no_more_than_fit(module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """In a memory of five replicas, of which a stack takes six tenths."""
    seen: list[list[int]] = []

    def spied(*given: Any, **named: Any) -> Any:
        found = list(stacks(*given, **named, memory=5 * named["taking"]))
        seen.extend(found)
        return found

    monkeypatch.setattr(module, "stacks", spied)
    if module is one_method:
        measure_training(TrainJob("dense", hidden=(12,), seeds=5, epochs=1), tmp_path)
        assert seen == [[0, 1, 2], [3, 4]]
    else:
        measure_point(RewindJob(hidden=(12,), seeds=2, epochs=1, rounds=1), 1)
        assert seen == [[0], [1]]  # three arms of each seed
