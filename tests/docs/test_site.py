"""The site: pages from the registry and from kept rows, formulas without a network, examples that run."""

import importlib
import re
import runpy
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.table import Column, Table
from rich.text import Text

from sltk.claims import registry
from sltk.harness.catalogue import find
from sltk.harness.kept import recalled
from tests.harness.study_contract import of_png
from tests.studies.browser import BROWSER, REASON, referenced, seen

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
ABSENT = "the site is an extra: pip install 'sltk[docs]'"


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    """The extension that writes pages."""
    sys.path.append(str(ROOT / "docs" / "_ext"))
    yield importlib.import_module("from_rows")
    sys.path.remove(str(ROOT / "docs" / "_ext"))


def test_every_statement_is_drawn_without_a_network(made: Any) -> None:
    pytest.importorskip("latex2mathml", reason=ABSENT)
    draw = importlib.import_module("mathml").drawn
    for own in registry().values():
        drawn = draw(own.statement, "block")
        assert drawn.startswith("<math")
        assert "\\" not in re.sub(r"<[^>]*>", "", drawn), own.key  # no command is left as text
    assert "\\" in re.sub(r"<[^>]*>", "", draw(r"\nosuchcommand{x}", "block"))  # negative control


def test_a_formula_breaks_only_outside_of_brackets(made: Any) -> None:
    pytest.importorskip("latex2mathml", reason=ABSENT)
    parts = importlib.import_module("mathml").parts
    cut = parts(r"a \quad \left(b \quad c\right) \qquad {d \quad e}")
    assert [part.strip() for part in cut] == ["a", r"\left(b \quad  c\right)", r"{d \quad  e}"]


def test_a_table_of_a_study_is_one_of_the_page(made: Any) -> None:
    sheet = Table("name", Column("error", justify="right"), title="U[-1, 1]", caption="of *two*")
    sheet.add_row("a|b\nc", "<1e-3")
    sheet.add_row("[bold]d_e[/bold]", Text("[f]"))
    page = list(importlib.import_module("text_tables").paragraphs(["said " * 30, sheet, "after"], 80))
    assert page[:4] == ["```text", " ".join(["said"] * 20), "    " + " ".join(["said"] * 10), "```"]
    assert page[5:13] == [
        r"**U\[-1, 1\]**", "", "| name | error |", "|---|--:|", "| a&#124;b<br>c | &lt;1e-3 |", r"| d\_e | \[f\] |",
        "", r"of \*two\*",
    ]  # fmt: skip
    assert page[-4:] == ["```text", "after", "```", ""]


@pytest.mark.parametrize("key", registry())
def test_a_claim_has_a_page(made: Any, key: str) -> None:
    page = made.claim_page(registry()[key], [])
    assert registry()[key].statement in page
    assert registry()[key].source in page
    assert all(f"- {piece}: " in page for piece in ("claim", "proof", "test", "study", "figure"))


def test_results_are_written_from_rows(made: Any) -> None:
    study = find("quantised")
    options = study.standard()
    assert options is not None
    result = recalled(study, options)
    page = made.result_page(study, result)
    for row in result.document["rows"]:
        assert f"step 2^-{row['bits']}: n = {row['n']}, floor {row['floor']}" in page
    assert study.about(result, "docs").rows in page


def test_the_picture_of_the_readme_is_of_the_kept_rows() -> None:
    study = find("first-picture")
    options = study.standard()
    assert options is not None
    said = of_png(ROOT / "docs" / "picture.png")
    assert said["Rows"] == study.about(recalled(study, options), "a test").rows
    assert said["Study"] == "first_picture"


LAWS = {"U[-1, 1], L = 1": "uniform(1.0)", "N(0, 1), L = 1": "normal(1.0)",
        "product of two U[-1, 1], L = .37": "product(uniform(1.0), uniform(1.0))"}  # fmt: skip


def test_the_table_of_widths_in_the_readme_is_of_the_kept_rows() -> None:
    study = find("width-certificate")
    options = study.standard()
    assert options is not None
    kept = {(r["law"], r["eps"], r["delta"]): r for r in recalled(study, options).document["rows"]}
    text = (ROOT / "README.md").read_text()
    lines = text.split("| law | eps | delta |")[1].split("\n\n")[0].splitlines()[2:]
    law = ""
    for line in lines:
        name, eps, delta, *sizes = (cell.strip() for cell in line.strip("|").split("|"))
        law = LAWS[name] if name else law
        row = kept[law, float(eps), float(delta)]
        assert [int(size) for size in sizes] == [row[m] for m in ("closed-form", "certificate", "measured", "floor")]
    assert len(lines) == 7


def test_citation_and_changes_are_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text().splitlines()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text().splitlines()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out.strip()


@pytest.fixture(scope="module")
def site(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of three pages, by the same configuration."""
    pytest.importorskip("furo", reason=ABSENT)
    application = pytest.importorskip("sphinx.application", reason=ABSENT)
    pytest.importorskip("myst_parser", reason=ABSENT)
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs" / "_static", source / "_static")
    (source / "index.md").write_text("# Index\n\n```{toctree}\nclaim\nglossary\n```\n")
    (source / "claim.md").write_text(made.claim_page(registry()["lueker"], []))
    shutil.copy(ROOT / "docs" / "glossary.md", source)
    own = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml"]
    app = application.Sphinx(
        source, ROOT / "docs", out, tmp_path_factory.mktemp("trees"), "html", {"extensions": own}, status=None,
        warningiserror=True,
    )  # fmt: skip
    app.build()
    return out


@pytest.mark.filterwarnings("default")  # of Sphinx's parts
def test_the_site_loads_nothing_from_elsewhere_and_its_links_are_alive(site: Path) -> None:
    for page in site.glob("*.html"):
        html = page.read_text()
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', html)
        assert not [one for one in loaded if re.match(r"(https?:)?//", one)], page.name
        own = [link.split("#")[0].split("?")[0] for link in referenced(html) if not re.match(r"https?:|mailto:", link)]
        assert not [link for link in own if link and not (page.parent / link).exists()], page.name
    assert "<math" in (site / "claim.html").read_text()


@pytest.mark.skipif(BROWSER is None, reason=REASON)
def test_a_browser_does_not_complain(site: Path, tmp_path: Path) -> None:
    found = seen(site / "claim.html", tmp_path)
    assert found.complaints == []
    assert "</mfrac>" in found.dom
