"""What the modules of ``torch.nn`` mean in a chain of stages."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sltk.core.errors import SltkError
from sltk.networks.activations.table import activation
from sltk.networks.layers import AvgPool, Conv, Flatten, Linear, MaxPool, Pair
from sltk.networks.reading.chain import Chain

SKIPPED = (
    nn.Identity,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
ENDINGS = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}


def take_module(chain: Chain, name: str, module: nn.Module) -> None:
    """Append what ``module``, in eval mode, does.

    Raises:
        SltkError: a module, or an argument of it, that has no place in a chain of stages.
    """
    kind = parametrize.type_before_parametrizations(module)
    if kind in SKIPPED:
        return
    if kind in _TAKERS:
        _TAKERS[kind](chain, name, module)
    elif kind in _SPELLINGS:
        spell(chain, name, *_SPELLINGS[kind](module))
    else:
        raise SltkError(f"layer {name!r} is a {kind.__name__}, which is not read; {cure(kind.__name__)}")


def cure(what: str) -> str:
    """What to do about a layer that is not read."""
    if what in (*ENDINGS, *ENDINGS.values()):
        return "leave it out of the module and apply it to the outputs: it does not change which is largest."
    return (
        "known are Linear, Conv2d, batch norm after them, flattening, average and max pooling, dropout, and the "
        "activations of the table. Write it with these; a function of your own goes into read(..., custom={...})."
    )


def spell(chain: Chain, name: str, family: str, parameters: Mapping[str, Any]) -> None:
    """Append the activation ``family`` with its parameters as torch names them.

    Raises:
        SltkError: a variant that is not in the table.
    """
    text = family
    match family:
        case "leaky_relu" | "elu":
            value = parameters["negative_slope" if family == "leaky_relu" else "alpha"]
            text = f"{family}({float(value)!r})"
        case "gelu" if parameters["approximate"] != "none":
            raise SltkError(f"activation {name!r} is gelu by approximate={parameters['approximate']!r}; use 'none'.")
        case "softplus" if parameters["beta"] != 1 or parameters["threshold"] < 20:
            raise SltkError(f"activation {name!r} is softplus with {dict(parameters)}; use beta=1 and threshold=20.")
    try:
        phi = activation(text)
    except SltkError as error:
        raise SltkError(f"activation {name!r}: {error}") from error
    chain.activate(name, phi)


def pair(value: Any) -> Pair:
    """A size given once or per axis."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def take_linear(chain: Chain, name: str, weight: Tensor, bias: Tensor | None) -> None:
    """Begin a linear stage."""
    chain.affine(Linear(name, *_copies(weight, bias)))


def take_conv(
    chain: Chain, name: str, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> None:
    """Begin a convolutional stage; between groups a full kernel has zeros, which need no source weight.

    Raises:
        SltkError: padding that is larger on one side.
    """
    if groups != 1:
        weight = torch.block_diag(*(part.flatten(1) for part in weight.chunk(groups))).reshape(
            weight.shape[0], -1, *weight.shape[2:]
        )
    spread, kernel = pair(dilation), (weight.shape[-2], weight.shape[-1])
    if padding == "valid":
        padding = 0
    elif padding == "same":
        total = [d * (k - 1) for d, k in zip(spread, kernel, strict=True)]
        if any(t % 2 for t in total):
            raise SltkError(f"layer {name!r} pads 'same' for kernel {kernel}: more on one side. Use an odd kernel.")
        padding = (total[0] // 2, total[1] // 2)
    chain.affine(Conv(name, *_copies(weight, bias), pair(stride), pair(padding), spread))


def take_avgpool(
    chain: Chain, name: str, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, include: bool, divisor: Any
) -> None:
    """Append an average pool.

    Raises:
        SltkError: a divisor other than the size of the window.
    """
    if divisor is not None:
        raise SltkError(f"layer {name!r} has divisor_override={divisor}; leave it at None and scale the next layer.")
    chain.step(name, AvgPool(pair(kernel), pair(stride or kernel), pair(padding), bool(ceil_mode), bool(include)))


def take_maxpool(
    chain: Chain, name: str, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: bool
) -> None:
    """Append a max pool.

    Raises:
        SltkError: indices that are to be returned as well.
    """
    if indices:
        raise SltkError(f"layer {name!r} returns indices; use return_indices=False.")
    chain.step(name, MaxPool(pair(kernel), pair(stride or kernel), pair(padding), pair(dilation), bool(ceil_mode)))


def take_adaptive(chain: Chain, name: str, pool: type[AvgPool] | type[MaxPool], size: Any) -> None:
    """Append the plain pool that an adaptive one amounts to at this size of image."""
    kernel = chain.divided(name, (size, size) if size is None or isinstance(size, int) else (size[0], size[1]))
    chain.step(name, pool(kernel, kernel))


def take_flatten(chain: Chain, name: str, start: int, end: int) -> None:
    """Append a flattening of all axes but the first.

    Raises:
        SltkError: another range of axes.
    """
    axes = 1 + len(chain.shape)
    if start % axes != 1 or end % axes != axes - 1:
        raise SltkError(f"layer {name!r} flattens axes {start} to {end} of {axes}; flatten all but the batch: 1 to -1.")
    chain.step(name, Flatten())


def _copies(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    double = weight.detach().to("cpu", torch.float64)
    shift = torch.zeros(len(weight)) if bias is None else bias.detach()
    return double + 0.0, shift.to("cpu", torch.float64) + 0.0  # + 0 copies, and takes the sign off a masked -0


def _linear(chain: Chain, name: str, module: nn.Linear) -> None:
    take_linear(chain, name, module.weight, module.bias)


def _conv(chain: Chain, name: str, module: nn.Conv2d) -> None:
    if module.padding_mode != "zeros":
        raise SltkError(f"layer {name!r} has padding_mode={module.padding_mode!r}; only 'zeros' is constructed.")
    take_conv(
        chain, name, module.weight, module.bias, module.stride, module.padding, module.dilation, module.groups
    )  # fmt: skip


def _norm(chain: Chain, name: str, module: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    if len(chain.shape) != (3 if isinstance(module, nn.BatchNorm2d) else 1):
        raise SltkError(f"layer {name!r} is a {type(module).__name__}, but gets inputs of shape {chain.shape}.")
    if module.running_mean is None or module.running_var is None:
        raise SltkError(f"batch norm {name!r} keeps no running statistics; use track_running_stats=True.")
    gain = torch.rsqrt(module.running_var + module.eps)
    if module.weight is not None:
        gain = gain * module.weight
    shift = -gain * module.running_mean
    chain.scale(name, gain.detach(), (shift if module.bias is None else shift + module.bias).detach())


_TAKERS: dict[type[nn.Module], Callable[[Chain, str, Any], None]] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.Flatten: lambda chain, name, m: take_flatten(chain, name, m.start_dim, m.end_dim),
    nn.AvgPool2d: lambda chain, name, m: take_avgpool(
        chain, name, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override
    ),
    nn.MaxPool2d: lambda chain, name, m: take_maxpool(
        chain, name, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices
    ),
    nn.AdaptiveAvgPool2d: lambda chain, name, m: take_adaptive(chain, name, AvgPool, m.output_size),
    nn.AdaptiveMaxPool2d: lambda chain, name, m: take_adaptive(chain, name, MaxPool, m.output_size),
}

_SPELLINGS: dict[type[nn.Module], Callable[[Any], tuple[str, dict[str, Any]]]] = {
    nn.ReLU: lambda m: ("relu", {}),
    nn.Tanh: lambda m: ("tanh", {}),
    nn.Sigmoid: lambda m: ("sigmoid", {}),
    nn.SiLU: lambda m: ("silu", {}),
    nn.SELU: lambda m: ("selu", {}),
    nn.Mish: lambda m: ("mish", {}),
    nn.Softsign: lambda m: ("softsign", {}),
    nn.LeakyReLU: lambda m: ("leaky_relu", {"negative_slope": m.negative_slope}),
    nn.ELU: lambda m: ("elu", {"alpha": m.alpha}),
    nn.GELU: lambda m: ("gelu", {"approximate": m.approximate}),
    nn.Softplus: lambda m: ("softplus", {"beta": m.beta, "threshold": m.threshold}),
}
