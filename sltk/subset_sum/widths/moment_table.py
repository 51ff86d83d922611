r"""Exact second moments of the number of subset sums near a target, as one table of integrals.

Samples come from bins ``[w g, w (g + 1)]`` of one width ``w``, uniform in their bin. A sum of ``m`` of them whose low
ends add up to ``w g`` is ``w (g + U_1 + .. + U_m)``: its *kind* is ``(m, g)``. For subsets I and J let C, A, B be the
kinds of what they share, of what only I has, and of what only J has. With a density ``mu`` of targets,

    ``int mu(z) P(|x_I - z| <= r, |x_J - z| <= r) dz = int g_A(s) g_B(s) h_C(s) ds``,

``g_A(s) = P(|A - s| <= r)`` and ``h_C(s) = int mu(C + s)`` in the mean over C. With ``mu`` constant on intervals all
three are polynomials between known knots, so Gauss-Legendre quadrature of enough nodes is exact but for rounding.
"""

from dataclasses import dataclass

import numpy as np

from sltk.core.numerics.arrays import Values
from sltk.subset_sum.widths.moment_kernel import irwin_hall

SampleKind = tuple[int, int]

# What an entry may err by, in units of the mass of mu. The distribution functions are sums of positive terms with
# relative errors below 1e-14, an entry is at most 2 r times the mass, and nodes and weights are good to 1e-15.
ENTRY_ERROR = 1e-13


@dataclass(frozen=True)
class Targets:
    """``mu = inner`` on ``|z| <= near`` plus ``outer`` on ``|z| <= far``."""

    near: float
    far: float
    inner: float
    outer: float

    @property
    def mass(self) -> float:
        """Integral of mu."""
        return 2.0 * (self.inner * self.near + self.outer * self.far)

    def density(self, z: Values) -> Values:
        """``mu(z)``."""
        return self.inner * (np.abs(z) <= self.near) + self.outer * (np.abs(z) <= self.far)


class PairTable:
    """The integrals for up to ``samples`` samples with low ends ``lows`` (integers, in units of ``width``)."""

    def __init__(self, samples: int, width: float, lows: tuple[int, ...], radius: float, targets: Targets):
        self.samples, self.width, self.lows = samples, width, lows
        self.radius, self.targets = radius, targets
        bottom, top = min(lows), max(lows)
        self.kinds = [(m, g) for m in range(samples + 1) for g in range(m * bottom, m * top + 1)]
        self.shift = samples * max(abs(bottom), abs(top))
        self.place = np.full((samples + 1, 2 * self.shift + 1), -1, np.int64)
        for number, (m, g) in enumerate(self.kinds):
            self.place[m, g + self.shift] = number
        self._integrate()

    def _integrate(self) -> None:
        nodes, weights = self._quadrature()
        near = self._cdfs(nodes + self.radius) - self._cdfs(nodes - self.radius)
        t = self.targets
        seen = t.inner * (self._cdfs(t.near - nodes) - self._cdfs(-t.near - nodes))
        seen += t.outer * (self._cdfs(t.far - nodes) - self._cdfs(-t.far - nodes))
        self.expected = near @ (weights * t.density(nodes))
        sizes = [sum(m <= self.samples - c for m, _ in self.kinds) for c, _ in self.kinds]
        self.size = np.array(sizes, np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.size**2)[:-1]]).astype(np.int64)
        self.entries = np.empty(int((self.size**2).sum()))
        for c, (start, size) in enumerate(zip(self.first, self.size, strict=True)):
            support = np.flatnonzero(seen[c])  # exactly zero elsewhere
            window = slice(support[0], support[-1] + 1) if support.size else slice(0, 0)
            parts = near[:size, window]
            block = (parts * (seen[c] * weights)[window]) @ parts.T
            self.entries[start : start + size**2] = block.ravel()

    def _quadrature(self) -> tuple[Values, Values]:
        """Nodes and weights, exact for polynomials of degree ``samples + 1`` between the knots of all integrands."""
        reach = self.samples * self.width * max(-min(self.lows), max(self.lows) + 1) + self.radius
        steps = np.arange(-int(reach / self.width) - 2, int(reach / self.width) + 3) * self.width
        offsets = [self.radius, self.targets.near, self.targets.far]
        knots = np.unique(np.concatenate([steps + d for d in (*offsets, *(-d for d in offsets))]))
        knots = np.concatenate([[-reach], knots[np.abs(knots) < reach], [reach]])
        x, w = np.polynomial.legendre.leggauss(self.samples // 2 + 2)
        half, middle = 0.5 * np.diff(knots)[:, None], 0.5 * (knots[1:] + knots[:-1])[:, None]
        return (middle + half * x).ravel(), (half * w).ravel()

    def _cdfs(self, points: Values) -> Values:
        """``P(w (g + U_1 + .. + U_m) <= t)``, ``(kinds, points)``."""
        out = np.empty((len(self.kinds), points.size))
        for g in sorted({g for _, g in self.kinds}):
            levels = irwin_hall(points / self.width - g, self.samples)
            for m in range(self.samples + 1):
                number = self.place[m, g + self.shift]
                if number >= 0:
                    out[number] = levels[m]
        return out
