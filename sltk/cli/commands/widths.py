"""``sltk widths``: sizes of pools, for one subset-sum problem or for every layer of a target."""

from rich.console import Console
from rich.table import Table

from sltk.cli.options import Widths
from sltk.cli.target import dataset, domain, target_network
from sltk.construct.predict.widths import NetworkWidths, required_widths
from sltk.construct.recipe import DEFAULT_LAW
from sltk.core.errors import SltkError
from sltk.harness.progress import at_work
from sltk.subset_sum.laws import parse_law
from sltk.subset_sum.widths.required_size import METHODS, required_size

POOL_LAWS = ("uniform(1.0)", "normal(1.0)", "product(uniform(1.0), uniform(1.0))")
READING = (
    "floor: with less, no pool of whatever law reaches all targets. certificate: enough, checked by machine. closed "
    "form: enough, by a theorem with its constants. "
)


def run_widths(options: Widths, console: Console) -> int:
    """Print the table that was asked for."""
    if options.target is None:
        return _one_pool(options, console)
    data = None if options.data is None else dataset(options.data, options.data_folder)
    shape = options.input_shape or (() if data is None else data.input_shape)
    box = domain(options.low, options.high, data)
    network = target_network(options.target, options.arch, shape)
    with at_work(console, "sizes of every layer's pools"):
        found = required_widths(
            network, method=options.method, eps=options.eps, delta=options.delta, domain=box,
            law=options.law or DEFAULT_LAW,
        )  # fmt: skip
    _print_network(found, options.law or DEFAULT_LAW, console)
    return 0


def _one_pool(options: Widths, console: Console) -> int:
    given = [
        name for name in ("arch", "input_shape", "low", "high", "data") if getattr(options, name) not in (None, ())
    ]
    if given:
        raise SltkError(f"--{given[0].replace('_', '-')} speaks of a target, but there is none; name TARGET first.")
    laws = POOL_LAWS if options.law is None else (options.law,)
    table = Table(title=f"Samples of one pool: eps {options.eps:g}, delta {options.delta:g}", title_justify="left")
    for name in ("law", "targets", *METHODS):
        table.add_column(name, justify="left" if name in ("law", "targets") else "right")
    for text in laws:
        law = parse_law(text)
        half = law.constants().L / 2.0
        with at_work(console, f"sizes under {text}"):
            sizes = [required_size(options.eps, options.delta, law=law, method=method) for method in METHODS]
        table.add_row(text, f"[-{half:.3g}, {half:.3g}]".replace("[", r"\["), *(str(size) for size in sizes))
    console.print(table)
    console.print(READING + "measured: the smallest size whose rate over random pools passes, each pool decided "
                  "exactly, by its lower 99% limit.", highlight=False)  # fmt: skip
    return 0


def _print_network(found: NetworkWidths, law: str, console: Console) -> None:
    table = Table(
        title=f"Widths by layer: {found.method}, eps {found.eps:g}, delta {found.delta:g}, {law}", title_justify="left"
    )
    for name in ("layer", "pools of", "tolerance", "problems", "delta of each", "floor", "certificate", "closed form",
                 "drawn"):  # fmt: skip
        table.add_column(name, justify="left" if name in ("layer", "pools of") else "right")
    for pool in found.pools:
        table.add_row(
            pool.stage, "weights" if pool.kind == "weight" else "biases", f"{pool.tolerance:.2g}",
            f"{pool.problems:,}", f"{pool.delta:.2g}", str(pool.floor), str(pool.certificate), str(pool.closed_form),
            str(pool.drawn),
        )  # fmt: skip
    console.print(table)
    console.print(
        f"{READING}drawn: neurons for one such pool, so that enough have the sign that is needed. With these pools a "
        f"ticket exists with probability at least {1.0 - found.delta:g}, and its largest output error over the domain "
        f"is at most {found.certificate.bound:.3g} (a priori certificate). What a real search needs is less: "
        f"`sltk construct --eps {found.eps:g} --certify` shows it.",
        highlight=False,
    )
