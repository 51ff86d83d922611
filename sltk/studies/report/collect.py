"""What there is to report: verdicts of claims, and studies with their rows, measured here or kept with the source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from sltk.core.errors import SltkError
from sltk.core.files import read_json
from sltk.harness.away.gathered import ROWS
from sltk.harness.catalogue import find, studies
from sltk.harness.kept import kept_file, recalled
from sltk.harness.rows import RowStore
from sltk.harness.study import Study, StudyResult

HERE, KEPT = "measured here", "kept with the source"


@dataclass(frozen=True)
class Reported:
    """One study that has rows.

    Attributes:
        study: it.
        result: what the rows say.
        where: ``measured here`` or ``kept with the source``.
    """

    study: Study[Any]
    result: StudyResult
    where: str

    @property
    def command(self) -> str:
        """That measures the rows again."""
        return f"sltk run {self.study.slug}"

    @property
    def tables(self) -> str:
        """As the study prints them."""
        text = StringIO()
        console = Console(file=text, width=self.study.width, no_color=True)
        for table in self.study.tables(self.result.document):
            console.print(table, markup=False, highlight=False, soft_wrap=isinstance(table, str))
        return text.getvalue().rstrip()


def reported(keys: Sequence[str] = ()) -> Iterator[Reported]:
    """Studies whose standard run has all its rows: in the study's own folder, else beside its source.

    Args:
        keys: these alone; none for all.
    """
    for study in [find(key) for key in keys] or studies().values():
        options = study.standard()
        if options is None or (study.needs and not kept_file(study).is_file()):
            continue
        found = _measured_here(study, options)
        if found is not None:
            yield Reported(study, found, HERE)
        elif kept_file(study).is_file():
            yield Reported(study, recalled(study, options), KEPT)


def verdicts(place: Path) -> list[Mapping[str, Any]]:
    """Cases of ``claims.json``, which ``sltk verify`` writes; none where there is no such file.

    Raises:
        SltkError: a file that is another one.
    """
    if not place.is_file():
        return []
    document = read_json(place)
    try:
        return list(document["cases"])
    except (KeyError, TypeError) as error:
        raise SltkError(f"{place} holds no verdicts; `sltk verify --all` writes it.") from error


def _measured_here(study: Study[Any], options: Any) -> StudyResult | None:
    place = study.folder(options) / ROWS
    if not place.is_file():
        return None
    try:
        return study.result(options, RowStore(place))
    except SltkError:  # some rows are missing
        return None
