"""A wheel holds the studies with their rows beside the package, in ``sltk/shipped``; the rest is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = Path("sltk", "shipped")  # where sltk.harness.catalogue looks


def studies() -> list[Path]:
    """Files of the studies, relative to the checkout: code and rows."""
    kinds = ("*.py", "*.jsonl", "*.c")
    return sorted(path.relative_to(ROOT) for kind in kinds for path in (ROOT / "experiments").rglob(kind))


class WithStudies(build_py):
    """Packages, and the studies; an editable installation finds those in the checkout."""

    def run(self) -> None:
        """Copy both."""
        super().run()
        if self.editable_mode:
            return
        for path in studies():
            place = Path(self.build_lib) / SHIPPED / path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, place)


if __name__ == "__main__":
    setup(cmdclass={"build_py": WithStudies})
