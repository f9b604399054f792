"""Where the search for a package's equilibrium starts: from what packages that ease less do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from detente.analysis.relief.bundles import Bundles
from detente.arrays import Array, Positions
from detente.equilibrium.equilibria import Equilibria

ORDER = 4
"""Bundles whose joint effect a guess leaves out.

The 4,096 packages of 12 bundles then take 2.3 evaluations each, in place of 13 from the status quo;
with three 2.5, with five 2.7: what a solve leaves of its error adds up over the packages summed.
"""


class Starts:
    """Guesses of packages' equilibria, from those of packages that ease fewer bundles.

    What packages do is, in logs, nearly a sum over what few bundles do together. Of the bundles
    that a package eases, the `ORDER` of least effect are set aside. Leaving out what only all of
    them together do, the package is an alternating sum over those without some of them.

    Parameters
    ----------
    bundles
        All of whose packages are to be solved.
    """

    def __init__(self, bundles: Bundles) -> None:
        self._before = bundles.simulation.before
        self._place = (1 + len(bundles.degrees)) ** np.arange(len(bundles.bundles))
        self._logs = _logs(self._before, self._before.unknowns)
        self._shifts = np.zeros((bundles.packages, len(self._logs)))
        self._effect = np.zeros(bundles.packages)
        self._learnt = np.zeros(bundles.packages, bool)

    def layers(self, levels: Positions) -> Iterator[Positions]:
        """Positions of packages by how many bundles they ease; ask for one when the last is learnt.

        Packages that are as hard to guess stand together; all that have been learnt are one layer.
        """
        if self._learnt[levels @ self._place].all():
            yield np.arange(len(levels))
            return
        eased = (levels > 0).sum(1)
        for size in np.unique(eased):
            layer = np.flatnonzero(eased == size)
            left_out = self._effect[self._aside(levels[layer])].prod(1)
            yield layer[np.argsort(left_out, kind="stable")]

    def near(self, levels: Positions) -> Equilibria | None:
        """Guesses for packages, one to a draw; what has been learnt is known.

        The packages ease equally many bundles, or all have been learnt. None where packages that
        ease less have not been.
        """
        packages = levels @ self._place
        parts, signs = packages[:, None], np.array([1])
        if not self._learnt[parts].all():
            aside = self._aside(levels)
            subsets = np.arange(1, 1 << aside.shape[1])[:, None] >> np.arange(aside.shape[1]) & 1
            parts, signs = parts - aside @ subsets.T, 2 * (subsets.sum(1) % 2) - 1
        if not self._learnt[parts].all():
            return None
        weights = np.tile(signs, len(packages)).astype(float)
        rows = np.arange(1 + len(packages)) * len(signs)
        shape = len(packages), len(self._shifts)
        shifts = csr_array((weights, parts.ravel(), rows), shape=shape) @ self._shifts
        e = self._before.of(np.zeros(len(packages), np.int64))
        J = len(e.log_P)
        parts = shifts.T.reshape(-1, *e.I.shape)
        w, P, X, rho = np.split(parts, [1, 1 + J, 1 + 2 * J])
        return replace(
            e,
            log_w=e.log_w + w[0],
            log_P=e.log_P + P,
            X=e.X * np.exp(X),
            log_rho=e.log_rho + rho,
        )

    def learn(self, levels: Positions, after: Equilibria) -> None:
        """Keep what packages do, one to a draw; one step ahead, or errors would add up."""
        x = after.unknowns if after.ahead is None else after.ahead
        packages, shifts = levels @ self._place, _logs(after, x) - self._logs
        self._shifts[packages] = shifts.T
        self._effect[packages] = np.linalg.norm(shifts, axis=0)
        self._learnt[packages] = True

    def _aside(self, levels: Positions) -> Positions:
        """Bundles of least effect in packages, by number of the package that eases each alone."""
        alone = levels * self._place
        effects = np.where(alone > 0, self._effect[alone], np.inf)
        least = np.argsort(effects, axis=1, kind="stable")
        aside = np.take_along_axis(alone, least, axis=1)
        return aside[:, : min(ORDER, np.count_nonzero(alone[0]))]


def _logs(e: Equilibria, x: Array) -> Array:
    """Unknowns [state,k], expenditures as logs; zero for what is not bought."""
    logs = x.copy()
    X = logs[1 + len(e.log_P) : 1 + 2 * len(e.log_P)]
    bought = (X > 0) & ~e.lost
    np.copyto(X, 0.0, where=~bought)
    np.log(X, out=X, where=bought)
    return logs.reshape(-1, e.draws)
