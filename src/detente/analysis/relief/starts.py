"""Where the search for a package's equilibrium starts: from what its parts do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from detente.arrays import Array, Flags, Floats, Positions
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.native import one_thread

LARGEST_PART = 2
"""Bundles eased at most in a part.

With pairs the 4,096 packages of 12 bundles take 7.4 evaluations each in place of 9.7; triples
save another half of one and cost as much to sum.
"""

WORTH = 8
"""Packages to be solved for each part, at least: with fewer, parts cost more than they save."""


@dataclass(frozen=True, eq=False)
class Starts:
    """Guesses of packages' equilibria: in logs, what packages do is nearly a sum over their parts.

    Attributes
    ----------
    before
        The status quo.
    parts
        Packages that ease few bundles, (part, bundle).
    terms
        What each part adds, in logs of wages, prices and expenditures, to what its own parts do,
        [state, part].
    """

    before: Equilibria
    parts: Positions
    terms: Floats

    @classmethod
    def of(
        cls, before: Equilibria, levels: Positions, solved: Callable[[Positions], Array]
    ) -> Starts | None:
        """Solve the parts among some packages (package, bundle); None where that is not worth it.

        Parameters
        ----------
        before
            The status quo.
        levels
            The packages that are to be solved.
        solved
            Solves packages, to `logs` (state, package).
        """
        parts = np.unique(levels[(levels > 0).sum(1) <= LARGEST_PART], axis=0)
        if not 0 < WORTH * len(parts) <= len(levels):
            return None
        shifts = solved(parts) - logs(before)
        with one_thread():
            terms = np.linalg.solve(_contained(parts, parts).T, shifts.T).T
        return cls(before, parts, np.ascontiguousarray(terms, np.float32))

    def near(self, levels: Positions) -> Equilibria:
        """Guesses for packages (package, bundle), one to a draw."""
        e = self.before.of(np.zeros(len(levels), np.int64))
        shifts = self.terms @ _contained(self.parts, levels)
        J = len(e.log_P)
        w, P, X = np.split(shifts.reshape(1 + 2 * J, *e.I.shape), [1, 1 + J])
        return replace(e, log_w=e.log_w + w[0], log_P=e.log_P + P, X=e.X * np.exp(X))


def logs(e: Equilibria) -> Array:
    """Logs of wages, prices and expenditures, [state, k]; zero for what is not bought."""
    X = np.log(e.X, out=np.zeros_like(e.X), where=e.X > 0)
    return np.concatenate([e.log_w[None], e.log_P, X]).reshape(-1, e.draws)


def _contained(parts: Positions, levels: Positions) -> Floats:
    """Which parts are in which packages, to the same degrees, [part, package]."""
    inside: Flags = ((parts[:, None] == 0) | (parts[:, None] == levels)).all(-1)
    return inside.astype(np.float32)
