"""The report: one folder that a browser opens without a network, sorts, filters, and prints."""

import json
from pathlib import Path

import pytest

from sltk.cli.main import main
from sltk.core.errors import SltkError
from sltk.harness.catalogue import find
from sltk.harness.kept import kept_file
from sltk.harness.lines import lines_of
from sltk.studies.report.collect import verdicts
from tests.studies.browser import BROWSER, REASON, referenced, seen

CASES = [
    {"key": key, "case": f"case {n}", "predicted": "p < 1", "measured": measured, "interval": [0.0, measured],
     "trials": n, "outcome": outcome, "control": control, "as_it_ought": True}
    for n, (key, measured, outcome, control) in enumerate(
        [("b", 0.5, "consistent", False), ("a", 30.0, "refuted", True), ("c", 4.0, "inconclusive", False)])
]  # fmt: skip
SORT = """
const heads = [...document.querySelectorAll('#verdict-table th button')];
const column = n => [...document.querySelectorAll('#verdict-table tbody tr')].map(r => r.cells[n].textContent).join();
const found = [];
heads[3].click(); found.push(column(3).replace(/\\s/g, ''));
heads[3].click(); found.push(column(3).replace(/\\s/g, ''));
heads[0].click(); found.push(column(0));
const choice = document.querySelector('select');
choice.value = 'refuted'; choice.onchange();
found.push([...document.querySelectorAll('#verdict-table tbody tr')].filter(r => !r.hidden).length);
found.push(document.documentElement.scrollWidth <= window.innerWidth);
document.title = found.join('|');
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    (out / "claims.json").write_text(json.dumps({"cases": CASES}))
    asked = ["report", str(out / "report"), "--only", "quantised", "--claims", str(out / "claims.json")]
    assert main(asked) == 0
    return out / "report"


def test_everything_that_the_page_names_is_in_the_folder(folder: Path) -> None:
    links = referenced((folder / "index.html").read_text())
    assert {"rows/quantised.jsonl", "figures/quantised/size.svg", "figures/quantised/size-column.pdf"} <= set(links)
    assert [link for link in links if not (folder / link).is_file()] == []


def test_rows_to_download_are_the_rows(folder: Path) -> None:
    kept = kept_file(find("quantised")).read_bytes()
    assert sorted(lines_of((folder / "rows" / "quantised.jsonl").read_bytes())) == sorted(lines_of(kept))


def test_text_is_not_taken_for_html(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    assert "p &lt; 1" in page
    assert "p < 1" not in page


def test_another_file_is_no_list_of_verdicts(tmp_path: Path) -> None:
    (tmp_path / "claims.json").write_text("[1]")
    with pytest.raises(SltkError, match="holds no verdicts"):
        verdicts(tmp_path / "claims.json")
    assert verdicts(tmp_path / "none.json") == []


@pytest.mark.skipif(BROWSER is None, reason=REASON)
@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_sorts_filters_and_does_not_complain(folder: Path, tmp_path: Path, width: int) -> None:
    found = seen(folder / "index.html", tmp_path, width, SORT)
    assert "<title>0.5,4,30|30,4,0.5|a,b,c|1|true</title>" in found.dom
    assert found.complaints == []


@pytest.mark.skipif(BROWSER is None, reason=REASON)
def test_a_page_that_asks_the_network_or_fails_is_seen(folder: Path, tmp_path: Path) -> None:
    """Negative control of the two tests above."""
    bad = "document.body.append(Object.assign(new Image(), {src: 'http://elsewhere.invalid/x.png'})); nothing();"
    found = seen(folder / "index.html", tmp_path, script=bad)
    assert any("nothing is not defined" in line for line in found.complaints)
    (folder / "linked.html").write_text('<a href="figures/none.svg">x</a>')
    assert not (folder / referenced((folder / "linked.html").read_text())[0]).is_file()
