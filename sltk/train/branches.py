"""Branches from a stored level: train its masks again, from elsewhere, or changed in one respect.

As open_lth has them: re-initialise, shuffle, random mask, retrain, another rewind point. The weights at any step of the
first training follow from the seed, so a branch trains up to its own rewind point and needs no stored anchor.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.train.levels import load_level
from sltk.train.methods.base import TrainingMethod
from sltk.train.phases.base import Phase, Phases
from sltk.train.phases.measure import Measure
from sltk.train.phases.train import Train
from sltk.train.phases.wear import Change, Wear
from sltk.train.runner import REINITIALISED
from sltk.train.setup import Setup

KINDS: dict[str, tuple[str, Change]] = {  # by name: which network, and what becomes of the masks
    "retrain": ("ticket", "same"),
    "reinitialise": (REINITIALISED, "same"),
    "shuffle": ("ticket", "shuffled"),
    "random-mask": ("ticket", "random"),
    "random-mask-uniform": ("ticket", "random, uniform"),
    "random-mask-erk": ("ticket", "random, erk"),
    "invert": ("ticket", "inverted"),
}


@dataclass(frozen=True)
class Branch(TrainingMethod):
    """``[Train(rewind), Wear(level), Train(the rest), Measure(kind)]``, dense until the rewind point.

    ``retrain`` with the rewind point and the setup of the IMP that stored the level is that level's own training, bit
    for bit on a CPU, where no layer draws as dropout does. Run it by ``sltk.train.runner.run`` with the model, the data
    and the setup of that run; its seeds are among those of the level.

    Args:
        density: of the branch's level; found by ``branch``.
        level: file of the level.
        kind: a name in ``KINDS``.
        rewind: steps of the dense training before the masks are put on.
        digest: hash of the level's file, so that a run that is resumed has the same one.

    Raises:
        SltkError: an unknown kind, or a rewind point before 0.
    """

    name: ClassVar[str] = "branch"
    level: Path = field(default=Path(), kw_only=True)
    kind: str = field(default="retrain", kw_only=True)
    rewind: int = field(default=0, kw_only=True)
    digest: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise SltkError(f"a branch is one of {', '.join(KINDS)}, but got {self.kind!r}.")
        if self.rewind < 0:
            raise SltkError(f"rewind is a number of steps, at least 0, but got {self.rewind}.")

    @property
    def arms(self) -> tuple[str, ...]:
        """One: the network of each seed, or another initial one."""
        return (KINDS[self.kind][0],)

    def phases(self, setup: Setup, rows: int) -> Phases:
        """Train to the rewind point, put the masks on, train.

        Raises:
            SltkError: the rewind point is not within the training.
        """
        recipe, steps = setup.timed(rows)
        if self.rewind >= steps:
            raise SltkError(f"rewind={self.rewind} must lie within the training of {steps} steps.")
        train = Train(steps - self.rewind, recipe, start=self.rewind, augment=setup.augment)
        first: list[Phase] = [Train(self.rewind, recipe, augment=setup.augment)] if self.rewind else []
        return [*first, Wear(self.level, KINDS[self.kind][1]), train, Measure(self.kind)]


def branch(level: str | Path, kind: str = "retrain", rewind: int = 0) -> Branch:
    """The branch ``kind`` from the file ``level``; see ``Branch``.

    Raises:
        SltkError: no level there, an unknown kind, or a level that keeps nothing.
    """
    held, path = load_level(level), Path(level)
    total = sum(mask[0].numel() for mask in held.masks.values())
    kept = sum(int(mask[held.arms.index("ticket")].sum()) for mask in held.masks.values())
    kept = total - kept if kind == "invert" else kept
    if not kept:
        raise SltkError(f"{kind} from level {held.label!r} of {path} keeps nothing; branch from another level.")
    return Branch(kept / total, level=path, kind=kind, rewind=rewind, digest=sha256(path.read_bytes())[:16])
