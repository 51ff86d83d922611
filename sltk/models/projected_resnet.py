"""Residual networks of basic blocks, with projections where the shape changes, by the names of their tensors.

``conv``, ``bn``; ``blocks.K.conv1``, ``.bn1``, ``.conv2``, ``.bn2``, and ``.shortcut.0`` (convolution 1 x 1) with
``.shortcut.1`` (batch norm) in a block that changes the shape; ``fc``. An identity shortcut may be stored as a scale
``blocks.K.shortcut.weight``, which then has to be 1.
"""

from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.models.activations import ACTIVATIONS
from sltk.models.basic_block import BasicBlock, projection


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
                stride = 2 if group and not place else 1
                self.blocks.append(BasicBlock(inputs, outputs, stride, phi, projection(inputs, outputs, stride)))
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
