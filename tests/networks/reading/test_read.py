"""Reading torch modules: equal to the module in float64, whatever does not fit refused, nothing left behind."""

import copy
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from sltk.core.errors import SltkError
from sltk.networks.activations.characterise import characterise
from sltk.networks.activations.table import activation
from sltk.networks.network import Network
from sltk.networks.ops.act import Act
from sltk.networks.ops.avg_pool import AvgPool
from sltk.networks.ops.conv import Conv
from sltk.networks.ops.flatten import Flatten
from sltk.networks.ops.linear import Linear
from sltk.networks.ops.max_pool import MaxPool
from sltk.networks.reading.read import read

ACTIVATIONS: tuple[Callable[[], nn.Module], ...] = (
    nn.ReLU, nn.LeakyReLU, lambda: nn.LeakyReLU(0.3), nn.Tanh, nn.Sigmoid, nn.Softplus, nn.GELU, nn.SiLU, nn.ELU,
    lambda: nn.ELU(0.5), nn.SELU, nn.Mish, nn.Softsign, nn.Hardtanh, lambda: nn.Hardtanh(-0.5, 0.25), nn.ReLU6,
    nn.PReLU, lambda: nn.GELU("tanh"), nn.Hardswish,
)  # fmt: skip


def randomise(module: nn.Module, seed: int) -> nn.Module:
    """All parameters and running statistics drawn from the seed; weights of moderate size."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in list(module.named_parameters()) + list(module.named_buffers()):
            if tensor.is_floating_point():
                drawn = torch.rand(tensor.shape, generator=generator) - 0.5
                tensor.copy_(drawn + 1.0 if "running_var" in name else drawn)
    return module.eval()


def inputs(shape: tuple[int, ...], seed: int = 0, rows: int = 5) -> Tensor:
    return 2 * torch.randn(rows, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def distance(network: Network, module: nn.Module, shape: tuple[int, ...]) -> float:
    """Largest difference to the module's own copy in float64, relative to the largest output."""
    x = inputs(shape)
    with torch.no_grad():
        expected = copy.deepcopy(module).eval().double()(x)
        return float((network(x) - expected).abs().max() / (1.0 + expected.abs().max()))


def agrees(module: nn.Module, shape: tuple[int, ...], seed: int = 1) -> Network:
    network = read(randomise(module, seed), shape)
    assert distance(network, module, shape) < 1e-12
    return network


@st.composite
def modules(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    """A random convolutional chain: pools, norms, dropout and activations between maps of random geometry."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(6, 9)), draw(st.integers(6, 9)))
    layers, x = [], torch.zeros(2, *shape)

    def add(layer: nn.Module) -> None:
        nonlocal x
        layers.append(layer.eval())
        x = layer(x)

    def pooled() -> None:
        if draw(st.booleans()) and min(x.shape[2:]) >= 3:
            pool, size = draw(st.sampled_from((nn.AvgPool2d, nn.MaxPool2d))), draw(st.integers(1, 3))
            stride, padding = draw(st.sampled_from((None, 1, 2))), draw(st.integers(0, size // 2))
            add(pool(size, stride, padding, ceil_mode=draw(st.booleans())))

    for _ in range(draw(st.integers(0, 2))):
        kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        padding = draw(st.sampled_from((0, 1, (1, 2), "valid")))
        stride, dilation = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        if min(x.shape[2:]) <= 2 * (max(kernel) - 1):
            break
        channels = draw(st.integers(1, 3))
        add(nn.Conv2d(x.shape[1], channels, kernel, stride, padding, dilation, bias=draw(st.booleans())))
        if draw(st.booleans()):
            add(nn.BatchNorm2d(channels, affine=draw(st.booleans())))
        pooled()
        if draw(st.booleans()):
            add(draw(st.sampled_from(ACTIVATIONS))())
        pooled()
        if draw(st.booleans()):
            add(nn.Dropout2d())
    add(nn.Flatten())
    add(nn.Linear(x.shape[1], draw(st.integers(1, 4)), bias=draw(st.booleans())))
    if draw(st.booleans()):
        add(draw(st.sampled_from(ACTIVATIONS))())
    return nn.Sequential(*layers), shape


@settings(max_examples=60, deadline=None)
@given(modules(), st.integers(0, 9))
def test_random_chains_are_equal_in_float64(case: tuple[nn.Module, tuple[int, ...]], seed: int) -> None:
    agrees(*case, seed)


def test_another_weight_is_seen() -> None:
    """Negative control: the distance that the tests above bound is not blind."""
    module = randomise(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), 1)
    network = read(module, (3,))
    with torch.no_grad():
        module[2].weight[1, 3] += 1e-6
    assert distance(network, module, (3,)) > 1e-9


class Functional(nn.Module):
    """Everything by functions and methods, weights as parameters, a mask applied in ``forward``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.kernel = nn.Parameter(torch.zeros(3, 2, 2, 2))
        self.weight, self.bias = nn.Parameter(torch.zeros(5, 12)), nn.Parameter(torch.zeros(5))
        self.register_buffer("mask", torch.ones(5, 12))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = F.conv2d(x, self.kernel, padding=1).tanh()
        x = F.dropout(F.avg_pool2d(x, (2, 2)), 0.3, training=self.training)
        x = x.view(x.size(0), -1)
        return F.leaky_relu(F.linear(x, self.weight * self.mask, bias=self.bias), 0.3)


def test_functions_methods_and_bare_parameters() -> None:
    network = agrees(Functional(), (1, 8, 8))
    names = [stage.activation.name for stage in network.stages if stage.activation]
    assert names == ["relu", "tanh", "leaky_relu(0.3)"]


class Block(nn.Module):
    """A flattening of one kind between two linear maps."""

    def __init__(self, flatten: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.linear, self.flatten = nn.Conv2d(1, 2, 3), nn.Linear(32, 3), flatten

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.flatten(torch.sigmoid(self.conv(x))))


@pytest.mark.parametrize(
    "flatten",
    [
        lambda x: torch.flatten(x, 1), lambda x: x.flatten(1, -1), lambda x: x.view(x.shape[0], -1),
        lambda x: x.reshape(x.size(0), 32), lambda x: x.reshape((x.size()[0], -1)), lambda x: x.view(-1, 32),
        lambda x: torch.flatten(input=x, start_dim=1), lambda x: x.contiguous().view(size=(x.size(dim=0), -1)),
    ],
)  # fmt: skip
def test_ways_to_flatten(flatten: Callable[[Tensor], Tensor]) -> None:
    try:
        flatten(torch.zeros(2, 2, 4, 4))
    except TypeError:
        pytest.skip("this torch does not take the call")
    network = agrees(Block(flatten), (1, 6, 6))
    assert network.stages[0].after[-1] == Flatten()


@pytest.mark.parametrize(
    "function",
    [F.relu, F.gelu, F.silu, F.selu, F.mish, F.softsign, F.softplus, F.elu, F.leaky_relu, torch.erf, torch.tanh,
     torch.relu, torch.sigmoid, torch.special.expit, lambda x: F.elu(x, 0.7), lambda x: F.relu(x, inplace=True),
     F.hardtanh, F.relu6, F.hardswish, lambda x: F.gelu(x, approximate="tanh"),
     lambda x: F.hardtanh(x, -0.5, max_val=0.25),
     lambda x: x.sigmoid(), lambda x: x.erf(), lambda x: x.relu_()],
)  # fmt: skip
def test_activations_as_functions(function: Callable[[Tensor], Tensor]) -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            return function(self.linear(x))

    assert agrees(Own(), (3,)).stages[0].activation is not None


@pytest.mark.parametrize("make", ACTIVATIONS)
def test_activations_as_modules(make: Callable[[], nn.Module]) -> None:
    network = agrees(nn.Sequential(nn.Linear(3, 4), make(), nn.Linear(4, 2)), (3,))
    assert isinstance(network.stages[0].after[0], Act)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Sequential(nn.Conv2d(1, 3, 3), nn.PReLU(3), nn.MaxPool2d(2), nn.Conv2d(3, 2, 1)), (1, 6, 6)),
        (nn.Sequential(nn.Linear(4, 3), nn.PReLU(3), nn.Linear(3, 2), nn.PReLU(2)), (4,)),
    ],
)
def test_slopes_of_channels_are_read_as_what_they_amount_to(module: nn.Module, shape: tuple[int, ...]) -> None:
    """``[1, -a] relu([1, -1]^T x)``: in twice the channels, and back."""
    network = agrees(module, shape)
    assert [stage.affine.name for stage in network.stages][:3] == ["0", "1 (both signs)", "1 (slopes)"]
    assert network.shapes(1)[1][0] == 2 * network.shapes(0)[1][0]


def test_slopes_as_a_function_and_of_either_sign() -> None:
    class Sloped(nn.Module):
        def __init__(self, slopes: list[float]) -> None:
            super().__init__()
            self.linear, self.slopes = nn.Linear(3, 2), nn.Parameter(torch.tensor(slopes))

        def forward(self, x: Tensor) -> Tensor:
            return F.prelu(self.linear(x), self.slopes)

    for slopes, stages in (([-0.5], 1), ([0.25, 0.25], 1), ([-1.0, 2.0], 3)):
        module = Sloped(slopes)
        network = read(module, (3,))
        assert len(network.stages) == stages
        assert distance(network, module, (3,)) < 1e-12


def test_geometry_is_kept() -> None:
    module = nn.Sequential(
        nn.AvgPool2d(2), nn.Conv2d(1, 2, (3, 5), padding="same", dilation=(1, 2), bias=False),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.ReLU(), nn.AdaptiveAvgPool2d((1, None)), nn.Flatten(),
        nn.Linear(10, 2),
    )  # fmt: skip
    network = agrees(module, (1, 16, 16))
    assert network.before == (AvgPool((2, 2), (2, 2)),)
    conv = network.stages[0].affine
    assert isinstance(conv, Conv)
    assert (conv.padding, conv.dilation, conv.stride) == ((1, 4), (1, 2), (1, 1))
    assert not conv.bias.any()
    pool = network.stages[0].after[0]
    assert pool == MaxPool((3, 3), (2, 2), (1, 1), ceil_mode=True)


@pytest.mark.parametrize("keepdim", [False, True])
def test_global_averages(keepdim: bool) -> None:
    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.linear = nn.Conv2d(1, 3, 3), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.conv(x).relu().mean((-2, -1), keepdim=keepdim).flatten(1))

    assert agrees(Pooled(), (1, 6, 6)).stages[0].after[1] == AvgPool((4, 4), (4, 4))


@pytest.mark.parametrize(
    "options",
    [{"stride": 2}, {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}, {"kernel_size": (3, 2)},
     {"kernel_size": 3, "stride": (1, 3), "dilation": 2, "groups": 2, "output_padding": (0, 1)}],
)  # fmt: skip
def test_transposed_convolutions_are_zeros_and_a_turned_kernel(options: dict) -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 2, **{"kernel_size": 2, **options}))
    stages = agrees(module, (1, 5, 6)).stages
    assert len(stages) == 2
    assert stages[0].after[-1].record()["op"] == "spread" or options == {"kernel_size": (3, 2)}


def test_a_transposed_convolution_as_a_function() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2, 3, 2, 2))

        def forward(self, x: Tensor) -> Tensor:
            return F.conv_transpose2d(x, self.weight, None, 2)

    agrees(nn.Sequential(Own(), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(3, 1, 1)), (2, 3, 3))


def test_lines_are_read_like_images() -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Conv1d(2, 3, 3, padding=1, bias=False), nn.Conv1d(6, 3, 2, 2, groups=3)
            self.norm, self.end = nn.BatchNorm1d(3), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            y = F.relu(self.norm(self.one(x)))
            y = F.interpolate(F.max_pool1d(torch.cat([y, F.relu(y + y)], 1), 2), scale_factor=2)
            return self.end(torch.tanh(self.two(y)).mean(2))

    network = agrees(Line(), (2, 8))
    assert {stage.affine.tag for stage in network.stages} == {"conv1d", "linear"}


def test_names_are_the_modules_own() -> None:
    module = nn.Sequential()
    module.features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh())
    module.flat, module.head = nn.Flatten(), nn.Linear(32, 2)
    assert [stage.affine.name for stage in agrees(module, (1, 6, 6)).stages] == ["features.0", "head"]


def test_a_lone_layer_and_bare_norms() -> None:
    assert isinstance(agrees(nn.Linear(4, 2), (4,)).stages[0].affine, Linear)
    agrees(nn.Sequential(nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 1)), (4,))


@pytest.mark.parametrize("run_first", [False, True])
def test_masks_and_parametrizations_count(run_first: bool) -> None:
    module = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))
    randomise(module, 3)
    prune.l1_unstructured(module[0], "weight", 0.5)
    prune.random_unstructured(module[0], "bias", 2)
    parametrizations.spectral_norm(module[2])
    module.eval()
    if run_first:
        with torch.no_grad():
            module[0].weight_orig.add_(1.0)  # what the attribute ``weight`` held is stale now
    x = inputs((5,))
    network = read(module, (5,))
    kept = module[0].weight_mask
    assert torch.equal(network.stages[0].affine.weight != 0, kept.bool())
    assert torch.equal(network.stages[0].affine.weight, (module[0].weight_orig * kept).detach().double())
    with torch.no_grad():
        assert torch.allclose(network(x.float()), module(x.float()), atol=1e-5)


def test_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.ReLU(), nn.Linear(4, 2))
    prune.l1_unstructured(module[4], "weight", 0.5)
    module[2].eval()
    training = [m.training for m in module.modules()]
    state = {key: value.clone() for key, value in module.state_dict().items()}
    random = torch.get_rng_state()
    read(module, (3,))
    assert [m.training for m in module.modules()] == training
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert all(value.dtype == state[key].dtype for key, value in module.state_dict().items())
    assert module[4].weight.dtype == torch.float32
    assert torch.equal(torch.get_rng_state(), random)


def test_weights_are_copies() -> None:
    module = nn.Linear(3, 2).double()
    network = read(module, (3,))
    before = network.stages[0].affine.weight.clone()
    with torch.no_grad():
        module.weight.zero_()
    assert torch.equal(network.stages[0].affine.weight, before)
    assert not network.stages[0].affine.weight.requires_grad


class Wave(nn.Module):
    """An activation that torch has not."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.25 * torch.sin(x) if isinstance(x, Tensor) else torch.atan(x)


def test_own_activations_by_class_and_by_function() -> None:
    wave = characterise(Wave(), "wave")
    network = agrees_custom(nn.Sequential(nn.Linear(3, 4), Wave(), nn.Linear(4, 2)), {Wave: wave})
    assert network.stages[0].activation == wave

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            return torch.atan(self.linear(x))

    atan = characterise(torch.atan, "atan")
    assert agrees_custom(Own(), {torch.atan: atan}).stages[0].activation == atan
    with pytest.raises(SltkError, match="something else"):  # a wrong declaration does not pass
        read(randomise(Own(), 1), (3,), {torch.atan: activation("tanh")})


def agrees_custom(module: nn.Module, custom: dict) -> Network:
    network = read(randomise(module, 1), (3,), custom)
    assert distance(network, module, (3,)) < 1e-12
    return network


class Flat(nn.Module):
    """A sum behind a wide flattening."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.end = nn.Conv2d(1, 128, 1), nn.Linear(4608, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x).flatten(1)
        return self.end(F.relu(y) + y)


class Then(nn.Module):
    """A linear map, then ``after``, on flat or image inputs."""

    def __init__(self, after: Callable[[Tensor], Tensor], before: nn.Module | None = None) -> None:
        super().__init__()
        self.before, self.after = before or nn.Linear(4, 4), after

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.before(x))


class Attention(nn.Module):
    """Self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x, x, x)[0]


def chain(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def hooked() -> nn.Module:
    module = nn.Linear(4, 2)
    module.register_forward_hook(lambda m, x, y: y + 1)
    return chain(module)


IMAGE = (1, 6, 6)
REFUSED: list[tuple[Callable[[], nn.Module], tuple[int, ...], str]] = [
    (lambda: Flat(), IMAGE, "4,608 channels to themselves"),
    (lambda: chain(nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular")), IMAGE, "padding_mode='circular'"),
    (lambda: chain(nn.Conv2d(1, 4, 2, padding="same")), IMAGE, "odd kernel"),
    (lambda: chain(nn.Linear(4, 4), nn.ReLU(), nn.Tanh()), (4,), "'2' is the second one after layer '0'"),
    (lambda: chain(nn.ReLU(), nn.Linear(4, 4)), (4,), "'0' comes before the first affine map"),
    (lambda: chain(nn.Linear(4, 4), nn.ReLU(), nn.BatchNorm1d(3)), (4,), "does not take|cannot be run|'2' has 3 ch"),
    (lambda: chain(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False)), (4,), "track_running_stats"),
    (lambda: chain(nn.Linear(4, 4), nn.GELU("sigmoid")), (4,), "use 'none' or 'tanh'"),
    (lambda: chain(nn.Linear(4, 4), nn.Softplus(2.0)), (4,), "beta=1"),
    (lambda: chain(nn.Linear(4, 4), nn.LeakyReLU(-0.5)), (4,), "'1'.*>= 0"),
    (lambda: chain(nn.Linear(4, 4), nn.Hardtanh(0.5, 2.0)), (4,), "'1'.*low <= 0 <= high"),
    (lambda: chain(nn.Linear(4, 4), nn.Softmax(1)), (4,), "apply it to the outputs"),
    (lambda: chain(nn.Linear(4, 4), nn.PReLU(init=-1.0)), (4,), "'1'.*not -1"),
    (lambda: chain(nn.Linear(4, 4), nn.LayerNorm(4)), (4,), "LayerNorm"),
    (lambda: chain(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4)), (2, 6, 6), "'1' is a GroupNorm.*values.*batch norm"),
    (lambda: chain(nn.Conv2d(2, 4, 3), nn.InstanceNorm2d(4)), (2, 6, 6), "InstanceNorm2d.*batch norm"),
    (lambda: Then(lambda x: F.layer_norm(x, (4,))), (4,), "'layer_norm'.*batch norm"),
    (lambda: chain(nn.Conv3d(1, 2, 3)), (1, 6, 6, 6), "Conv3d.*slices"),
    (lambda: chain(nn.Conv1d(4, 4, 1), Attention()), (4, 4), "MultiheadAttention.*products of values.*in its place"),
    (lambda: Then(lambda x: F.scaled_dot_product_attention(x, x, x)), (4,), "dot_product_attention.*in its place"),
    (lambda: chain(nn.LSTM(4, 4)), (4,), "LSTM.*Unroll"),
    (lambda: chain(nn.ConvTranspose2d(1, 2, 2, padding=2)), IMAGE, "padding=.*smaller padding"),
    (lambda: chain(nn.ConvTranspose1d(1, 2, 2)), (1, 6), "height 1"),
    (lambda: chain(nn.Conv1d(1, 2, 3)), IMAGE, r"\(channels, length\)"),
    (lambda: chain(nn.Conv2d(1, 2, 3), nn.PReLU(3)), IMAGE, "3 slopes|cannot be run"),
    (lambda: chain(nn.Linear(6, 2)), IMAGE, "flatten"),
    (lambda: chain(nn.Conv2d(1, 2, 3)), (6, 6), "channels, height, width"),
    (lambda: chain(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(3), nn.Flatten()), IMAGE, "no divisor"),
    (lambda: chain(nn.Conv2d(1, 2, 3), nn.AvgPool2d(2, divisor_override=3)), IMAGE, "divisor_override"),
    (lambda: chain(nn.Conv2d(1, 2, 3), nn.Flatten(2)), IMAGE, "1 to -1"),
    (lambda: chain(nn.Linear(5, 4)), (4,), "'0' does not take"),
    (lambda: chain(nn.Conv2d(1, 2, 7)), IMAGE, "'0' does not take"),
    (lambda: chain(nn.Flatten()), IMAGE, "no linear or convolutional"),
    (lambda: Then(lambda x: F.dropout(x, 0.5)), (4,), "training=self.training"),
    (lambda: Then(lambda x: torch.log_softmax(x, 1)), (4,), "apply it to the outputs"),
    (lambda: Then(lambda x: x * 2), (4,), "'mul'.*weights of the next layer"),
    (lambda: Then(lambda x: x[:, :2]), (4,), "'getitem'"),
    (lambda: Then(lambda x: (x, x)), (4,), "nothing else"),
    (lambda: Then(lambda x: x if x.sum() > 0 else -x), (4,), "cannot trace"),
    (lambda: Then(lambda x: x.view(x.size(1), -1), nn.Conv2d(1, 4, 3)), IMAGE, "only flattening"),
    (lambda: Then(lambda x: x.mean(1)), (4,), "mean over 1"),
    (hooked, (4,), "something else than the layers"),
]


@pytest.mark.parametrize(("make", "shape", "reason"), REFUSED)
def test_what_cannot_be_read_is_refused_with_the_reason(
    make: Callable[[], nn.Module], shape: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(SltkError, match=reason) as found:
        read(make(), shape)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("shape", [(), (0,), (-3,), (True,), (2.0,), 3])
def test_shapes_that_are_none(shape: object) -> None:
    with pytest.raises(SltkError, match="input_shape"):
        read(nn.Linear(3, 2), shape)  # pyright: ignore[reportArgumentType]


def test_numbers_that_are_none() -> None:
    module = nn.Linear(3, 2)
    with torch.no_grad():
        module.weight[0, 0] = torch.nan
    with pytest.raises(SltkError, match="NaN"):
        read(module, (3,))
