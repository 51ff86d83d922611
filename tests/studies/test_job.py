"""Jobs of training: rows keep the names that they have had, whatever fields lie where."""

from dataclasses import replace

import pytest

from sltk.core.files import canonical_json, sha256
from sltk.studies.edge_search import SearchJob
from sltk.studies.imp_bases import ImpJob
from sltk.studies.rst_arms import RstJob
from sltk.studies.training.rewinding import RewindJob
from sltk.train.loop.rates import Rates

STEP = Rates("step")
GOLDEN = {  # of rows as they were named when every job had all fields of its own
    "search": (SearchJob().inputs("kaiming, global, 0.1"), "891c4dc210541c42"),
    "search, chosen": (SearchJob(device="cuda", content="c", rates=STEP).inputs("a"), "1c5f4c73e8ac768a"),
    "imp": (ImpJob().inputs("dct"), "75f0e4cc9b1fafdc"),
    "imp, chosen": (ImpJob(device="cuda", content="c", rates=STEP, hidden=(3,)).inputs("unit"), "1b759ced1a19bbec"),
    "rst": (RstJob().inputs("rst"), "ec0ba3a47bede1c3"),
    "rst, chosen": (RstJob(device="cuda", content="c", rates=STEP, preset="paper").inputs("rst"), "0dceedb2b9009d73"),
    "rewinding": (RewindJob().inputs(5), "f9d5411d2b8e8da7"),
    "rewinding, chosen": (RewindJob(device="cuda", content="c", rates=STEP).inputs(5), "7f7eee26badcb2e8"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_rows_are_named_as_they_were(name: str):
    inputs, golden = GOLDEN[name]
    assert sha256(canonical_json(inputs))[:16] == golden


def test_what_changes_nothing_is_in_no_name_and_all_else_is():
    job = ImpJob()
    assert replace(job, folder="elsewhere").inputs("dct") == job.inputs("dct")
    for other in (replace(job, seeds=3), replace(job, rates=STEP), replace(job, batch=32), replace(job, content="x")):
        assert other.inputs("dct") != job.inputs("dct")
