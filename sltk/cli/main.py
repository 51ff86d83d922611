"""``sltk``: the command line."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import tyro
from rich.console import Console
from rich.markup import escape

from sltk.cli.options import Certify, Check, Claims, Construct, Plan, Show, Verify, Widths
from sltk.cli.papers.options import Figures, Report, Run
from sltk.cli.training_options import Branch, EdgePopup, Imp, Rewinding, Rst, Train
from sltk.core.errors import SltkError

Command = (
    Plan | Construct | Check | Certify | Verify | Claims | Show | Widths | Imp | Rst | EdgePopup
    | Train | Branch | Rewinding
)  # fmt: skip
OF_PAPERS = Run | Figures | Report
EVERY = Command | OF_PAPERS
LOG_WIDTH = 112
INTERNAL_ERROR = 70  # as sysexits.h has it
NOBODY_READS = 141  # as a shell says it of a process that SIGPIPE ended
DESCRIPTION = "Strong lottery tickets: constructed by subset sums, certified, and measured."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; default the process's own.

    Returns:
        0 where all is well, 1 where a ticket failed its task or a check does not hold, 2 for wrong input, 70 for an
        internal error, 141 where nobody reads what is printed, as in ``sltk claims | head -1``.
    """
    try:
        return _answer(list(sys.argv[1:] if argv is None else argv))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to be flushed has to go somewhere
        return NOBODY_READS


def _answer(given: list[str]) -> int:
    command: Command | Run | Figures | Report | OfStudy = OfStudy.of(given) or tyro.cli(
        EVERY,  # pyright: ignore[reportArgumentType]  # a union is a type form, not a type
        prog="sltk",
        description=DESCRIPTION,
        args=given,
        config=(tyro.conf.DisallowNone,),
    )
    try:
        return _run(command, _console())
    except SltkError as error:
        return _refuse(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        return _refuse(f"cannot use {error.filename or 'a file'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        return _refuse("interrupted; nothing was half written.")
    except Exception:
        Console(stderr=True).print_exception(width=LOG_WIDTH)
        _refuse("an internal error; this is a mistake of sltk's, not of the input. The lines above say where.")
        return INTERNAL_ERROR


@dataclass(frozen=True)
class OfStudy:
    """``sltk run KEY ...``: which options there are, only the study knows."""

    key: str
    arguments: tuple[str, ...]

    @classmethod
    def of(cls, given: Sequence[str]) -> "OfStudy | None":
        """The study that a command line names."""
        if len(given) < 2 or given[0] != "run" or given[1].startswith("-"):
            return None
        return cls(given[1], tuple(given[2:]))


def _run(command: Command | Run | Figures | Report | OfStudy, console: Console) -> int:
    # Each command is imported when it is run: torch and numba take seconds, which help need not wait for.
    match command:
        case Construct():
            from sltk.cli.commands.construct import run_construct

            return run_construct(command, console)
        case Plan():
            from sltk.cli.commands.plan import run_plan

            return run_plan(command, console)
        case Check():
            from sltk.cli.commands.check import run_check

            return run_check(command, console)
        case Certify():
            from sltk.cli.commands.certify import run_certify

            return run_certify(command, console)
        case Verify() if "residual" in command.keys:
            from sltk.cli.commands.residual import run_verify_residual

            return run_verify_residual(command, console)
        case Verify() if command.keys or command.all:
            from sltk.cli.commands.claims import run_verify_claims

            return run_verify_claims(command, console)
        case Claims():
            from sltk.cli.commands.claims import run_claims

            return run_claims(command, console)
        case Show():
            from sltk.cli.commands.claims import run_show

            return run_show(command, console)
        case Widths():
            from sltk.cli.commands.widths import run_widths

            return run_widths(command, console)
        case Imp():
            from sltk.cli.commands.imp import run_imp

            return run_imp(command, console)
        case Rst():
            from sltk.cli.commands.rst import run_rst

            return run_rst(command, console)
        case EdgePopup():
            from sltk.cli.commands.edge_popup import run_edge_popup

            return run_edge_popup(command, console)
        case Train():
            from sltk.cli.commands.training.train import run_train

            return run_train(command, console)
        case Rewinding():
            from sltk.cli.commands.training.rewinding import run_rewinding

            return run_rewinding(command, console)
        case Branch():
            from sltk.cli.commands.training.branch import run_branch

            return run_branch(command, console)
        case OfStudy():
            from sltk.cli.papers.run import run_study

            return run_study(command.key, command.arguments)
        case Run():
            from sltk.cli.papers.run import run_list

            return run_list(console)
        case Figures():
            from sltk.cli.papers.figures import run_figures

            return run_figures(command, console)
        case Report():
            from sltk.cli.papers.report import run_report

            return run_report(command, console)
        case Verify():
            from sltk.cli.commands.verify import run_verify

            return run_verify(command, console)


def _console() -> Console:
    # Where nobody says how wide a line is, as in a pipe or a log, 80 columns would cut the tables.
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=LOG_WIDTH)


def _refuse(message: str) -> int:
    Console(stderr=True, soft_wrap=True).print(f"[bold red]sltk:[/] {escape(message)}", highlight=False)
    return 2
