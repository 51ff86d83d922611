"""Curves of accuracy against the densities that were achieved."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from sltk.plot.densities import DensityCurve

Kind = Literal["density", "live"]
KINDS: tuple[tuple[str, Kind], ...] = (("density", "density"), ("live density", "live"))  # in words, and in rows


def curve(label: str, parts: Mapping[str, Any], by: Kind = "density") -> DensityCurve:
    """Of outputs ``{part: [[value by round] by seed]}``: kept or live density, in the mean of the seeds."""
    achieved = np.asarray(parts[by]).mean(0).tolist()
    return DensityCurve(label, achieved, parts["test"], *(("live density",) if by == "live" else ()))


def arm_curve(label: str, parts: Mapping[str, Any], by: Kind = "density") -> DensityCurve:
    """Of outputs ``{part: [[value by seed] by density]}``."""
    turned = {part: np.transpose(parts[part]).tolist() for part in ("test", by)}
    return curve(label, turned, by)
