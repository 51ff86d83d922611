"""What the processes run: a shard, the merge, and a look into the file."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from experiments.resnet18_shards.target import BOX, SHAPE, resnet18
from sltk.certify.propagate import start, step
from sltk.construct import Construction, Run, StrongTicket, load, save
from sltk.construct.choose.choose import choose
from sltk.construct.construction import target_and_box
from sltk.construct.parameters import stage_parameters
from sltk.construct.pools.parts import Share
from sltk.construct.realise import realise
from sltk.core.files import sha256

FIRST_BLOCK = 3  # the stem and the two convolutions of the first block
SEED = 1


def construction(widths: tuple[int, ...]) -> Construction:
    """Of the target, by two-layer; the recipe chooses itself."""
    network, box = target_and_box(resnet18(widths), BOX, SHAPE)
    return Construction(network, box, choose(network, box, {"method": "two-layer"}))


def shard(place: Path, widths: tuple[int, ...], index: int, count: int) -> dict[str, Any]:
    """Solve a share of the ticket that will be ``place``."""
    made = construction(widths)
    began = time.process_time()
    run = Run(checkpoint=parts(place), threads=1)
    new = made.build_share(SEED, Share(index, count), run=run)
    return {"shard": index, "parts": new, "choice": began, **costs()}


def merged(place: Path, widths: tuple[int, ...]) -> dict[str, Any]:
    """The ticket of all shares, written; its sizes and failures."""
    made = construction(widths)
    run = Run(checkpoint=parts(place), threads=1, merge=True)
    ticket = made.build(SEED, run=run)
    save(ticket, place)
    kept = made.parts(SEED, None, run)
    assert kept is not None
    kept.clear()
    return {
        "parameters": made.network.count(), "n": ticket.recipe.n, "problems": ticket.problems,
        "failures": len(ticket.failures), "kept": ticket.sizes.kept, "source": ticket.sizes.source,
        "bytes": place.stat().st_size, "sha256": sha256(place.read_bytes()), **costs(),
    }  # fmt: skip


def looked_at(place: Path, widths: tuple[int, ...]) -> dict[str, Any]:
    """The file loaded, every kept weight of which is drawn again; its first block against the target's."""
    network, box = target_and_box(resnet18(widths), BOX, SHAPE)
    ticket = load(place, network)
    state, worst, beyond, missed = start(network, box), list[float](), 0, 0
    for role in ticket.plan.roles[:FIRST_BLOCK]:
        stage = network.stages[role.stage]
        realised = realise(ticket.source, role, ticket.masks, stage.affine)
        (found,) = stage_parameters([role], [realised], [stage])
        worst.append(found.worst())
        beyond += found.beyond(ticket.tolerances[role.stage], ticket.prune_below[role.stage])
        missed += int((ticket.failures.stage == role.stage).sum())
        state = step(state, role.stage, realised)
    return {
        "bits": _same_bits(ticket), "worst": worst, "tolerances": list(ticket.tolerances[:FIRST_BLOCK]),
        "beyond": beyond, "missed": missed, "bound": float(state.errors.max()),
        "reach": float(state.ranges[FIRST_BLOCK].entering.magnitude.max()), **costs(),
    }  # fmt: skip


def _same_bits(ticket: StrongTicket) -> int:
    """Kept weights of the first block, each compared with the one that lies there in the block-wise draw."""
    compared = 0
    for index in range(2 * FIRST_BLOCK):
        kept, layer = ticket.masks[index].weight, ticket.source.layers[index]
        whole = ticket.source.block(index, 0, layer.weight_count)
        if not np.array_equal(whole[kept], ticket.source.weights(index, kept)):
            return 0
        compared += kept.size
    return compared


def parts(place: Path) -> Path:
    """Where the shards of ``place`` leave what they solve."""
    return place.with_name(place.name + ".checkpoint")


def costs() -> dict[str, float]:
    """Seconds of the processor, and the largest memory, of this process."""
    times = os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"cpu": times.user + times.system, "peak": float(peak)}
