"""Tables of named facts, and words in them; light, for commands that compute nothing."""

import sys

from rich.table import Table


def facts(title: str) -> Table:
    """An empty table of named facts."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def yes_no(holds: bool) -> str:
    """A coloured yes or no."""
    return "[green]yes[/]" if holds else "[red]no[/]"


def peak_memory() -> str:
    """Largest memory of this process so far, in words."""
    try:
        import resource  # only where the system has it
    except ImportError:
        return "not known on this system"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"{peak / 2**30:.2f} GiB"
