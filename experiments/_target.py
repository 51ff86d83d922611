"""What studies of a given target share: the published networks, a target's file, what its tensors fill, its box."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from sltk.core.errors import SltkError
from sltk.core.files import sha256
from sltk.data.places import VARIABLE, first_file, places
from sltk.harness.study import StudyOptions
from sltk.models.text import load_target
from sltk.networks.network import Network

FOLDER = "targets"  # of the published ones, in the folder that holds the data


@dataclass(frozen=True)
class Published:
    """A trained network that was published, known by the hash of its file.

    Attributes:
        file: its name.
        sha256: of its bytes.
        arch: what its tensors fill.
        data: that it was trained on.
        input_shape: of one input, no batch axis.
        box: that every image of the data lies in.
    """

    file: str
    sha256: str
    arch: str
    data: str
    input_shape: tuple[int, ...]
    box: tuple[float, float]

    def place(self, given: Path | None = None) -> Path:
        """Where it lies: ``given``, else in the folder ``targets`` of ``$SLTK_DATA``.

        Raises:
            SltkError: it is not there, or the file is another one.
        """
        where = places(FOLDER, None, (FOLDER,))
        path = first_file([self.file], where) if given is None else given
        if path is None:
            raise SltkError(
                f"the published {self.file} is missing: it is not in {', '.join(map(str, where))}. Set {VARIABLE} to "
                f"the folder that has it as {FOLDER}/{self.file}, or name the file by --target."
            )
        if (found := digest(path)) != self.sha256:
            raise SltkError(
                f"{path} is not the published {self.file}: its SHA-256 is {found[:12]}... instead of "
                f"{self.sha256[:12]}...; name another file by --target, or set {VARIABLE}."
            )
        return path

    def hash_of(self, given: Path | None) -> str:
        """Of the target that is asked for: the file ``given``, else this one, which need not be at hand."""
        return self.sha256 if given is None else digest(given)

    def file_of(self, given: Path | None) -> Path:
        """The target that is asked for: any file that is ``given``, else this one."""
        return self.place() if given is None else given


CONV_MNIST = Published(
    "conv_mnist.pt", "57a3b80f51fc19a904da14ef4f0b42ce20b8410c408d3c1bdcb26934bbeb4f32",
    "conv(1,32,3,padding=1); relu; conv(32,32,3,padding=1); relu; flatten; linear(25088,10)",
    "mnist", (1, 28, 28), ((0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081),
)  # fmt: skip
RESNET20 = Published(
    "resnet20_cifar10.pt", "49446fb013fa7b0ae93555cdd4aa8734ce896754086f0d0f7fc0a0d9d8dcdc50",
    'resnet20(activation="sigmoid")', "cifar10-jpeg", (3, 32, 32), (-1.9894737005233765, 2.12648868560791),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TargetOptions(StudyOptions):
    """What studies of a given target take; without one it is the published one, of which the others are defaults."""

    published: ClassVar[Published]

    target: Path | None = None
    """A .pt or .safetensors file with a state dict; by default the published one, in the folder targets of
    $SLTK_DATA."""
    arch: str
    """What its tensors fill, such as "conv(1,32,3,padding=1); relu; flatten; linear(25088,10)"."""
    input_shape: tuple[int, ...]
    """Of one input, no batch axis."""
    box: tuple[float, float]
    """Low and high of the input."""

    @property
    def target_name(self) -> str:
        """Name of the target's file."""
        return self.published.file if self.target is None else self.target.name

    def network(self) -> Network:
        """The target."""
        return _network(self.published.file_of(self.target), self.arch, self.input_shape)

    def about_target(self) -> dict[str, Any]:
        """All that fixes the target and its domain."""
        return {"sha256": self.published.hash_of(self.target), "architecture": self.arch,
                "input_shape": self.input_shape, "box": self.box}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ConvMnistOptions(TargetOptions):
    """By default of the published convolutional network of MNIST."""

    published: ClassVar[Published] = CONV_MNIST
    arch: str = CONV_MNIST.arch
    input_shape: tuple[int, ...] = CONV_MNIST.input_shape
    box: tuple[float, float] = CONV_MNIST.box


@dataclass(frozen=True, kw_only=True)
class Resnet20Options(TargetOptions):
    """By default of the published residual network of CIFAR-10."""

    published: ClassVar[Published] = RESNET20
    arch: str = RESNET20.arch
    input_shape: tuple[int, ...] = RESNET20.input_shape
    box: tuple[float, float] = RESNET20.box


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
