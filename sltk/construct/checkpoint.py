"""Solved parts of a construction on disk, so that one that was stopped goes on where it was, and shards share one.

A part is a run of a stage's outputs: its file holds their kept weights and their failures. Its name and its digest come
from all that fixes them: source, target, tolerances, search, stage, outputs. So a part of another construction is never
taken, whatever it is called; a damaged one is told, and solved again by whoever may solve.
"""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load, save

from sltk.construct.failures import FailureTable
from sltk.construct.pools.solve_stage import StageResult
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.network import Network

SUFFIX = ".stage"


class Checkpoint:
    """The solved parts of one construction.

    Args:
        folder: where they lie; made when the first is kept.
        record: all that fixes the source, and what is asked of it.
        target: whose weights fix the rest.
    """

    def __init__(self, folder: str | Path, record: dict[str, Any], target: Network) -> None:
        self.folder = Path(folder)
        self._key = sha256(canonical_json({**record, "target": target_hash(target)}))

    def keep(self, stage: int, outputs: range, result: StageResult) -> None:
        """Write a solved part, whole or not at all."""
        tensors = {f"failures.{f.name}": tensor_of(getattr(result.failures, f.name)) for f in fields(FailureTable)}
        tensors |= {"kept": tensor_of(result.kept), "problems": tensor_of(result.problems)}
        data = save(tensors)
        write_atomic(self.path(stage, outputs), self._digest(stage, outputs, data) + data)

    def find(self, stage: int, outputs: range) -> StageResult | None:
        """The solved part, or ``None`` where it is not there or damaged."""
        path = self.path(stage, outputs)
        if not path.is_file():
            return None
        content = path.read_bytes()
        digest, data = content[:64], content[64:]
        if digest != self._digest(stage, outputs, data):
            return None
        try:
            tensors = load(data)
            failures = FailureTable(**{f.name: tensors[f"failures.{f.name}"].numpy() for f in fields(FailureTable)})
            problems = tensors["problems"].numpy().astype(np.int64)
            if problems.ndim != 1:  # of a version that counted them for the whole part
                return None
            return StageResult(tensors["kept"].numpy().astype(np.int64), failures, problems)
        except (SafetensorError, KeyError) as error:
            raise SltkError(f"{path} is no solved part of a construction ({error}); delete the folder.") from error

    def parts(self, stage: int, outputs: int) -> list[range]:
        """Which parts of a stage of so many outputs have a file, by what it is called."""
        found = list[range]()
        for path in self.folder.glob(f"{self._key[:16]}-{stage:03d}-*{SUFFIX}"):
            ends = path.name.removesuffix(SUFFIX).split("-")[2:]
            if len(ends) == 2 and all(end.isdecimal() for end in ends) and int(ends[0]) < int(ends[1]) <= outputs:
                found.append(range(int(ends[0]), int(ends[1])))
        return sorted(found, key=lambda part: (part.start, part.stop))

    def foreign(self) -> int:
        """Number of files in the folder that are parts of another construction."""
        return sum(not path.name.startswith(self._key[:16]) for path in self.folder.glob(f"*{SUFFIX}"))

    def clear(self) -> None:
        """Remove this construction's parts, and the folder where nothing else is in it."""
        if self.folder.is_dir():
            for path in self.folder.glob(f"{self._key[:16]}-*{SUFFIX}"):
                path.unlink()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def path(self, stage: int, outputs: range) -> Path:
        """The file of a part."""
        return self.folder / f"{self._key[:16]}-{stage:03d}-{outputs.start}-{outputs.stop}{SUFFIX}"

    def _digest(self, stage: int, outputs: range, data: bytes) -> bytes:
        return sha256(f"{self._key} {stage} {outputs.start} {outputs.stop} {sha256(data)}".encode()).encode()


def target_hash(target: Network) -> str:
    """SHA-256 of shapes and numbers of all weights and biases, stage by stage, as little-endian float64."""
    digest = hashlib.sha256()
    for stage in target.stages:
        for tensor in (stage.affine.weight, stage.affine.bias):
            digest.update(str(tuple(tensor.shape)).encode())
            digest.update(tensor.contiguous().numpy().astype("<f8").tobytes())
    return digest.hexdigest()
