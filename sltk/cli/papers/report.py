"""``sltk report``: what this machine has measured, as a folder for a browser."""

from rich.console import Console

from sltk.cli.papers.options import Report
from sltk.harness.progress import progress
from sltk.studies.report.write import write_report


def run_report(options: Report, console: Console) -> int:
    """Write it; where it lies."""
    with progress(console) as report:
        cases, studies = write_report(options.out, options.claims, options.only, report)
    said = f"{cases} verdicts and {studies} studies: {options.out / 'index.html'}"
    console.print(said, highlight=False, soft_wrap=True)
    return 0
