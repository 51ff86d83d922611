"""How long work tells how far it is."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]  # what is under way, steps done, steps in all
Steps = Callable[[int, int], None]  # steps done, steps in all
