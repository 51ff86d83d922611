"""From what the command line names to a target network, its domain and its data."""

from pathlib import Path

from torch import nn

from sltk.certify.intervals import Box
from sltk.core.errors import SltkError
from sltk.core.imported import imported, is_spelled
from sltk.data.datasets import Dataset, load
from sltk.models.text import load_target, stored_architecture
from sltk.networks.network import Network
from sltk.networks.reading.read import read

SUFFIXES = (".pt", ".pth", ".safetensors")


def target_network(text: str, arch: str | None, input_shape: tuple[int, ...]) -> Network:
    """The target that ``text`` names: a file with a state dict, or ``package.module:function``.

    Raises:
        SltkError: neither, no such thing, or no architecture for a file.
    """
    if not input_shape:
        raise SltkError(
            "--input-shape is missing: the shape of one input without the batch axis, such as 1 28 28; or give --data."
        )
    if Path(text).suffix in SUFFIXES:
        if not Path(text).is_file():
            raise SltkError(f"TARGET {text!r} is no file; name a state dict ({', '.join(SUFFIXES)}).")
        if arch is None and stored_architecture(text) is None:
            raise SltkError(f'{text} holds tensors alone; say what they fill: --arch "conv(1,32,3); relu; ...".')
        return load_target(text, arch, input_shape)
    return read(_imported(text), input_shape)


def _imported(text: str) -> nn.Module:
    if not is_spelled(text):
        raise SltkError(f"TARGET must be a file ({', '.join(SUFFIXES)}) or package.module:function, but got {text!r}.")
    try:
        made = imported(text, "TARGET")()
    except TypeError as error:
        raise SltkError(f"TARGET {text!r} cannot be called without arguments: {error}.") from error
    if not isinstance(made, nn.Module):
        raise SltkError(f"TARGET {text!r} must return a torch.nn.Module, but returned {type(made).__name__}.")
    return made


def dataset(name: str, folder: Path | None) -> Dataset:
    """The test part of the data set ``name``, from ``folder`` where one is given; nothing here is trained."""
    return load(name, folder, train=False)


def domain(low: float | None, high: float | None, data: Dataset | None) -> Box:
    """The box that the command line declares, from two numbers or a data set.

    Raises:
        SltkError: neither, or both.
    """
    if data is not None and low is None and high is None:
        return Box(data.low, data.high)
    if data is not None or low is None or high is None:
        raise SltkError(
            f"the domain is --low and --high, or the range of --data, but got --low {low}, --high {high}, "
            f"--data {None if data is None else data.name}."
        )
    return Box(low, high)
