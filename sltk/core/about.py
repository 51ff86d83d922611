"""What every figure says of itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace

from sltk.core.errors import SltkError


@dataclass(frozen=True, kw_only=True)
class About(Mapping[str, str]):
    """What made a figure; nothing of it may be left out. As a mapping it is what stands in the file, by name.

    Attributes:
        study: name of the study or command.
        claim: key of the claim that it is about, or ``none``.
        command: that draws it again.
        rows: SHA-256 of the rows that were drawn.
        commit: of the source that drew it.
        notes: more, such as the number of trials.

    Raises:
        SltkError: an empty field.
    """

    study: str
    claim: str
    command: str
    rows: str
    commit: str
    notes: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for own in fields(self):
            if own.name != "notes" and not getattr(self, own.name):
                raise SltkError(f"a figure has to say its {own.name}, but it is empty; give it to About.")

    def noting(self, **notes: object) -> "About":
        """With more notes."""
        return replace(self, notes={**self.notes, **{name: str(value) for name, value in notes.items()}})

    def entries(self) -> dict[str, str]:
        """All of it by name, as it stands in the file."""
        own = {name.capitalize(): str(getattr(self, name)) for name in ("study", "claim", "command", "rows", "commit")}
        return {**own, **{name.replace("_", " ").capitalize(): value for name, value in self.notes.items()}}

    def __getitem__(self, name: str) -> str:
        return self.entries()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())
