"""Compute the stored second-moment certificates: ``python -m experiments.precompute.width_certificates [FOLDER]``.

Every entry of PLANS was found by trying plans by hand around the best one (samples, samples after the hand-over,
slack, far, wide intervals by stratum). Set OPENBLAS_NUM_THREADS=1: the blocks are small. A few seconds to a quarter
of an hour an entry on one core, and up to 5 GB.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from sltk.subset_sum.laws import Law, Normal, Uniform
from sltk.subset_sum.widths.moment_certificate import Stratified, Wide, moment_failure
from sltk.subset_sum.widths.required_size import StoredCertificate

FOLDER = Path(__file__).parents[2] / "sltk" / "subset_sum" / "widths" / "certificates"
FOUR = (-2, -1, 0, 1)

PLANS: list[tuple[Law, float, int, Stratified]] = [
    (Uniform(1.0), 0.1, 17, Stratified(15, 2, 0.03, 1.5, 0.5, FOUR)),
    (Uniform(1.0), 0.01, 20, Stratified(17, 3, 0.0035, 1.2, 0.5, FOUR, (Wide(5, 1.0), Wide(8, 1.2)))),
    (Uniform(1.0), 0.01, 22, Stratified(18, 4, 0.0033, 1.2, 0.5, FOUR, (Wide(6, 1.0), Wide(9, 1.2)))),
    (Normal(1.0), 0.01, 47, Stratified(17, 9, 0.004, 1.1, 0.75, FOUR)),
    (Uniform(1.0), 0.001, 26, Stratified(22, 4, 0.00038, 1.4, 0.5, FOUR)),
    (Uniform(1.0), 0.01, 30, Stratified(22, 8, 0.0038, 1.1, 0.5, FOUR)),
]


def compute(law: Law, eps: float, size: int, plan: Stratified) -> StoredCertificate:
    window = law.constants().L
    return StoredCertificate(law.spec(), window, eps, size, moment_failure(size, eps, law, window, plan), plan)


def main(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for law, eps, size, plan in PLANS:
        start = time.perf_counter()
        found = compute(law, eps, size, plan)
        name = f"{law.spec().replace('uniform(1.0)', 'uniform').replace('(', '-').replace(')', '').replace(', ', '-')}"
        path = folder / f"{name}-{eps}-{size}.json"
        path.write_text(json.dumps(asdict(found), indent=1) + "\n", "utf-8")
        print(f"{path.name}: failure <= {found.failure:.5f}, {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
