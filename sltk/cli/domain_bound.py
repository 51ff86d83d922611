"""``sltk certify`` without data: the bound over the ticket's whole domain, and where it comes from."""

import time
from typing import Any

import torch
from rich.console import Console

from sltk.certify.adversary import Attack, sup_error
from sltk.certify.as_run.bound import RunBound
from sltk.certify.certificate import Certificate
from sltk.cli.facts import facts, peak_memory
from sltk.cli.options import Certify
from sltk.construct.runtime.placed import Placed, target_on
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, write_atomic
from sltk.core.numerics.device import CPU, torch_device

RESTARTS = 16  # of the search


def certify_domain(options: Certify, ticket: StrongTicket, started: float, console: Console) -> int:
    """Bound, ways, anatomy by layer, and the largest error found, as tables and as JSON."""
    if options.radius:
        raise SltkError("--radius is of balls around inputs, which --data names; leave out --radius, or add --data.")
    if not options.seconds >= 0:
        raise SltkError(f"--seconds must not be below 0, but is {options.seconds}.")
    certificate = ticket.certify_domain(options.seconds) if options.seconds else ticket.certificate
    runs = [ticket.as_run(getattr(torch, name)) for name in options.run]
    attack = _attack(options, ticket)
    _print(options, ticket, certificate, runs, attack, console)
    finish(options, record(options, certificate, runs, attack, time.perf_counter() - started), console)
    return 0


def _attack(options: Certify, ticket: StrongTicket) -> Attack | None:
    if not options.attack_steps:
        return None
    assert ticket.target is not None
    place, shape, target = torch_device(options.device), ticket.target.input_shape, ticket.target
    if place is None:
        both = target, ticket.module("sparse").double().eval()
    else:
        both = target_on(target, place), Placed(ticket.module(device=options.device).double().eval(), place)
    return sup_error(*both, ticket.domain, shape=shape, restarts=RESTARTS, steps=options.attack_steps, batch=RESTARTS)


def record(
    options: Certify, certificate: Certificate, runs: list[RunBound], attack: Attack | None, seconds: float
) -> dict[str, Any]:
    """As JSON; ``layers`` has the anatomy of the bound by interval arithmetic, ``ways`` that of the others."""
    return {
        "file": str(options.file),
        "target": options.target,
        "device": options.device,
        "bound": certificate.bound,
        "per_output": certificate.per_output.tolist(),
        "ways": [vars(way) for way in certificate.ways],
        "layers": [vars(layer) for layer in certificate.layers],
        "as_run": [
            {"format": one.run.name, "bound": one.bound if one.finite else None, "reason": one.reason,
             "layers": [vars(layer) for layer in one.layers]} for one in runs
        ],
        "error_found": None if attack is None else attack.error,
        "seconds": seconds,
    }  # fmt: skip


def _print(
    options: Certify, ticket: StrongTicket, certificate: Certificate, runs: list[RunBound], attack: Attack | None,
    console: Console,
) -> None:  # fmt: skip
    table = facts(f"Over the whole domain of {options.file}: inputs with {ticket.domain}")
    table.add_row("error at most", f"{certificate.bound:.6g} in real arithmetic, by {certificate.best}")
    for one in runs:
        table.add_row("", str(one))
    if options.device != CPU:
        table.add_row("searched on", options.device)
        table.add_row("proved on", "the CPU; as run, for sums in every order")
    if attack is not None:
        found = f"{attack.error:.6g}, by {options.attack_steps} steps from {RESTARTS} starts: no bound is smaller"
        table.add_row("error found", found)
    console.print(table)
    console.print(certificate.explain())
    for one in runs:
        console.print(one.explain())


def finish(options: Certify, found: dict[str, Any], console: Console) -> None:
    """Write the JSON and say where it is."""
    out = options.out or options.file.with_name(options.file.name + ".certify.json")
    write_atomic(out, canonical_json(found))
    console.print(f"{found['seconds']:.1f} s, peak memory {peak_memory()}; the same as JSON in {out}")
