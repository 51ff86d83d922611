"""Architectures as one line of text, and state dicts that fill them.

A text such as ``conv(1,32,3,padding=1); relu; flatten; linear(25088,10)`` names one layer after the other; layer ``k``
(from 0) reads the tensors ``k.weight`` and ``k.bias``, as in a ``torch.nn.Sequential``. A text that names a whole
network, such as ``resnet20(activation="sigmoid")``, reads the tensors by the network's own names.
"""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.models.projected_resnet import ProjectedResNet
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.networks.reading.state import state_dict

Size = int | tuple[int, int]


class Erf(nn.Module):
    """The error function, which torch has as a function only."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply it elementwise."""
        return torch.erf(x)


def _conv(
    inputs: int,
    outputs: int,
    kernel: Size,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    bias: bool = True,
) -> nn.Module:
    _require_counts(inputs=inputs, outputs=outputs)
    _require_sizes(kernel=kernel, stride=stride, dilation=dilation)
    _require_flag(bias)
    if not isinstance(padding, str):
        _require_sizes(0, padding=padding)
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=bias)


def _linear(inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    _require_counts(inputs=inputs, outputs=outputs)
    _require_flag(bias)
    return nn.Linear(inputs, outputs, bias)


def _avgpool(kernel: Size, stride: Size | None = None, padding: Size = 0) -> nn.Module:
    _require_sizes(kernel=kernel, stride=kernel if stride is None else stride)
    _require_sizes(0, padding=padding)
    return nn.AvgPool2d(kernel, stride, padding)


def _maxpool(kernel: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1) -> nn.Module:
    _require_sizes(kernel=kernel, stride=kernel if stride is None else stride, dilation=dilation)
    _require_sizes(0, padding=padding)
    return nn.MaxPool2d(kernel, stride, padding, dilation)


def _leaky_relu(slope: float = 0.01) -> nn.Module:
    return nn.LeakyReLU(float(slope))


def _elu(alpha: float = 1.0) -> nn.Module:
    return nn.ELU(float(alpha))


LAYERS: dict[str, Callable[..., nn.Module]] = {
    "conv": _conv,
    "linear": _linear,
    "flatten": lambda: nn.Flatten(),
    "avgpool": _avgpool,
    "maxpool": _maxpool,
    "identity": lambda: nn.Identity(),
    "relu": lambda: nn.ReLU(),
    "leaky_relu": _leaky_relu,
    "tanh": lambda: nn.Tanh(),
    "sigmoid": lambda: nn.Sigmoid(),
    "softplus": lambda: nn.Softplus(),
    "gelu": lambda: nn.GELU(),
    "silu": lambda: nn.SiLU(),
    "elu": _elu,
    "selu": lambda: nn.SELU(),
    "mish": lambda: nn.Mish(),
    "softsign": lambda: nn.Softsign(),
    "erf": Erf,
}


NETWORKS: dict[str, Callable[..., ProjectedResNet]] = {"resnet": ProjectedResNet, "resnet20": ProjectedResNet}


def sequential(text: str) -> nn.Module:
    """The layers that ``text`` names, with all weights and biases zero.

    Raises:
        SltkError: names the part of the text that is no layer, and why.
    """
    return _filled(_shape_only(text), {})


def load_target(path: str | Path, architecture: str | None, input_shape: tuple[int, ...]) -> Network:
    """The network whose tensors are in ``path`` and whose layers ``architecture`` names.

    Args:
        path: a state dict, written by ``torch.save`` (``.pt``, ``.pth``) or as ``.safetensors``. Nothing in it is
            executed. Masks (``*_mask`` beside ``*`` or ``*_orig``) are applied.
        architecture: the layers, as text; ``None`` for the one that a ``.safetensors`` file names in its metadata,
            under ``architecture``.
        input_shape: shape of one input without the batch axis.

    Raises:
        SltkError: no architecture, an unreadable file, or tensors that are missing, left over, or of another shape.
    """
    architecture = stored_architecture(path) if architecture is None else architecture
    if architecture is None:
        raise SltkError(f'{path} holds tensors alone; name its layers: architecture="conv(1,32,3); relu; ...".')
    module = _shape_only(architecture)
    tensors = state_dict(path)
    if isinstance(module, ProjectedResNet):
        tensors = module.own(tensors)
    wanted = {name: tensor for name, tensor in module.state_dict().items() if tensor.is_floating_point()}
    _require_match(tensors, wanted, path)
    return read(_filled(module, tensors), input_shape)


def stored_architecture(path: str | Path) -> str | None:
    """The architecture that the metadata of a ``.safetensors`` file name; ``None`` where there is none."""
    if Path(path).suffix != ".safetensors" or not Path(path).is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("architecture")
    except SafetensorError:
        return None  # what is wrong with the file is said where its tensors are read


def _shape_only(text: str) -> nn.Module:
    tokens = [token.strip() for token in text.split(";")]
    if tokens[-1] == "":
        tokens.pop()  # a semicolon after the last layer
    if not tokens:
        raise SltkError(f"an architecture needs at least one layer, but got {text!r}.")
    with torch.device("meta"):  # neither memory nor random numbers before the tensors are known
        if len(tokens) == 1 and tokens[0].partition("(")[0].strip() in NETWORKS:
            return _layer(tokens[0], 0, NETWORKS)
        return nn.Sequential(*(_layer(token, place, LAYERS) for place, token in enumerate(tokens)))


def _filled(module: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """A module without memory, with ``tensors`` for its own, and zeros where there is none.

    ``Module.to_empty`` would do, and import sympy for half a second.
    """
    shapes = module.state_dict()
    zeros = {name: torch.zeros(tensor.shape, dtype=tensor.dtype) for name, tensor in shapes.items()}
    own = {name: tensor for name, tensor in tensors.items() if name in shapes}
    module.load_state_dict(zeros | own, assign=True)
    return module


def _layer(token: str, place: int, known: Mapping[str, Callable[..., nn.Module]]) -> nn.Module:
    try:
        name, arguments, keywords = _call(token)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SltkError(
            f"layer {place} of the architecture, {_short(token)!r}, is neither a name nor a call with plain numbers; "
            "write it like conv(1,32,3,padding=1)."
        ) from error
    if name not in known:
        raise SltkError(
            f"layer {place} of the architecture, {_short(token)!r}: {_short(name)!r} is not one of {', '.join(LAYERS)}."
        )
    try:
        return known[name](*arguments, **keywords)
    except SltkError:
        raise
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        said = str(error).replace("_" + name + "()", name).splitlines()[0]
        raise SltkError(f"layer {place} of the architecture, {_short(token)!r}: {said}.") from error


def _short(token: str, most: int = 60) -> str:
    return token if len(token) <= most else f"{token[:most]}..."


def _call(token: str) -> tuple[str, list[Any], dict[str, Any]]:
    tree = ast.parse(token, mode="eval").body
    if isinstance(tree, ast.Name):
        return tree.id, [], {}
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise ValueError("no call of a name")
    if any(keyword.arg is None for keyword in tree.keywords):
        raise ValueError("keywords must be written out")
    keywords = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in tree.keywords}
    return tree.func.id, [ast.literal_eval(argument) for argument in tree.args], keywords


def _require_sizes(least: int = 1, **sizes: Any) -> None:
    for name, value in sizes.items():
        parts = value if isinstance(value, tuple) and len(value) == 2 else (value,)
        if not all(type(part) is int and part >= least for part in parts):
            raise ValueError(f"{name} must be a whole number >= {least}, or a pair of them, but got {value!r}")


def _require_counts(**counts: Any) -> None:
    for name, value in counts.items():
        if type(value) is not int or value < 1:
            raise ValueError(f"{name} must be a whole number >= 1, but got {value!r}")


def _require_flag(bias: Any) -> None:
    if not isinstance(bias, bool):
        raise ValueError(f"bias must be True or False, but got {bias!r}")


def _require_match(found: dict[str, Tensor], wanted: dict[str, Tensor], path: str | Path) -> None:
    missing = [key for key in wanted if key not in found]
    left_over = [key for key in found if key not in wanted]
    differing = [
        f"{key} is {tuple(found[key].shape)} instead of {tuple(wanted[key].shape)}"
        for key in wanted
        if key in found and found[key].shape != wanted[key].shape
    ]
    complaints = []
    if missing:
        complaints.append(f"it has no {_some(missing)}")
    if left_over:
        complaints.append(f"the architecture has no {_some(left_over)}")
    if differing:
        complaints.append(_some(differing))
    if complaints:
        raise SltkError(f"{path} does not fit the architecture: {'; '.join(complaints)}.")


def _some(names: list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
