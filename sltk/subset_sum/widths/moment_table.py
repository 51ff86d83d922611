r"""Exact second moments of the number of subset sums near a target, as one table of integrals.

Samples come from bins ``[w g, w (g + 1)]`` of one width ``w``, uniform in their bin. A sum of ``m`` of them whose low
ends add up to ``w g`` is ``w (g + U_1 + .. + U_m)``: its *kind* is ``(m, g)``. For subsets I and J let C, A, B be the
kinds of what they share, of what only I has, and of what only J has. With a density ``mu`` of targets,

    ``int mu(z) P(|x_I - z| <= r, |x_J - z| <= r) dz = int g_A(s) g_B(s) h_C(s) ds``,

``g_A(s) = P(|A - s| <= r)`` and ``h_C(s) = int mu(C + s)`` in the mean over C. With ``mu`` constant on intervals all
three are polynomials between known knots, so Gauss-Legendre quadrature of enough nodes is exact but for rounding.

For weights that depend on the rest of the pool (``sltk.subset_sum.widths.moment_certificate``) the same integrals are
needed with ``(A - s)^p (B - s)^q (C - E C)^i`` in the mean; they are polynomials between the same knots.
"""

import math
from dataclasses import dataclass

import numpy as np

from sltk.core.numerics.arrays import Values
from sltk.subset_sum.widths.moment_kernel import ramps

SampleKind = tuple[int, int]

BINS = 4  # the kernels'; fewer are filled up with bins that hold nothing

# What an entry may err by, in units of the mass of mu. The distribution functions are sums of positive terms with
# relative errors below 1e-14, an entry is at most 2 r times the mass, and nodes and weights are good to 1e-15.
ENTRY_ERROR = 1e-13


# Integrals with the weight ``u^p v^q (C - E C)^i``, u = A - s, v = B - s: the first is all that kinds need.
POWERS = (
    *((0, 0, i) for i in range(5)), *((1, 0, i) for i in range(4)), *((1, 1, i) for i in range(3)),
    *((2, 0, i) for i in range(3)), *((2, 1, i) for i in range(2)), (2, 2, 0),
)  # fmt: skip


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
    """The integrals for up to ``samples`` samples with low ends ``lows`` (integers, in units of ``width``).

    With ``statistics`` those of all POWERS, as rows of ``moments``; ``entries`` are its first column.
    """

    def __init__(
        self, samples: int, width: float, lows: tuple[int, ...], radius: float, targets: Targets,
        statistics: bool = False,
    ):  # fmt: skip
        self.samples, self.width, self.lows = samples, width, lows
        self.radius, self.targets = radius, targets
        self.statistics = statistics
        self.powers = POWERS if statistics else POWERS[:1]
        bottom, top = min(lows), max(lows)
        self.kinds = [(m, g) for m in range(samples + 1) for g in range(m * bottom, m * top + 1)]
        self.shift = samples * max(abs(bottom), abs(top))
        self.place = np.full((samples + 1, 2 * self.shift + 1), -1, np.int64)
        for number, (m, g) in enumerate(self.kinds):
            self.place[m, g + self.shift] = number
        self._integrate()

    @property
    def expected(self) -> Values:
        """``b`` of each kind."""
        return self.expectations[0]

    @property
    def entries(self) -> Values:
        """The integrals without further weight."""
        return self.moments[:, 0]

    def _integrate(self) -> None:
        nodes, weights = self._quadrature()
        t, order = self.targets, 2 if self.statistics else 0
        near = self._moments(nodes - self.radius, nodes + self.radius, nodes, order)
        seen = t.inner * self._moments(-t.near - nodes, t.near - nodes, None, 2 * order)
        seen += t.outer * self._moments(-t.far - nodes, t.far - nodes, None, 2 * order)
        self.expectations = np.stack([near[0] @ (weights * t.density(nodes) * nodes**i) for i in range(order + 1)])
        sizes = [sum(m <= self.samples - c for m, _ in self.kinds) for c, _ in self.kinds]
        self.size = np.array(sizes, np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.size**2)[:-1]]).astype(np.int64)
        self.moments = np.zeros((int((self.size**2).sum()), len(self.powers)))
        for c, (start, size) in enumerate(zip(self.first, self.size, strict=True)):
            support = np.flatnonzero(seen[0, c])  # exactly zero elsewhere
            if support.size:
                window = slice(support[0], support[-1] + 1)
                block = self._block(near[:, :size, window], seen[:, c, window] * weights[window])
                self.moments[start : start + size**2] = block.reshape(len(block), -1).T

    def _block(self, near: Values, seen: Values) -> Values:
        """All integrals of one kind C: ``(powers, kinds of A, kinds of B)``."""
        size = near.shape[1]
        block = np.empty((len(self.powers), size, size))
        for out, (p, q, i) in zip(block, self.powers, strict=True):
            np.matmul(near[p] * seen[i], near[q].T, out=out)
        return block

    def _quadrature(self) -> tuple[Values, Values]:
        """Nodes and weights, exact for polynomials of degree ``samples + 5`` between the knots of all integrands."""
        reach = self.samples * self.width * max(-min(self.lows), max(self.lows) + 1) + self.radius
        steps = np.arange(-int(reach / self.width) - 2, int(reach / self.width) + 3) * self.width
        offsets = [self.radius, self.targets.near, self.targets.far]
        knots = np.unique(np.concatenate([steps + d for d in (*offsets, *(-d for d in offsets))]))
        knots = np.concatenate([[-reach], knots[np.abs(knots) < reach], [reach]])
        x, w = np.polynomial.legendre.leggauss(self.samples // 2 + (2 if len(self.powers) == 1 else 4))
        half, middle = 0.5 * np.diff(knots)[:, None], 0.5 * (knots[1:] + knots[:-1])[:, None]
        return (middle + half * x).ravel(), (half * w).ravel()

    def _moments(self, low: Values, high: Values, centre: Values | None, order: int) -> Values:
        """``E (X - centre)^p`` over ``low < X <= high``, X a sum of each kind: ``(order + 1, kinds, points)``.

        The centre is a kind's own mean unless given.
        """
        out = np.empty((order + 1, len(self.kinds), low.size))
        for g in sorted({g for _, g in self.kinds}):
            ends = [(t / self.width - g, ramps(t / self.width - g, self.samples, order)) for t in (low, high)]
            for m in range(self.samples + 1):
                number = self.place[m, g + self.shift]
                if number >= 0:
                    at = 0.5 * m if centre is None else centre / self.width - g
                    below, above = (_truncated(np.clip(t, 0.0, m), at, ramp[:, m]) for t, ramp in ends)
                    out[:, number] = (above - below) * self.width ** np.arange(order + 1)[:, None]
        return out


def _truncated(t: Values, centre: Values | float, ramp: Values) -> Values:
    """``E (X - c)^p`` over ``X <= t`` for all p: ``X - c = (t - c) - (t - X)``, and ``ramp[k] k! = E (t - X)_+^k``."""
    powers = [ramp[0]]
    for p in range(1, len(ramp)):
        signs = [math.comb(p, k) * (-1) ** k * math.factorial(k) for k in range(p + 1)]
        powers.append(sum(sign * (t - centre) ** (p - k) * ramp[k] for k, sign in enumerate(signs)))
    return np.stack(powers)
