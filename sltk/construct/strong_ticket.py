"""A strong lottery ticket by subset sums: target and source in, mask out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sltk.certify.intervals import Box
from sltk.construct.architecture import architecture_of
from sltk.construct.build import Order, build
from sltk.construct.checkpoint import Parts
from sltk.construct.methods.allocate import allocate, target_class
from sltk.construct.methods.roles import Method
from sltk.construct.recipe import Aim, Recipe, description, plan_for, source_for
from sltk.construct.ticket import StrongTicket
from sltk.core.errors import SltkError
from sltk.core.report import Report
from sltk.networks.activations.table import Activation, activation, require_admissible
from sltk.networks.network import Network
from sltk.networks.reading.read import read
from sltk.subset_sum.laws import Law, Uniform, parse_law

OBJECTIVES = ("error", "cardinality", "mass", "weighted")


def strong_ticket(
    target: nn.Module | Network,
    *,
    method: Method,
    n: int,
    seed: int,
    domain: Box | tuple[float | Tensor, float | Tensor],
    param_eps: float | None = None,
    eps: float | None = None,
    objective: str = "weighted",
    law: Law | None = None,
    input_shape: tuple[int, ...] | None = None,
    first_activation: Activation | None = None,
    activations: Mapping[Any, Activation] | None = None,
    biases: bool = True,
    prune_below: float | None = None,
    weight_bound: float = 1.0,
    hidden_reach: float = 8.0,
    scale_exponents: tuple[int, ...] = (0,),
    bias_exponent: int = 0,
    copy_error: float | None = None,
    sub_pool: int | None = None,
    report: Report | None = None,
    parts: str | Path | None = None,
) -> StrongTicket:
    """A mask under which a random source computes ``target``.

    The source is drawn once from (architecture, law, seed). Every parameter of the target, for every copy, is
    one subset-sum problem over its own pool of source weights; a pool that does not come within the tolerance
    is recorded in ``failures`` and keeps its nearest subset. Nothing is redrawn, and nothing is copied.

    Args:
        target: a module that ``sltk.networks.reading.read`` understands, or a ``Network``.
        method: ``"plus-one"`` (source depth L + 1) or ``"two-layer"`` (2 L).
        n: samples of every pool, 1 to 40; copies of each neuron under ``plus-one``.
        seed: of the source, ``0 <= seed < 2**64``.
        domain: box ``(low, high)`` of inputs, scalars or tensors of ``input_shape``.
        param_eps: tolerance of every parameter; or
        eps: the aim for the sup error over ``domain``, from which tolerances are allocated.
        objective: ``"error"``, ``"cardinality"``, ``"mass"`` or ``"weighted"`` (the share of the error bound).
            Where the first activation has an intercept, its stage minimises the mass unless asked for cardinality.
        law: of the source's weights; default ``Uniform(1.0)``. Its range must cover the target: it is not fitted.
        input_shape: of one input, needed when ``target`` is a module and ``domain`` holds scalars.
        first_activation: of the univariate layers; default the target's first, or ReLU where it is linear.
        activations: a user's own, by the class or function that computes them; see ``sltk.networks.reading.read``.
        biases: ``False`` declares a class without biases.
        prune_below: parameters up to this size are left out; default the tolerance.
        weight_bound, hidden_reach, scale_exponents, bias_exponent: the declared class, see ``Recipe``.
        copy_error: with ``objective="weighted"``, the error of its own that each copy is taken to have, in place of the
            certificate's bound: a parameter's problem is then to minimise ``|error| + copy_error sum |v|``. Subsets of
            least mass all err towards zero, which adds up over a deep network; these do not.
        sub_pool: samples of every weight's pool that are searched first, spread evenly over it; only a problem
            that they leave unsolved gets all n. It takes the time of the smaller pool and has the failures of the
            larger one; what the objective minimises, it minimises over these samples.
        report: called with (stage name, stage number, number of stages) before each stage.
        parts: folder for solved stages; a construction that was stopped goes on from what lies there, to the same
            ticket. It is emptied at the end.

    Returns:
        The ticket; its ``certificate`` bounds ``sup ||f_T - f_P||_inf`` over ``domain`` in exact arithmetic.

    Raises:
        SltkError: bad arguments; a layer or activation that the construction cannot have.

    Source: Burkholz 2022, arXiv 2205.02343 and 2205.02321 (existence, L + 1); Pensia et al. 2020,
    arXiv 2006.07990 (two layers). The blocks are re-derived; see ``sltk.construct.methods.plan`` for what differs.
    """
    network, box = target_and_box(target, domain, input_shape, activations)
    aim, tolerance = _aim(param_eps, eps)
    if objective not in OBJECTIVES:
        raise SltkError(f"objective must be one of {OBJECTIVES}, but got objective={objective!r}.")
    if prune_below is not None and not 0.0 <= prune_below < float("inf"):
        raise SltkError(f"prune_below must be finite and >= 0, but got prune_below={prune_below!r}.")
    phi = first_activation_of(network, first_activation)
    recipe = recipe_on(
        network,
        box,
        phi,
        method=method,
        n=n,
        law=(law or Uniform(1.0)).spec(),
        aim=aim,
        tolerance=tolerance,
        biases=biases,
        weight_bound=weight_bound,
        hidden_reach=hidden_reach,
        scale_exponents=scale_exponents,
        bias_exponent=bias_exponent,
    )
    if copy_error is not None and not (objective == "weighted" and 0.0 < copy_error < float("inf")):
        raise SltkError(
            f"copy_error is a positive number beside objective='weighted', but got copy_error={copy_error!r}, "
            f"objective={objective!r}."
        )
    if sub_pool is not None and not 1 <= sub_pool <= n:
        raise SltkError(f"search_first is a number of samples from 1 to n = {n}, but got sub_pool={sub_pool!r}.")
    _require_in_class(network, recipe)
    custom = {a.name: a for a in _activations(network, phi)}
    plan = plan_for(architecture_of(network), recipe, custom)
    source = source_for(plan, recipe, seed)
    order = Order(network, box, recipe, objective, phi, copy_error, sub_pool)
    tolerances = _tolerances(order)
    pruned = tuple(t if prune_below is None else prune_below for t in tolerances)
    kept = None
    if parts is not None:
        asked = {"objective": objective, "tolerances": tolerances, "prune_below": pruned, "domain": _ends(box)}
        if copy_error is not None:
            asked["copy_error"] = copy_error
        if sub_pool is not None:
            asked["sub_pool"] = sub_pool
        kept = Parts(parts, description(architecture_of(network), recipe, seed) | asked, network)
    masks, failures, problems = build(order, plan, source, tolerances, pruned, report, kept)
    if kept is not None:
        kept.clear()
    return StrongTicket(
        source=source, plan=plan, masks=masks, failures=failures, recipe=recipe, architecture=architecture_of(network),
        objective=objective, problems=problems, tolerances=tolerances, prune_below=pruned, domain=box, target=network,
        custom=custom,
    )  # fmt: skip


def _tolerances(order: Order) -> tuple[float, ...]:
    recipe, network = order.recipe, order.network
    if recipe.aim == "param_eps":
        return (recipe.tolerance,) * len(network.stages)
    high = parse_law(recipe.law).high
    from_target = target_class(network, order.box, recipe.method, order.objective, recipe.n, high, order.phi)
    return tuple(allowance.parameter for allowance in allocate(recipe.tolerance, from_target))


def target_and_box(
    target: nn.Module | Network,
    domain: Box | tuple[float | Tensor, float | Tensor],
    input_shape: tuple[int, ...] | None,
    activations: Mapping[Any, Activation] | None = None,
) -> tuple[Network, Box]:
    """The target as a network, and its domain with an end for every entry of the input."""
    low = domain.low if isinstance(domain, Box) else domain[0]
    high = domain.high if isinstance(domain, Box) else domain[1]
    if isinstance(target, Network):
        shape = target.input_shape
    elif input_shape is not None:
        shape = tuple(input_shape)
    elif isinstance(low, Tensor) and low.ndim:
        shape = tuple(low.shape)
    else:
        raise SltkError(
            "strong_ticket needs input_shape (one input, no batch axis) when the target is a module and the "
            "domain is given by two numbers."
        )
    network = target if isinstance(target, Network) else read(target, shape, activations)
    return network, _spread(Box(low, high), shape)


def _spread(box: Box, shape: tuple[int, ...]) -> Box:
    interval = box.on(shape)
    return Box(interval.low, interval.high)


def _ends(box: Box) -> list[list[float]]:
    return [torch.as_tensor(end).flatten().tolist() for end in (box.low, box.high)]


def _aim(param_eps: float | None, eps: float | None) -> tuple[Aim, float]:
    if (param_eps is None) == (eps is None):
        raise SltkError(
            f"strong_ticket needs exactly one of param_eps (tolerance of every parameter) and eps (sup error), "
            f"but got param_eps={param_eps}, eps={eps}."
        )
    if param_eps is not None:
        return "param_eps", float(param_eps)
    assert eps is not None
    return "eps", float(eps)


def recipe_on(network: Network, box: Box, phi: Activation, **choices: Any) -> Recipe:
    """The recipe of ``choices`` (see ``Recipe``) where inputs are in ``box`` and univariate layers have ``phi``."""
    return Recipe(
        first_activation=phi.name,
        reach=float(box.on(network.input_shape).magnitude.max()),
        nonnegative=bool((torch.as_tensor(box.low) >= 0).all()),
        **choices,
    )


def first_activation_of(network: Network, chosen: Activation | None) -> Activation:
    """The activation of the univariate layers: the chosen one, else the target's first, else ReLU."""
    own = next((s.activation for s in network.stages if s.activation is not None), None)
    phi = chosen or own or activation("relu")
    require_admissible(phi)
    return phi


def _activations(network: Network, phi: Activation) -> list[Activation]:
    return [phi, *(s.activation for s in network.stages if s.activation is not None)]


def _require_in_class(network: Network, recipe: Recipe) -> None:
    for stage in network.stages:
        affine = stage.affine
        if not recipe.biases and bool((affine.bias != 0).any()):
            raise SltkError(f"biases=False, but layer {affine.name!r} has biases; drop them or pass biases=True.")
