"""Pages that the build writes: a claim each, results and figures from kept rows, the gallery, the API."""

import ast
import logging
import runpy
from collections.abc import Iterable, Iterator
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from text_tables import paragraphs

from sltk.claims import registry
from sltk.claims._tie import pieces
from sltk.core.claim import NUMBERS, PROVENANCE, Claim
from sltk.harness.catalogue import studies
from sltk.harness.kept import kept_file, making, recalled
from sltk.harness.study import Study, StudyResult

ROOT = Path(__file__).resolve().parents[2]
MADE = ROOT / "docs" / "_generated"


def write(app: Any) -> None:
    """All of them; what did not change keeps its time, so that a second build is short."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # which tells of every glyph
    every = studies()
    kept = {key: study for key, study in every.items() if kept_file(study).is_file()}
    results = {key: recalled(study, study.standard()) for key, study in kept.items()}  # pyright: ignore[reportArgumentType]
    for key, study in kept.items():
        draw(study, results[key])
        _put(f"results/{key}.md", result_page(study, results[key]))
    for own in registry().values():
        _put(f"claims/{own.key}.md", claim_page(own, [study for study in kept.values() if study.claim == own.key]))
    _put("claims/index.md", _index("Claims of the field", [f"{key}" for key in registry()], CLAIMS))
    said = "\n".join([RESULTS, "", *study_table(every)])
    _put("results/index.md", _index("Results", sorted(kept), said, listed=False))
    examples = sorted((ROOT / "examples").glob("*.py"))
    for path in examples:
        _put(f"gallery/{path.stem}.md", example_page(path))
    _put("gallery/index.md", _index("Examples that run", [path.stem for path in examples], GALLERY))
    modules = api_modules()
    for package, names in modules.items():
        _put(f"api/{package}.rst", "\n".join(api_page(package, names)))
    _put("api/index.md", _index("API", list(modules), "One page a package, from the docstrings."))


def draw(study: Study[Any], result: StudyResult) -> None:
    """Figures of a study, unless those that are there say that the same commit drew the same rows."""
    folder, command = MADE / "figures" / study.slug, f"sltk figures {study.slug}"
    about = study.about(result, command)
    there = [folder / f"{name}.svg" for name in study.figures]
    if about.commit.endswith("+") or not all(
        path.is_file() and about.rows in (text := path.read_text()) and about.commit in text for path in there
    ):
        study.draw(result, folder, command)


CLAIMS = "From the registry: `sltk claims` lists them, `sltk show KEY` is such a page in a terminal."
RESULTS = "Every table and figure is made by the build from the rows that are kept with the source."
GALLERY = "Each is a file under `examples/`, which a test runs."


def claim_page(own: Claim, figures: Iterable[Study[Any]]) -> str:
    """Statement, source, hypotheses, numbers, pieces, and the figures of its studies."""
    form = "" if own.quotable else "*A working form, not to be quoted:*"
    title = own.title[0].upper() + own.title[1:]
    lines = [f"# {title}", "", f"`{own.key}`", "", form, "", "```{math}", own.statement, "```", "", own.explanation,
             "", "## What it rests on", "", own.source, ""]  # fmt: skip
    lines += [f"- {part}: {PROVENANCE[mark]}" for part, mark in own.provenance]
    lines += ["", f"Its constants are {own.status}."]
    if own.hypotheses:
        lines += ["", "## It needs", "", *(f"- {one.text} (else {one.why})" for one in own.hypotheses)]
    numbers = [f"`claim({own.key!r}).{name}(...)`" for name in NUMBERS if getattr(own, name) is not None]
    lines += ["", "## Numbers", "", ", ".join(numbers) or "None.", "", "## Its five pieces", ""]
    lines += [f"- {one.name}: " + (f"`{one.path}`" if one.path else f"none: {one.reason}") for one in pieces(own.key)]
    if own.measure is not None:
        lines += ["", f"`sltk verify {own.key}` measures it, with its negative controls."]
    for study in figures:
        lines += ["", *_figures(study, "../figures")]
    return "\n".join(lines)


def result_page(study: Study[Any], result: StudyResult) -> str:
    """What a study measures, its tables as it prints them, its figures."""
    lines = [f"# {study.slug}", "", study.measures, ""]
    if study.claim:
        lines += [f"Its claim: [{study.claim}](../claims/{study.claim}.md).", ""]
    lines += [f"Made by `{making(study)}`, drawn by `sltk figures {study.slug}`; {len(result.rows)} rows, "
              f"SHA-256 `{study.about(result, 'docs').rows}`.", ""]  # fmt: skip
    lines += paragraphs(study.tables(result.document), study.width)
    return "\n".join([*lines, *_figures(study, "../figures")])


def study_table(every: dict[str, Study[Any]]) -> Iterator[str]:
    """All studies, those without kept rows too."""
    yield from ("| study | what it measures | CPU minutes | needs |", "|---|---|---|---|")
    for key, study in every.items():
        minutes = "" if study.minutes is None else f"{study.minutes:.2g}"
        target = "" if study.standard() is not None else "a target"
        name = f"[`{key}`]({key}.md)" if kept_file(study).is_file() else f"`{key}`"
        yield f"| {name} | {study.measures} | {minutes} | {study.needs or target} |"


def example_page(path: Path) -> str:
    """The docstring of a file, the file, and what it prints, run now."""
    text = path.read_text()
    said = ast.get_docstring(ast.parse(text)) or path.stem
    title, _, rest = said.partition("\n")
    body = text.split('"""', 2)[2].strip()
    return "\n".join([f"# {title.rstrip('.')}", "", rest.strip(), "", "```python", body, "```", "",
                      f"`python examples/{path.name}` prints", "", "```text", printed(path), "```"])  # fmt: skip


def printed(path: Path) -> str:
    """What a file prints when it is run in an empty folder."""
    out = StringIO()
    with TemporaryDirectory() as empty, chdir(empty), redirect_stdout(out):
        runpy.run_path(str(path), run_name="__main__")
    return out.getvalue().strip()


def api_modules() -> dict[str, list[str]]:
    """Public modules by package."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "sltk").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if not any(part.startswith("_") for part in parts) and "cli" not in parts:
            found.setdefault(".".join(parts[:-1]), []).append(".".join(parts))
    return found


def api_page(package: str, names: list[str]) -> Iterator[str]:
    """One section a module."""
    yield from (package, "=" * len(package), "")
    for name in names:
        yield from (name.removeprefix(f"{package}."), "-" * len(name), "", f".. automodule:: {name}", "")


def _figures(study: Study[Any], up: str) -> Iterator[str]:
    for name in study.figures:
        place = f"{up}/{study.slug}/{name}"
        files = ", ".join(f"{{download}}`{suffix.upper()} <{place}.{suffix}>`" for suffix in ("pdf", "png"))
        yield from (f"![{study.measures}]({place}.svg)", "", f"`sltk figures {study.slug}`: {files}", "")


def _index(title: str, names: list[str], said: str, *, listed: bool = True) -> str:
    how = ":maxdepth: 1" if listed else ":hidden:"
    return "\n".join([f"# {title}", "", said, "", "```{toctree}", how, "", *names, "```"])


def _put(name: str, text: str) -> None:
    path = MADE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text() != text + "\n":
        path.write_text(text + "\n")


def setup(app: Any) -> dict[str, bool]:
    """Written before anything is read."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
