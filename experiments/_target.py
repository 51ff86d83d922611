"""What studies of a given target share: its file, what its tensors fill, and the box of its inputs."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.harness.study import StudyOptions
from sltk.models.text import load_target
from sltk.networks.layers import Network

CONV_MNIST = "conv(1,32,3,padding=1); relu; conv(32,32,3,padding=1); relu; flatten; linear(25088,10)"
MNIST_SHAPE = (1, 28, 28)
MNIST_BOX = ((0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081)


@dataclass(frozen=True, kw_only=True)
class TargetOptions(StudyOptions):
    """What studies of a given target take."""

    target: Path
    """A .pt or .safetensors file with a state dict."""
    arch: str
    """What its tensors fill, such as "conv(1,32,3,padding=1); relu; flatten; linear(25088,10)"."""
    input_shape: tuple[int, ...]
    """Of one input, no batch axis."""
    box: tuple[float, float]
    """Low and high of the input."""

    def network(self) -> Network:
        """The target."""
        return _network(self.target, self.arch, self.input_shape)

    def about_target(self) -> dict[str, Any]:
        """All that fixes the target and its domain."""
        return {"sha256": digest(self.target), "architecture": self.arch, "input_shape": self.input_shape,
                "box": self.box}  # fmt: skip


def digest(path: Path) -> str:
    """Hash of a file's bytes.

    Raises:
        SltkError: it cannot be read.
    """
    try:
        return sha256(path.read_bytes())
    except OSError as error:
        raise SltkError(f"cannot read {path}: {error.strerror or error}. Check the path.") from error


@lru_cache(maxsize=1)
def _network(path: Path, arch: str, shape: tuple[int, ...]) -> Network:
    return load_target(path, arch, shape)
