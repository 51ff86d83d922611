"""``python -m proofs_checks [KEY ...]``: run the checks, print the table, exit with 1 where one is not well."""

import argparse
import sys

from rich.console import Console
from rich.table import Column, Table

from proofs_checks import TRUSTED
from proofs_checks._check import CheckOutcome, execute
from proofs_checks._registry import keys, load, require_known
from sltk.core.errors import SltkError

Result = tuple[tuple[str, str, str], CheckOutcome]
WIDTH = 150
_COLUMNS = ("claim", "steps", "covers", "taken on trust", "verdict", "mutations caught", "seconds")
_RATIOS = {"covers": 3, "taken on trust": 2}


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 all well, 1 a step failed or a mutation passed, 2 an unknown key."""
    parser = argparse.ArgumentParser(prog="python -m proofs_checks", description="Run the checks of the proofs.")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="claims to check; all of them by default")
    wanted = parser.parse_args(arguments).keys or sorted([*keys(), *TRUSTED])
    try:
        require_known(wanted)
    except SltkError as error:
        print(error, file=sys.stderr)
        return 2
    results = {key: _run(key) for key in wanted if key not in TRUSTED}
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(_table(wanted, results))
    outcomes = [outcome for _, outcome in results.values()]
    _report(outcomes)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _run(key: str) -> Result:
    """What the check covers and trusts, as its row shows them, and what came of it."""
    try:
        check = load(key)
    except (SltkError, ImportError) as error:
        return ("-", "-", "-"), CheckOutcome(key, steps=1, failures=[str(error)])
    return (check.covers, "; ".join(check.trusts) or "-", check.extent), execute(check)


def _table(wanted: list[str], results: dict[str, Result]) -> Table:
    table = Table(*(Column(name, min_width=len(name), ratio=_RATIOS.get(name)) for name in _COLUMNS), show_lines=True)
    for key in wanted:
        if key in TRUSTED:
            table.add_row(key, "-", "-", TRUSTED[key], "trusted", "-", "-")
        else:
            table.add_row(*_row(*results[key]))
    return table


def _row(about: tuple[str, str, str], outcome: CheckOutcome) -> list[str]:
    covers, trusts, extent = about
    return [
        outcome.key,
        f"{outcome.steps - len(outcome.failures)}/{outcome.steps}",
        covers,
        trusts,
        extent if outcome.passed else "FAILED",
        f"{outcome.mutations - len(outcome.missed)}/{outcome.mutations}",
        f"{outcome.seconds:.1f}",
    ]


def _report(outcomes: list[CheckOutcome]) -> None:
    for outcome in outcomes:
        for line in outcome.failures:
            print(f"FAILED   {outcome.key}: {line}")
        for line in outcome.missed:
            print(f"NO ALARM {outcome.key}: {line}")
    steps, mutations = sum(o.steps for o in outcomes), sum(o.mutations for o in outcomes)
    failed, missed = sum(len(o.failures) for o in outcomes), sum(len(o.missed) for o in outcomes)
    print(
        f"{len(outcomes)} checks: {steps - failed} of {steps} steps hold, {mutations - missed} of {mutations} "
        f"mutations caught, {sum(o.seconds for o in outcomes):.0f} s."
    )


if __name__ == "__main__":
    sys.exit(main())
