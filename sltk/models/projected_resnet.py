"""Residual networks of basic blocks, with projections where the shape changes, by the names of their tensors.

``conv``, ``bn``; ``blocks.K.conv1``, ``.bn1``, ``.conv2``, ``.bn2``, and ``.shortcut.0`` (convolution 1 x 1) with
``.shortcut.1`` (batch norm) in a block that changes the shape; ``fc``. An identity shortcut may be stored as a scale
``blocks.K.shortcut.weight``, which then has to be 1.
"""

from torch import Tensor, nn

from sltk.core.errors import SltkError

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
}


class ProjectedBlock(nn.Module):
    """``phi(bn(conv(phi(bn(conv(x))))) + shortcut(x))``.

    Args:
        inputs: channels in.
        outputs: channels out.
        stride: of the first convolution, and of the projection.
        phi: the activation.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, phi: type[nn.Module]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.inner, self.outer = phi(), phi()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, h, w)`` to ``(batch, outputs, h / stride, w / stride)``."""
        y = self.bn2(self.conv2(self.inner(self.bn1(self.conv1(x)))))
        return self.outer(y + self.shortcut(x))


class ProjectedResNet(nn.Module):
    """A convolution, basic blocks in groups that halve the image and widen, a mean over pixels, and a linear layer.

    Args:
        activation: a name in ``ACTIVATIONS``.
        blocks: in each group.
        widths: channels of each group.
        channels: of the input.
        classes: outputs.
    """

    def __init__(
        self,
        activation: str = "relu",
        blocks: int = 3,
        widths: tuple[int, ...] = (16, 32, 64),
        channels: int = 3,
        classes: int = 10,
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise SltkError(f"activation must be one of {', '.join(ACTIVATIONS)}, but got activation={activation!r}.")
        phi = ACTIVATIONS[activation]
        self.conv = nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False)
        self.bn, self.phi = nn.BatchNorm2d(widths[0]), phi()
        self.blocks, inputs = nn.ModuleList(), widths[0]
        for group, outputs in enumerate(widths):
            for place in range(blocks):
                self.blocks.append(ProjectedBlock(inputs, outputs, 2 if group and not place else 1, phi))
                inputs = outputs
        self.pool, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, h, w)`` to ``(batch, classes)``."""
        x = self.phi(self.bn(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(self.flatten(self.pool(x)))

    def own(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """``tensors`` without the scales of identity shortcuts.

        Raises:
            SltkError: a scale that is not 1.
        """
        kept = dict(tensors)
        for place, block in enumerate(self.blocks):
            name = f"blocks.{place}.shortcut.weight"
            scale = kept.pop(name, None) if isinstance(block.shortcut, nn.Identity) else None  # type: ignore[union-attr]
            if scale is not None and not bool((scale == 1).all()):
                raise SltkError(f"{name} scales an identity shortcut by something else than 1, which is not read.")
        return kept
