"""The study of tickets that are found or built: one source, one function under scaling, counts, the crossing."""

from typing import Any

import pytest
from torch import nn

from experiments.found_or_built.source import CountedSearch, accuracy, build, counted, digits, searched
from experiments.found_or_built.study import STUDY
from experiments.found_or_built.summary import COLD, WARM, crossing, own_rates
from sltk.core.errors import SltkError


def test_a_search_starts_from_the_built_ticket_and_scaling_changes_no_answer():
    task = digits()
    built = build(task, 7, 1.0, 1.0)
    counts = built.counts(1)
    assert counts == built.outputs["kept"]
    scaled = built.scaled(counts)
    methods = [CountedSearch(0.1, "own", counts=counts, begun=start, trained=False) for start in (built.weights, None)]
    warm, cold = (searched(built, scaled, method, task, 7, 1.0, 0.1) for method in methods)
    assert warm["iou"] == 1.0
    assert abs(warm["start"] - built.outputs["test"]) < 0.006
    assert abs(cold["start"] - built.outputs["test"]) > 0.2  # the control: another mask is another function
    assert cold["iou"] == pytest.approx(cold["iou by chance"], abs=0.01)
    assert abs(accuracy(scaled, task.test) - accuracy(built.network, task.test)) < 0.006
    document = {"rows": [{"built": built.outputs, WARM: [warm]}]}
    assert STUDY.holds(document)
    assert not STUDY.holds({"rows": [{"built": built.outputs, WARM: [cold]}]})


def test_counts_name_every_layer():
    with pytest.raises(SltkError, match="counts must name"):
        counted({"0.weight": 3})({"1.weight": nn.Identity()})  # pyright: ignore[reportArgumentType]  # no ticket at all


def a_row(seed: int, factor: int, tests: dict[float, float], validation: dict[float, float]) -> dict[str, Any]:
    kept = 100 * factor
    found = [{"rate": r, "test": tests[r], "validation": validation[r], "kept": kept} for r in tests]
    built = {"test": 0.9, "weights": 10_000, "kept": {"a": 100}}
    return {"density": 1.0, "factor": factor, "seed": seed, "built": built, COLD: found, WARM: []}


def test_search_and_construction_cross_between_two_levels():
    rows = [a_row(0, factor, {0.2: 1.0, 0.02: 1.0}, {0.2: 0.1, 0.02: 0.8}) for factor in (1, 2, 4)]
    for factor, test in ((1, 0.5), (2, 0.8), (4, 1.0)):
        rows.append(a_row(100, factor, {0.2: 1.0, 0.02: test}, {0.2: 1.0, 0.02: 0.0}))
    own = own_rates(rows, 100)
    assert set(own.values()) == {0.02}
    found = crossing(rows, own, 100)
    assert found is not None
    assert found["factor"] == pytest.approx(2 * 2**0.5)
    assert found["density"] == pytest.approx(0.02 * 2**0.5)
    few = [row for row in rows if row["factor"] < 4]
    assert crossing(few, own, 100) is None  # the control: without the last level nothing crosses
