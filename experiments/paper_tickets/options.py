"""What is asked of the tickets of the published experiments."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sltk.harness.study import StudyOptions

Kind = Literal["published", "conv", "residual"]
Phi = Literal["relu", "leaky_relu", "tanh", "sigmoid"]


@dataclass(frozen=True, kw_only=True)
class TicketOptions(StudyOptions):
    """What is asked; a first look takes two draws of the residual targets, after short training."""

    target: Path | None = None
    """The published state dict; by default targets/conv_mnist.pt of $SLTK_DATA."""
    data_folder: Path | None = None
    """Folder that holds MNIST."""
    kinds: tuple[Kind, ...] = ("published", "conv", "residual")
    """Targets."""
    activations: tuple[Phi, ...] = ("relu", "leaky_relu", "tanh", "sigmoid")
    """Of the targets that are trained here."""
    draws: int = 5
    """Sources of each target and construction."""
    train_rows: int = 10_000
    """Images of MNIST that the convolutional targets are trained on."""
    conv_epochs: int = 4
    """Of that training."""
    residual_epochs: int = 30
    """Of the residual targets' training."""
    out: Path = Path("out/paper_tickets")
