"""The table of findings says when there are too few seeds to find anything."""

import pytest

from sltk.core.statistics.paired import paired
from sltk.studies.findings import PairedFinding
from sltk.studies.tables import findings_table


@pytest.mark.parametrize(("seeds", "told"), [(5, True), (6, True), (7, False), (16, False)])
def test_a_family_that_cannot_be_decided_is_told(seeds, told):
    one = paired([1.0] * seeds, [0.0] * seeds)
    judged = [PairedFinding("3 beats", basis, "open", 1.0, one) for basis in "abc"]
    caption = str(findings_table(judged, "basis").caption or "")
    assert ("cannot decide a family of 3" in caption and "7 seeds can" in caption) == told


def test_no_findings_need_no_caption():
    assert findings_table([], "basis").caption is None
