"""Constructions of a residual ticket, killed at random moments and resumed, against one that was let be.

Run ``python -m experiments.resume.study``; it prints a line a kill and writes ``out/resume/study.json``.

The ticket is built once to its end by a process of its own. Then, ``--kills`` times over: a fresh process is killed
(SIGKILL, which it cannot catch) at a moment drawn from a named stream, uniform over the length of the construction;
another process goes on with what lies there; the bytes of the two files are compared.
"""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from sltk.construct import save, strong_ticket
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.core.rng import stream
from sltk.subset_sum.laws import Uniform

SHAPE = (2, 6, 6)
SETTINGS = {"method": "plus-one", "n": 26, "seed": 1, "domain": (-1.0, 1.0), "input_shape": SHAPE, "param_eps": 0.003}


class Blocks(nn.Module):
    """A stem, ``blocks`` sigmoid blocks with identity skips, a strided one with a projection, a readout."""

    def __init__(self, blocks: int = 6) -> None:
        super().__init__()
        self.phi = nn.Sigmoid()
        self.stem = nn.Conv2d(2, 3, 3, padding=1)
        self.inner = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(2 * blocks))
        self.down, self.short = nn.Conv2d(3, 3, 3, stride=2, padding=1), nn.Conv2d(3, 3, 1, stride=2)
        self.pool, self.end = nn.AdaptiveAvgPool2d(1), nn.Linear(3, 2)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for tensor in self.parameters():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Two outputs."""
        x = self.phi(self.stem(x))
        for number in range(0, len(self.inner), 2):
            x = self.phi(self.inner[number + 1](self.phi(self.inner[number](x))) + x)
        return self.end(self.pool(self.phi(self.down(x) + self.short(x))).flatten(1))


def main(arguments: list[str]) -> None:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--out", type=Path, default=Path("out/resume"))
    parser.add_argument("--build", type=Path, help="build the ticket into this file, as the children do")
    options = parser.parse_args(arguments)
    if options.build is not None:
        build(options.build)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    length = run(options.out / "whole.ticket", None)
    whole = sha256((options.out / "whole.ticket").read_bytes())
    print(f"uninterrupted: {length:.1f} s, {whole[:16]}")
    moments = stream(options.seed, "experiments", "resume").random(options.kills) * length
    rows = [killed(number, float(moment), whole, options.out) for number, moment in enumerate(moments)]
    same = sum(row["same"] for row in rows)
    stopped = sum(row["killed"] for row in rows)
    print(f"{same} of {len(rows)} files equal the uninterrupted one byte for byte; {stopped} were killed on the way.")
    write_atomic(options.out / "study.json", canonical_json({"seconds": length, "sha256": whole, "rows": rows}))
    if same != len(rows):
        raise SltkError("a resumed construction gave other bytes; its file is kept beside the uninterrupted one.")


def killed(number: int, moment: float, whole: str, out: Path) -> dict:
    """One construction, killed at ``moment`` seconds and resumed."""
    place = out / f"killed-{number}.ticket"
    place.unlink(missing_ok=True)
    before = run(place, moment)
    folder = parts(place)
    stages = len(list(folder.glob("*"))) if folder.is_dir() else 0
    after = run(place, None)
    found = sha256(place.read_bytes())
    row = {"moment": moment, "killed": before is None, "stages": stages, "resumed": after, "same": found == whole}
    print(f"{number + 1:2d}: killed at {moment:5.2f} s with {stages:2d} stages solved, resumed in {after:5.2f} s, "
          f"{found[:16]} {'same' if row['same'] else 'DIFFERENT'}")  # fmt: skip
    if row["same"]:
        place.unlink()
    return row


def run(place: Path, limit: float | None) -> float | None:
    """Seconds that a process of its own took to build, from where its imports end; ``None`` where it was killed."""
    command = [sys.executable, "-m", "experiments.resume.study", "--build", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started = time.perf_counter()
        try:
            if process.wait(limit) != 0:
                raise SltkError(f"the construction of {place} ended with {process.returncode}.")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return None
        return time.perf_counter() - started


def parts(place: Path) -> Path:
    """Where the solved stages of ``place`` lie."""
    return place.with_suffix(".parts")


def build(place: Path) -> None:
    """The ticket into ``place``, from its parts where there are some."""
    module = Blocks()
    print("ready", flush=True)
    save(strong_ticket(module, **SETTINGS, law=Uniform(3.0), parts=parts(place)), place)


if __name__ == "__main__":
    main(sys.argv[1:])
