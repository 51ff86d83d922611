"""What the command line takes, as dataclasses; importing this module is cheap, so that help comes at once."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from sltk.construct.recipe import Search

Positional = tyro.conf.Positional
DataName = Literal["digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "cifar10-jpeg"]


@dataclass(frozen=True)
class Asked:
    """What fixes the source. Without --param-eps and --eps the recipe chooses itself, all but method, n, law,
    first activation, biases and scale exponents that are given."""

    method: str | None = None
    """plus-one (source depth L + 1), two-layer (2 L), or another that was registered."""
    n: int | None = None
    """Samples of every pool; under plus-one also the copies of every neuron. With a tolerance given, by default 26."""
    param_eps: float | None = None
    """Tolerance of every parameter: the recipe is then what stands here, and nothing is chosen."""
    eps: float | None = None
    """Aim for the largest output error over the domain; in the same way."""
    law: str | None = None
    """Law of the source's weights and biases, by default uniform(2.0); it is not fitted to the target."""
    scale_exponents: tuple[int, ...] | None = None
    """Exponents of two over which the samples of a pool are spread that chooses among copies, such as 2 1 0 -1."""
    stage_exponents: tuple[int, ...] | None = None
    """Exponent of two of each layer's class: its samples and its tolerance are this much larger."""
    sample_exponents: tuple[int, ...] | None = None
    """The same of its samples alone."""
    bias_exponents: tuple[int, ...] | None = None
    """The same of its biases' samples."""
    cascade_exponents: tuple[int, ...] | None = None
    """Exponents of two of the coarsest constants against intercepts of univariate layers, one a stage."""
    bias_exponent: int | None = None
    """The same of all hidden biases."""
    first_activation: str | None = None
    """Activation of the source's univariate layers, such as tanh; by default the target's first, or relu."""
    biases: bool | None = None
    """Whether the class has biases; without them the source has no constant neurons."""
    weight_bound: float | None = None
    """Largest parameter of the declared class; used by eps only."""
    hidden_reach: float | None = None
    """Largest hidden value that two-layer is made for."""
    curvature: float | tuple[float, ...] | None = None
    """What a univariate layer's curvature may cost a parameter if a subset took half of its pool; or one a stage."""

    def given(self) -> dict[str, Any]:
        """The entries that are not left open."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}


@dataclass(frozen=True)
class Plan:
    """Say which recipe `sltk construct` would choose for TARGET, why, and what comes of it; nothing is built."""

    target: Annotated[Positional[str], tyro.conf.arg(metavar="TARGET")]
    """A .pt or .safetensors file with a state dict, or package.module:function that returns a torch module."""
    recipe: tyro.conf.OmitArgPrefixes[Asked] = field(default_factory=Asked)
    """What is not to be chosen."""
    arch: str | None = None
    """Architecture of a file's state dict, e.g. "conv(1,32,3,padding=1); relu; flatten; linear(25088,10)", or a whole
    network, 'resnet20(activation="sigmoid")'."""
    input_shape: tuple[int, ...] = ()
    """Shape of one input, no batch axis: 1 28 28; by default that of --data."""
    low: float | None = None
    """Least input value of the domain; or give --data."""
    high: float | None = None
    """Largest input value of the domain."""
    data: DataName | None = None
    """Take the domain from this data set's range."""
    data_folder: Path | None = None
    """Folder that holds the data set."""


@dataclass(frozen=True)
class Construct(Plan):
    """Build a strong ticket: a mask under which a random source network computes TARGET."""

    out: Path = Path("strong.ticket")
    """The ticket's file: packed masks and what fixes the source, no weights."""
    search: tyro.conf.OmitArgPrefixes[Search] = field(default_factory=Search)
    """Which subset is taken."""
    seed: int = 1
    """Root seed of the source."""
    threads: int | None = None
    """Threads of the solver and of torch; by default all cores."""
    device: str = "cpu"
    """Where pools are drawn and searched: cpu, or a device of torch such as cuda; the file is the same bytes."""
    shard: str | None = None
    """Solve this share of every layer's outputs into OUT.checkpoint, and no more: 2/8, or, in a job of a SLURM array,
    slurm. Shards may run twice, be killed, and end in any order."""
    merge: bool = False
    """Solve nothing: make the ticket from what shards have left in OUT.checkpoint, or say what is missing."""
    measure: int = 1000
    """Test inputs of --data on which the function is measured; `sltk check` takes all."""
    accept: Literal["function", "reached"] = "function"
    """What ends with 0: a ticket that computes its target, or, for theorists, one whose every parameter is reached."""
    certify: bool = False
    """Print the certificates, a posteriori and a priori, stage by stage."""


@dataclass(frozen=True)
class Check:
    """Verify a ticket file: redraw its source, compare every kept weight bit for bit, re-derive and measure."""

    file: Annotated[Positional[Path], tyro.conf.arg(metavar="FILE")]
    """Written by `sltk construct`."""
    target: str
    """The target: a .pt or .safetensors file, or package.module:function."""
    arch: str | None = None
    """Architecture of a target file's state dict."""
    data: DataName | None = None
    """Measure on this data set's test part."""
    data_folder: Path | None = None
    """Folder that holds the data set."""
    param_eps: float | None = None
    """Hold every parameter to this error, whatever the file says."""
    prune_below: float | None = None
    """Parameters up to this size may be missing; by default those up to the tolerance."""
    low: float | None = None
    """Least input value that has to be in the domain."""
    high: float | None = None
    """Largest input value that has to be in the domain."""
    limit: int | None = None
    """Use only the first so many test inputs."""
    per_class: int | None = None
    """Use only the first so many test inputs of each class."""
    attack_steps: int = 0
    """Steps of the adversarial search for the largest error; 0 leaves it out."""
    attack_restarts: int = 16
    """Starts of each sort in that search."""
    batch: int = 256
    """Inputs at a time."""
    device: str = "cpu"
    """Where the source is drawn again and both networks are run: cpu, or a device of torch such as cuda. What is
    derived and proved is computed on the CPU."""
    out: Path | None = None
    """Where the JSON goes; default FILE.check.json."""


@dataclass(frozen=True)
class Certify:
    """Prove how far the ticket is from its target: over its whole domain, or around inputs.

    Without --data: the bound over the domain, and its anatomy, layer by layer. With --data: around each test input the
    error over a ball, and whether the ticket answers as its target there.
    """

    file: Annotated[Positional[Path], tyro.conf.arg(metavar="FILE")]
    """Written by `sltk construct`."""
    target: str
    """The target: a .pt or .safetensors file, or package.module:function."""
    data: DataName | None = None
    """Test inputs of this data set are the centres; none for the whole domain."""
    radius: float = 0.0
    """Of the balls, in the largest entry, in the units of the inputs, clipped to the ticket's domain; 0 for the inputs
    alone."""
    arch: str | None = None
    """Architecture of a target file's state dict."""
    data_folder: Path | None = None
    """Folder that holds the data set."""
    limit: int = 100
    """The first so many test inputs."""
    run: tuple[Literal["float32", "float64"], ...] = ()
    """Beside real arithmetic, also for the ticket's module as it is run in these formats; at radius 0 also for the one
    run that is made here."""
    seconds: float = 0.0
    """Without --data: about so long is spent on a closer bound over the domain."""
    attack_steps: int = 10
    """Steps of the search for another answer of the target in the same balls, or for a large error in the domain; 0
    leaves it out."""
    device: str = "cpu"
    """Where searches, the run that is made, and intervals around inputs are computed: cpu, or a device of torch such as
    cuda. The bound over the domain is computed on the CPU."""
    out: Path | None = None
    """Where the JSON goes; default FILE.certify.json."""


@dataclass(frozen=True)
class Verify:
    """The main job: train small networks on digits, build tickets of both kinds, certify, attack, measure.

    With keys of claims, or --all of them: measure these instead, and print predicted, measured and verdict.
    """

    keys: Annotated[Positional[tuple[str, ...]], tyro.conf.arg(metavar="[KEY ...]")] = ()
    """Claims, as listed by `sltk claims`; none for the main job; `residual` for the table of the residual promise."""
    all: bool = False
    """All claims that have a measurement."""
    seeds: int = 10
    """Sources of every construction whose tickets are measured."""
    n: int = 22
    """Samples of every pool."""
    param_eps: float = 0.01
    """Tolerance of every parameter."""
    out: Path = Path("out/verify")
    """Folder for verify.json and the plots."""
    quick: bool = False
    """Two sources, a short search and no sweep over n: a first look; of claims, the smaller cases only."""
    jobs: int = 1
    """Processes that measure claims."""


@dataclass(frozen=True)
class Claims:
    """List the claims of the field, with the status of their constants."""

    status: Literal["explicit", "certified", "calibrated", "existential"] | None = None
    """Only those with constants of this kind."""


@dataclass(frozen=True)
class Show:
    """Explain one claim: statement, source, hypotheses, numbers, and where its five pieces are."""

    key: Annotated[Positional[str], tyro.conf.arg(metavar="KEY")]
    """As listed by `sltk claims`."""


@dataclass(frozen=True)
class Widths:
    """How many random weights are enough: for one pool, or for every layer of TARGET.

    Each number says how far it can be trusted: floor (no source can do with less), certificate (checked by machine),
    closed form (a theorem with its constants), and, for one pool, measured (with an exact interval).
    """

    target: Annotated[Positional[str | None], tyro.conf.arg(metavar="[TARGET]")] = None
    """A .pt or .safetensors file with a state dict, or package.module:function; none for one pool."""
    eps: float = 0.01
    """Largest error: of a subset sum, or of TARGET's outputs over the domain."""
    delta: float = 0.05
    """Probability with which the random source may fail."""
    law: str | None = None
    """Law of the source's weights; default uniform(2.0) for TARGET, three laws for one pool."""
    method: str = "plus-one"
    """Construction: plus-one (source depth L + 1) or two-layer (2 L)."""
    arch: str | None = None
    """Architecture of a target file's state dict."""
    input_shape: tuple[int, ...] = ()
    """Shape of one input, no batch axis: 1 28 28."""
    low: float | None = None
    """Least input value of the domain; or give --data."""
    high: float | None = None
    """Largest input value of the domain."""
    data: DataName | None = None
    """Take the domain from this data set's range."""
    data_folder: Path | None = None
    """Folder that holds the data set."""
