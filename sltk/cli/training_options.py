"""What the commands that train take, as dataclasses; importing this module is cheap, so that help comes at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sltk.cli.options import DataName, Positional
from sltk.train.loop.rates import Rates

ModelName = Literal["dense", "lenet-300-100", "lenet-5", "conv-2", "conv-4", "conv-6", "vgg-11", "vgg-16", "vgg-19",
                    "resnet-20", "resnet-56"]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is trained on what."""

    data: DataName | str = "digits"
    """Data set, or package.module:function that returns (x, y), a torch data set or DataLoader, or parts of these."""
    data_folder: Path | None = None
    """Folder that holds the data set."""
    model: ModelName | str = "dense"
    """Network, or package.module:function of a seed that returns a torch module."""
    hidden: tuple[int, ...] = (100, 60)
    """Sizes of the hidden layers of the dense one."""


@dataclass(frozen=True)
class Imp(Asked):
    """Lottery tickets by iterative magnitude pruning, in each of several bases, with controls and verdicts."""

    bases: tuple[str, ...] = ()
    """canonical, dct-input, dct, dct-taps, haar:0, permuted-dct, hadamard, svd, low-rank, unit, subspace; default
    all of them but dct-taps and svd, and three draws of haar."""
    classifier: Literal["by-basis", "dense", "pruned"] = "by-basis"
    """Last layer: by-basis leaves it dense in low-rank and unit, and in a canonical run beside them."""
    seeds: int = 16
    """Runs of each arm: seeds 0, 1, ..."""
    rounds: int = 20
    """Rounds of pruning."""
    removed: float = 0.2
    """Share of the survivors that goes each round."""
    epochs: int = 12
    """Epochs of every training."""
    rate: float = 0.2
    """Of SGD, at the start."""
    rates: tyro.conf.OmitArgPrefixes[Rates] = field(default_factory=Rates)
    """How the rate goes over each training."""
    augment: bool = False
    """Crop and mirror the training images at random."""
    controls: bool = True
    """--no-controls leaves out the reinitialised and the random-mask arm."""
    rewind: int = 0
    """Steps after which the anchor is stored."""
    batch: int = 64
    """Rows a step."""
    stack: int = 0
    """Replicas at a time; 0 chooses by network and device."""
    device: str = "cpu"
    """Where it runs, such as cuda."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out")
    """The result folder is made in here, named by the content of what is run."""


@dataclass(frozen=True)
class Rst(Asked):
    """A random mask transformed by a growing penalty (RST), beside all its baselines, with verdicts."""

    densities: tuple[float, ...] = (0.3, 0.1, 0.05, 0.02)
    """Kept fractions of all weights but the last layer's, which stays dense."""
    seeds: int = 16
    """Runs of each arm: seeds 0, 1, ..."""
    basis: str = "canonical"
    """Of the coefficients; see `sltk imp`."""
    epochs: int = 54
    """Of the transformation."""
    final_epochs: int = 18
    """After the cut; every other arm gets the sum of both, over all of its trainings."""
    cap: float = 1.0
    """Where lambda stops."""
    rate: float = 0.2
    """Of SGD, at the start; a quarter of it during the transformation."""
    rates: tyro.conf.OmitArgPrefixes[Rates] = field(default_factory=Rates)
    """How the rate goes over each training but the transformation."""
    preset: Literal["", "paper"] = ""
    """paper: first layer dense too, cap 1, rates and lengths (90,000 steps, 200 epochs) of RST's code: hours."""
    shrink: float = 1.0
    """Of the paper's lengths."""
    budgets: Literal["equal", "own"] = "equal"
    """own: every training of a rival as long as RST's last; no verdict is given where arms then spend unequally."""
    device: str = "cpu"
    """Where it runs, such as cuda."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out")
    """The result folder is made in here, named by the content of what is run."""


@dataclass(frozen=True)
class EdgePopup(Asked):
    """Strong tickets by search: no weight is trained; and a planted ticket, to see what the search finds."""

    densities: tuple[float, ...] = (0.5, 0.2, 0.1)
    """Kept fractions."""
    seeds: int = 8
    """Runs of each kind: seeds 0, 1, ..."""
    epochs: int = 60
    """Of training the scores."""
    rates: tyro.conf.OmitArgPrefixes[Rates] = field(default_factory=Rates)
    """How the rate goes."""
    device: str = "cpu"
    """Where it runs, such as cuda."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out")
    """The result folder is made in here, named by the content of what is run."""


@dataclass(frozen=True, kw_only=True)
class Train(Asked):
    """Train by one method of the registry, and keep rows, weights, a figure, and levels to branch from."""

    method: Annotated[Positional[str], tyro.conf.arg(metavar="METHOD")]
    """imp, iht, rst, growing-l2, rigl, set, acdc, at-init, after-training, edge-popup, iterand, multicoat, bernoulli,
    concrete, scratch or dense."""
    options: tuple[str, ...] = ()
    """NAME=VALUE of the method's own numbers, such as rounds=5 rewind=100, or score=grasp pruned_on=random-labels."""
    density: float | None = None
    """Kept fraction; by default the method's."""
    scope: Literal["global", "layerwise", "erk", "n:m"] | None = None
    """Where weights compete; n:m keeps the same number of every --m neighbours: 2:4 is --density .5 --m 4."""
    m: int = 4
    """Of n:m."""
    dense: tuple[str, ...] = ()
    """Layers that stay dense, by the names of their weights."""
    corrupt: Literal["random-labels", "shuffled-pixels", "random-pixels"] | None = None
    """Take something out of the data, as a sanity check."""
    basis: str = "canonical"
    """Of the coefficients; see `sltk imp`."""
    seeds: int = 4
    """Runs: seeds 0, 1, ..."""
    epochs: int = 12
    """Epochs of every training."""
    rate: float = 0.2
    """Of SGD, at the start."""
    batch: int = 64
    """Rows a step."""
    rates: tyro.conf.OmitArgPrefixes[Rates] = field(default_factory=Rates)
    """How the rate goes over each training."""
    augment: bool = False
    """Crop and mirror the training images at random."""
    levels: bool = False
    """Store what the run is at every measurement, for `sltk branch`."""
    stack: int = 0
    """Replicas at a time; 0 chooses by network and device."""
    device: str = "cpu"
    """Where it runs, such as cuda."""
    out: Path = Path("out")
    """The result folder is made in here, named by the content of what is run."""


@dataclass(frozen=True)
class Branch:
    """Train a stored level again: as it was, from elsewhere, or with its masks changed in one respect."""

    folder: Annotated[Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """Written by `sltk train --levels`."""
    level: str
    """Label of the level: the round of an IMP, or final."""
    kinds: tuple[str, ...] = ("retrain", "reinitialise", "shuffle", "random-mask")
    """Also random-mask-uniform, random-mask-erk and invert."""
    rewind: int = 0
    """Steps of dense training before the masks are put on: the rewind point."""
    jobs: int = 1
    """Processes."""


@dataclass(frozen=True)
class Rewinding(Asked):
    """What a ticket owes to the step it is rewound to: early stopping, linear mode connectivity, overlap of masks."""

    points: tuple[int, ...] = (0, 5, 20, 80)
    """Rewinding steps."""
    density: float = 0.05
    """Kept fraction of the tickets."""
    rounds: int = 8
    """Rounds of pruning."""
    seeds: int = 8
    """Runs: seeds 0, 1, ..."""
    epochs: int = 12
    """Epochs of every training."""
    rate: float = 0.2
    """Of SGD, at the start."""
    batch: int = 64
    """Rows a step."""
    rates: tyro.conf.OmitArgPrefixes[Rates] = field(default_factory=Rates)
    """How the rate goes over each training."""
    looks: int = 20
    """Measurements of the validation loss along a training."""
    places: int = 11
    """Points on the line between two ends."""
    device: str = "cpu"
    """Where it runs, such as cuda."""
    jobs: int = 2
    """Processes."""
    out: Path = Path("out")
    """The result folder is made in here, named by the content of what is run."""
