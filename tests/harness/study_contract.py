"""What every study has to keep: it returns data, goes on where it was, sees damage, and draws from named streams."""

import ast
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from sltk.core.files import canonical_json
from sltk.harness.study import ROWS, Study, StudyResult

CHECKOUT = Path(__file__).resolve().parents[2]
STRANGERS = ("argparse", "subprocess")  # a study has no command line of its own, and starts none
COMMAND = "from a test"


def complaints(study: Study[Any], options: Any) -> list[str]:
    """Whatever the study does not keep, run with ``options`` in an empty folder."""
    first = study.run(options)
    study.write(first, COMMAND)
    return [*_data(study, first), *_files(study, first), *_resumes(study, options, first)]


def _data(study: Study[Any], found: StudyResult) -> Iterator[str]:
    if not found.rows or not all(row.outputs for row in found.rows):
        yield "no rows, or empty ones"
    if found.document.get("key") != study.key:
        yield f"the document does not carry the key {study.key}"
    if found.measured != len({canonical_json(row.cell) for row in found.rows}):
        yield f"{found.measured} rows were measured in an empty folder, but there are {len(found.rows)} cells"


def _files(study: Study[Any], found: StudyResult) -> Iterator[str]:
    for name in study.files(found.document):
        if json.loads((found.folder / name).read_text()).get("key") != study.key:
            yield f"{name} does not carry the key"
    wanted = study.about(found, COMMAND).entries()
    for name in study.figures:
        for place in (found.folder / name, found.folder / f"{name}-column"):
            for suffix, said in (".png", of_png), (".pdf", of_pdf), (".svg", of_svg):
                entries = said(place.with_name(place.name + suffix))
                if not wanted.items() <= entries.items():
                    yield f"{place.name}{suffix} does not say what made it"


def of_png(path: Path) -> dict[str, str]:
    """What a PNG says of itself."""
    with Image.open(path) as image:
        return dict(image.info)


def of_pdf(path: Path) -> dict[str, str]:
    """What a PDF says of itself."""
    found = re.search(rb"/Keywords \((.*?[^\\])\)", path.read_bytes(), re.DOTALL)
    return json.loads(re.sub(r"\\([()\\])", r"\1", found[1].decode("latin-1"))) if found else {}


def of_svg(path: Path) -> dict[str, str]:
    """What an SVG says of itself."""
    found = re.search(r"<dc:description>(.*?)</dc:description>", path.read_text(), re.DOTALL)
    return json.loads(html.unescape(found[1])) if found else {}


def _resumes(study: Study[Any], options: Any, first: StudyResult) -> Iterator[str]:
    again = study.run(options)
    if again.measured or again.rows != first.rows or again.document != first.document:
        yield f"asked again, it measured {again.measured} rows, or found something else"
    place = again.folder / ROWS
    if not place.is_file():
        yield f"its rows are not in {place}"
        return
    *others, last = place.read_bytes().splitlines()
    place.write_bytes(b"\n".join([*others, last.replace(b'"outputs":{', b'"outputs":{"x":1,')]) + b"\n")
    mended = study.run(options)
    if (mended.damaged, mended.measured) != (1, 1):
        yield f"of one damaged row it saw {mended.damaged}, and measured {mended.measured}"
    if _timeless(study, mended) != _timeless(study, first):
        yield "a row that is measured again is another one: its random numbers have no name"


def _timeless(study: Study[Any], found: StudyResult) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.outputs.items() if name not in study.clocks} for row in found.rows]


def strange_imports(start: Path) -> list[str]:
    """Why the modules of the folder ``start``, and all of ours that they reach, may not be a study's."""
    own = sorted(start.glob("*.py"))
    found = [f"{path.name} imports {name}" for path in own for name in imports(path) if name in STRANGERS]
    seen, queue = set(own), list(own)
    while queue:
        path = queue.pop()
        for name in imports(path):
            if name == "sltk.cli" or name.startswith("sltk.cli."):
                found.append(f"{path.name} imports {name}")
            for place in _files_of(name):
                if place not in seen:
                    seen.add(place)
                    queue.append(place)
    return found


def imports(path: Path) -> set[str]:
    """Names of all modules that a file imports, at its head or inside; of ``from a import b``, a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _files_of(name: str) -> list[Path]:
    if name.split(".")[0] not in ("sltk", "experiments"):
        return []
    place = CHECKOUT.joinpath(*name.split("."))
    return [path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()]
