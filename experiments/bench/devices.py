"""Pools a second of the solver in torch operations and in Triton, beside the compiled kernels and an estimated limit.

Pools are drawn where they are searched, from the counter-based generator, and masks come home; drawing and travel are
in the time. What the device leaves to the CPU (ties, and optima that could afford many samples) is counted as open and
not timed; all that it answers is compared with the kernels' masks on the first pools, and a difference is an error.

The limit is one of memory: every byte that ``on_device`` lays out for a row is written and read at least once, at the
rate at which this device copies, measured here. The Triton kernel lays out nothing: ``sltk.subset_sum.on_device`` says
how many instructions it has.

``python -m experiments.bench.devices`` takes a GPU where there is one, and its sizes: 10^6 pools of 20 samples, 4.4
million of 36 with scales; there the Triton kernel is measured too, if it is installed.
"""

import argparse
import importlib.util
import json
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from experiments.bench.timing import seconds_of
from sltk.core import device_words, philox
from sltk.core.rng import key
from sltk.core.threads import limit
from sltk.subset_sum import solve
from sltk.subset_sum.backends.torch_operations import TorchOperations
from sltk.subset_sum.laws import Uniform
from sltk.subset_sum.on_device import affordable, least_error
from sltk.subset_sum.on_device.batch import Batch

ROUNDS = 3
SEED = 2026
CHECKED = 500  # pools whose masks are compared
OUT = Path("out/bench/devices.json")
KINDS = ("minimum error", "weighted, scaled")
SIZES = {  # (kind, n): pools on a GPU, and in torch operations on one core
    ("minimum error", 15): (1_000_000, 4_000),
    ("minimum error", 20): (1_000_000, 1_000),
    ("weighted, scaled", 28): (1_000_000, 1_000),
    ("weighted, scaled", 36): (4_400_000, 500),
}
SHARE = 2**18  # pools drawn at a time on a GPU


class Pools:
    """Pools U(-2, 2), for weighted ones over seven powers of two, with targets and costs as in ``bench``."""

    def __init__(self, kind: str, n: int) -> None:
        self.n, self.weighted, self.law = n, kind != KINDS[0], Uniform(2.0 if kind != KINDS[0] else 1.0)
        self.scale = 2.0 ** (np.arange(n) % 7 - 3.0) if self.weighted else np.ones(n)
        self.keys = key(SEED, kind, n, "pool"), key(SEED, kind, n, "target")

    def on(self, device: torch.device, low: int, high: int) -> Batch:
        """Pools ``low .. high - 1``, drawn on the device."""

        def draw(own: int, first: int, last: int) -> Tensor:
            flat = torch.arange(first, last, device=device)
            return self.law.transform_tensor(device_words.words_at(own, flat)[None])

        pool = draw(self.keys[0], low * self.n, high * self.n).view(-1, self.n) * torch.as_tensor(self.scale).to(device)
        target = draw(self.keys[1], low, high) * (0.25 if self.weighted else 1.0)
        if not self.weighted:
            none = torch.full_like(target, torch.inf)
            return Batch("error", pool, target, none, torch.zeros_like(target))
        return Batch(
            "weighted", pool, target, torch.full_like(target, 0.008), torch.ones_like(target), 0.003 * pool.abs()
        )

    def at_home(self, count: int) -> dict[str, object]:
        """The first pools as ``solve`` takes them."""
        draws = [self.law.transform(philox.words_range(own, 0, size)[None]) for own, size in
                 zip(self.keys, (count * self.n, count), strict=True)]  # fmt: skip
        pool, target = draws[0].reshape(-1, self.n) * self.scale, draws[1] * (0.25 if self.weighted else 1.0)
        if not self.weighted:
            return {"pool": pool, "target": target}
        costs = 0.003 * np.abs(pool)
        return {"pool": pool, "target": target, "objective": "weighted", "costs": costs, "eps": 0.008, "alpha": 1.0}


def searched(pools: Pools, backend: TorchOperations, count: int) -> tuple[Tensor, Tensor]:
    """Masks at home, and which rows the device has answered."""
    device, found = torch.device(backend.device), list[tuple[Tensor, Tensor]]()
    for low in range(0, count, SHARE):
        answers = backend.answered(pools.on(device, low, min(low + SHARE, count)))
        found.append((answers.mask.cpu(), (answers.found & ~answers.open).cpu()))
    return torch.cat([mask for mask, _ in found]), torch.cat([done for _, done in found])


def check(pools: Pools, mask: Tensor, done: Tensor) -> None:
    """The first answers are the kernels'.

    Raises:
        AssertionError: one is not.
    """
    count = min(CHECKED, len(mask))
    wanted = solve(**pools.at_home(count)).mask  # pyright: ignore[reportArgumentType]
    own, answered = mask[:count].bool().numpy(), done[:count].numpy()
    if not (own[answered] == wanted[answered]).all():
        raise AssertionError(f"the device takes another subset than the kernels at n={pools.n}.")


def copy_rate(device: torch.device) -> float:
    """Bytes written and read a second by a copy of 64 MiB (1 GiB on a GPU)."""
    source = torch.zeros(2**27 if device.type == "cuda" else 2**23, dtype=torch.float64, device=device)
    target = torch.empty_like(source)

    def run() -> None:
        target.copy_(source)
        target[0].item()  # waits for the device

    return 16.0 * source.numel() / median(seconds_of(run, ROUNDS))


def laid_out(kind: str, n: int) -> tuple[float, str]:
    """Bytes of a row, and how they come about."""
    if kind == KINDS[0]:
        return least_error.row_bytes(n), f"400 B x 2^{least_error.half(n)} sums"
    first = affordable.ROUNDS[0]
    return affordable.row_bytes(first), f"56 B x 2^{first} pairs of the first round"


def can_triton(device: str) -> bool:
    """Whether the Triton kernel runs there; on a CPU it would be interpreted, which says nothing of its speed."""
    return torch.device(device).type == "cuda" and importlib.util.find_spec("triton") is not None


def rows(device: str, triton: bool) -> list[dict[str, object]]:
    """One a kind of problem and program."""
    place, found = torch.device(device), list[dict[str, object]]()
    rate, gpu = copy_rate(place), place.type == "cuda"
    for (kind, n), sizes in SIZES.items():
        pools, count = Pools(kind, n), sizes[0 if gpu else 1]
        for kernel in (False, True) if triton and kind == KINDS[0] else (False,):
            backend = TorchOperations(device, triton=kernel)
            mask, done = searched(pools, backend, count)
            check(pools, mask, done)
            spent = seconds_of(partial(searched, pools, backend, count), ROUNDS)
            size, how = laid_out(kind, n)
            found.append({
                "program": f"{'triton' if kernel else 'torch'}, {device}", "n": n, "objective": kind, "targets": count,
                "seconds": spent, "open": 1.0 - float(done.float().mean()),
                "limit": None if kernel else rate / (2.0 * size),
                "arithmetic": "2^(n+1) float64 instructions" if kernel else f"{rate / 1e9:.1f} GB/s over 2 x {how}",
            })  # fmt: skip
        few = min(count, 20_000)
        home = pools.at_home(few)
        alone = limit(1)(lambda home=home: solve(**home))
        found.append({"program": "compiled, one core", "n": n, "objective": kind, "targets": few,
                      "seconds": seconds_of(alone, ROUNDS), "open": 0.0, "limit": None, "arithmetic": ""})  # fmt: skip
    return found


def show(found: list[dict[str, object]]) -> None:
    """Print the table."""
    table = Table(title=f"Pools a second by device, median of {ROUNDS}; drawn there, masks at home")
    for name in ("program", "n", "objective", "pools", "pools/s", "limit/s", "open", "the limit"):
        table.add_column(name)
    for row in found:
        rate = row["targets"] / median(row["seconds"])  # pyright: ignore
        bound = "" if row["limit"] is None else f"{row['limit']:,.0f}"
        table.add_row(str(row["program"]), str(row["n"]), str(row["objective"]), f"{row['targets']:,}", f"{rate:,.0f}",
                      bound, f"{row['open']:.2%}", str(row["arithmetic"]))  # fmt: skip
    Console(width=150).print(table)


def main(argv: list[str] | None) -> None:
    """Measure, print, write.

    Args:
        argv: options; ``None`` for a GPU where there is one, else torch operations on one core.
    """
    parser = argparse.ArgumentParser(prog="python -m experiments.bench.devices")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--no-triton", action="store_true", help="leave the Triton kernel out, where it is installed")
    asked = parser.parse_args([] if argv is None else argv)
    with limit(1):
        found = rows(asked.device, not asked.no_triton and can_triton(asked.device))
    show(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"seed": SEED, "rounds": ROUNDS, "measured": found}, indent=1) + "\n")
    print(f"written to {OUT}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
