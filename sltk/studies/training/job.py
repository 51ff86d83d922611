"""What all studies of training are asked, whatever they hold against each other."""

from dataclasses import asdict, dataclass
from typing import Any

from sltk.studies.training.asked import told
from sltk.train.loop.rates import COSINE, Rates


@dataclass(frozen=True)
class TrainingJob:
    """Data, network, runs, machine; a study adds its own.

    Args:
        data: name of the data set, or ``package.module:function``.
        folder: where it lies, if it is no embedded one.
        model: ``dense``, a name in ``sltk.models.registry.MODELS``, or ``package.module:function``.
        hidden: sizes of the hidden layers of ``dense``.
        seeds: how many: 0, 1, ...
        device: where it runs.
        content: hash of a user's own model and data; see ``sltk.studies.training.asked.content_of``.
        rates: how the rate goes over each training.
    """

    data: str = "digits"
    folder: str | None = None
    model: str = "dense"
    hidden: tuple[int, ...] = (100, 60)
    seeds: int = 16
    device: str = "cpu"
    content: str = ""
    rates: Rates = COSINE

    def asked(self, *without: str) -> dict[str, Any]:
        """What a row depends on, as JSON values: all fields but those named, and the folder, which changes nothing.

        Rates and content are there where a choice was made, since rows were named before there was one.
        """
        left = {"folder", "rates", "content", *without}
        kept = {name: value for name, value in asdict(self).items() if name not in left}
        lists = {name: list(value) for name, value in kept.items() if isinstance(value, tuple)}
        return {**kept, **told(self.rates, self.content), **lists}

    @property
    def device_on_cpu(self) -> tuple[str, ...]:
        """The name of the field ``device`` where rows leave it out: on a CPU, as when there was no choice."""
        return ("device",) if self.device == "cpu" else ()
