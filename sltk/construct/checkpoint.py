"""Solved stages on disk, so that a construction that was stopped goes on where it was.

A file holds the kept weights and the failures of one stage. Its name is the hash of all that fixes them: source,
target, tolerances, search, stage. So the stage of another construction is never taken; a damaged one is solved again.
"""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from sltk.construct.failures import FailureTable
from sltk.construct.pools.solve_stage import StageResult
from sltk.core.errors import SltkError
from sltk.core.files import canonical_json, sha256, write_atomic
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.network import Network


class Checkpoint:
    """The solved stages of one construction.

    Args:
        folder: where they lie; made when the first is kept.
        record: all that fixes the source, and what is asked of it.
        target: whose weights fix the rest.
    """

    def __init__(self, folder: str | Path, record: dict[str, Any], target: Network) -> None:
        self.folder = Path(folder)
        self._key = sha256(canonical_json({**record, "target": target_hash(target)}))

    def keep(self, stage: int, result: StageResult) -> None:
        """Write a solved stage, whole or not at all."""
        tensors = {f"failures.{f.name}": tensor_of(getattr(result.failures, f.name)) for f in fields(FailureTable)}
        tensors |= {"kept": tensor_of(result.kept), "problems": torch.tensor(result.problems)}
        data = save(tensors)
        write_atomic(self._path(stage), sha256(data).encode() + data)

    def find(self, stage: int) -> StageResult | None:
        """The solved stage, or ``None`` where it is not there or damaged."""
        path = self._path(stage)
        if not path.is_file():
            return None
        digest, data = path.read_bytes()[:64], path.read_bytes()[64:]
        if digest != sha256(data).encode():
            return None
        try:
            tensors = load(data)
            failures = FailureTable(**{f.name: tensors[f"failures.{f.name}"].numpy() for f in fields(FailureTable)})
            return StageResult(tensors["kept"].numpy().astype(np.int64), failures, int(tensors["problems"]))
        except (SafetensorError, KeyError) as error:
            raise SltkError(f"{path} is no solved stage of a construction ({error}); delete the folder.") from error

    def clear(self) -> None:
        """Remove this construction's stages, and the folder where nothing else is in it."""
        if self.folder.is_dir():
            for path in self.folder.glob(f"{self._key[:16]}-*.stage"):
                path.unlink()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _path(self, stage: int) -> Path:
        return self.folder / f"{self._key[:16]}-{stage:03d}.stage"


def target_hash(target: Network) -> str:
    """SHA-256 of shapes and numbers of all weights and biases, stage by stage, as little-endian float64."""
    digest = hashlib.sha256()
    for stage in target.stages:
        for tensor in (stage.affine.weight, stage.affine.bias):
            digest.update(str(tuple(tensor.shape)).encode())
            digest.update(tensor.contiguous().numpy().astype("<f8").tobytes())
    return digest.hexdigest()
