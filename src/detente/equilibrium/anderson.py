"""Anderson's acceleration of fixed-point iterations, one to a draw."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np

from detente.arrays import Array, Floats, Positions

RIDGE = 1e-12
"""Relative regularisation of the inner products of past steps, which become nearly collinear."""


def _mixed(G: Array, weights: Array, dG: Floats) -> Array:
    """G[s,k] - sum_m weights[m,k] dG[m,s,k]."""
    past = np.einsum("msk,mk->sk", dG[: len(weights)], weights.astype(np.float32))
    mixed: Array = G - past
    return mixed


class Anderson:
    """Combines past steps of many iterations at once so that the least of the step is left.

    Anderson (1965), Journal of the ACM 12(4); type II in the notation of Walker and Ni (2011), SIAM
    Journal on Numerical Analysis 49(4).

    Parameters
    ----------
    memory
        How many past steps are combined.
    compared
        From a step (..., draw), the rows by which steps are compared, (row, draw).
    """

    def __init__(self, memory: int, compared: Callable[[Any], Array]) -> None:
        self._memory, self._compared = memory, compared
        self._steps = 0
        self._dG: Floats = np.empty(0, np.float32)
        self._dF: Array = np.empty(0)
        self._last_G: Array = np.empty(0)
        self._last_F: Array = np.empty(0)

    def forget(self) -> None:
        """Start anew."""
        self._steps = 0

    def of(self, draws: Positions) -> Anderson:
        """The iterations of some draws, at the point where they are."""
        some = copy(self)
        for name in ("_dG", "_dF", "_last_G", "_last_F") if self._steps else ():
            setattr(some, name, getattr(self, name)[..., draws])
        return some

    def advance(self, x: Array, f: Array | Floats) -> Array:
        """The next point after x, at which the plain step is f; both (..., draw)."""
        F, G = self._compared(f), (x + f).reshape(-1, x.shape[-1])
        if self._steps == 0:
            self._dG = np.empty((self._memory, *G.shape), np.float32)
            self._dF = np.empty((self._memory, *F.shape))
            after = G.copy()
        else:
            slot, kept = (self._steps - 1) % self._memory, min(self._steps, self._memory)
            np.subtract(G, self._last_G, out=self._dG[slot], casting="same_kind")
            np.subtract(F, self._last_F, out=self._dF[slot])
            after = _mixed(G, self._weights(F, kept), self._dG)
        self._last_G, self._last_F = G, F
        self._steps += 1
        return after.reshape(x.shape)

    def _weights(self, F: Array, kept: int) -> Array:
        """Weights of past steps that leave the least of F, [m,k]."""
        past = self._dF[:kept]
        gram = np.einsum("ask,bsk->kab", past, past)
        ridge = RIDGE * np.trace(gram, axis1=1, axis2=2) + np.finfo(float).tiny
        gram += ridge[:, None, None] * np.eye(kept)
        weights = np.linalg.solve(gram, np.einsum("ask,sk->ka", past, F)[..., None])
        return np.ascontiguousarray(weights[..., 0].T)
