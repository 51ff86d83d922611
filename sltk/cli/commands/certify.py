"""``sltk certify``: how large the error can be, or around which inputs the ticket's answer is proved the target's."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from sltk.certify.local.attack import unchanged
from sltk.certify.local.certificates import LocalCertificates
from sltk.cli.domain_bound import certify_domain, finish
from sltk.cli.facts import facts
from sltk.cli.options import Certify
from sltk.cli.target import dataset, target_network
from sltk.construct.file import load
from sltk.construct.runtime.placed import target_on
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.numerics.device import CPU, torch_device
from sltk.core.statistics.stats import clopper_pearson
from sltk.harness.progress import progress


def run_certify(options: Certify, console: Console) -> int:
    """Certificates around test inputs, as a table and as JSON."""
    started = time.perf_counter()
    for name in ("limit", "attack_steps"):
        if getattr(options, name) < (name == "limit"):
            raise SltkError(f"--{name.replace('_', '-')} must not be below {int(name == 'limit')}.")
    torch_device(options.device)  # refused before anything is read
    loaded = load(options.file)
    target = target_network(options.target, options.arch, loaded.architecture.input_shape)
    ticket = loaded.with_target(target)
    if options.data is None:
        return certify_domain(options, ticket, started, console)
    if options.seconds:
        raise SltkError("--seconds is for the whole domain; leave out --data, or --seconds.")
    x = dataset(options.data, options.data_folder).test_x[: options.limit]
    runs = [None, *(getattr(torch, name) for name in options.run)]
    with progress(console) as report:
        found = [
            ticket.certify(x, options.radius, dtype, partial(report, f"certificates, {_named(dtype)}"), options.device)
            for dtype in runs
        ]
        if options.radius == 0:
            found += [
                ticket.observe(x, getattr(torch, name), partial(report, f"running in {name}"), options.device)
                for name in options.run
            ]
        same = _attacked(options, ticket, x, partial(report, "attack on the target"))
    _print(options, found, same, console)
    finish(options, record(options, found, same, time.perf_counter() - started), console)
    return 0


def _named(dtype: torch.dtype | None) -> str:
    return "real arithmetic" if dtype is None else f"as run in {str(dtype).removeprefix('torch.')}"


def _attacked(options: Certify, ticket: StrongTicket, x: Tensor, report: Callable[[int, int], None]) -> Tensor | None:
    if not options.attack_steps:
        return None
    assert ticket.target is not None
    place = torch_device(options.device)
    target = ticket.target if place is None else target_on(ticket.target, place)
    return unchanged(target, x, options.radius, ticket.domain, options.attack_steps, report=report)


def record(options: Certify, found: list[LocalCertificates], same: Tensor | None, seconds: float) -> dict[str, Any]:
    """Certificates as JSON; ``inputs`` has one entry an input, in the order of the data set."""
    return {
        "file": str(options.file),
        "target": options.target,
        "data": options.data,
        "radius": options.radius,
        "device": options.device,
        "unchanged_by_attack": None if same is None else int(same.sum()),
        "certificates": [_record(one) for one in found],
        "seconds": seconds,
    }


def _record(one: LocalCertificates) -> dict[str, object]:
    columns = {name: getattr(one, name).tolist() for name in ("answers", "errors", "leads", "kept", "proved")}
    return {
        "arithmetic": one.run,
        "inputs": len(one),
        "proved": int(one.proved.sum()),
        "interval": list(one.interval()),
        "kept": int(one.kept.sum()),
        "mean_error": one.mean_error,
        "largest_error": float(one.errors.max()),
        "by_input": columns,
    }


def _print(options: Certify, found: list[LocalCertificates], same: Tensor | None, console: Console) -> None:
    table = facts(f"Around {len(found[0]):,} test inputs of {options.data}, radius {options.radius:g}")
    if options.device != CPU:
        table.add_row("computed on", f"{options.device}; twice the precision and relaxed leads on the CPU")
    for one in found:
        _add(table, one)
    if same is not None:
        count = int(same.sum())
        table.add_row(
            "no other answer found",
            f"{_share(count, len(same))} of the balls, by {options.attack_steps} steps of an attack on the target: no "
            "certificate proves more",
        )
    console.print(table)


def _add(table: Table, one: LocalCertificates) -> None:
    where = "real arithmetic" if one.run == "real" else f"as run in {one.run}"
    table.add_row(f"proved the same, {where}", _share(int(one.proved.sum()), len(one)))
    table.add_row("  of the target's own answers", f"{_share(int(one.kept.sum()), len(one))} proved not to change")
    table.add_row("  error at most", f"{one.mean_error:.4g} in the mean, {float(one.errors.max()):.4g} at the worst")
    table.add_section()


def _share(count: int, rows: int) -> str:
    low, high = clopper_pearson(count, rows)
    return f"{count:,} of {rows:,} ({count / rows:.1%}; exact 95% interval {low:.1%} to {high:.1%})"
