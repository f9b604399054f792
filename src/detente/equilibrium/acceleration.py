"""Anderson's acceleration of a fixed-point iteration."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detente.arrays import Array
from detente.equilibrium.kernels import compiled

EXPLOSION = 1e3
"""A residual this many times the best so far undoes the step that led to it."""

RIDGE = 1e-14
"""Relative regularisation of the inner products of past steps, which become nearly collinear."""


@compiled
def inner_products(V: Array, v: Array) -> Array:
    """Inner products of the rows of V with v, in one fixed order of summation."""
    products = np.zeros(V.shape[0])
    for m in range(V.shape[0]):
        for s in range(V.shape[1]):
            products[m] += V[m, s] * v[s]
    return products


@compiled
def difference(a: Array, b: Array, out: Array) -> None:
    """Write a - b into out."""
    for s in range(out.size):
        out[s] = a[s] - b[s]


@compiled
def advance(x: Array, f: Array, weights: Array, dG: Array) -> Array:
    """The next point, x + f - sum_m weights[m] dG[m]."""
    after = x + f
    for m in range(weights.size):
        for s in range(x.size):
            after[s] -= weights[m] * dG[m, s]
    return after


def accelerate(
    model: Callable[[Array], tuple[Array, float]],
    x: Array,
    normalise: Callable[[Array], None],
    tolerance: float,
    max_evaluations: int,
    memory: int,
) -> tuple[Array, float]:
    """Find x whose residual is within tolerance.

    Parameters
    ----------
    model
        At x, the plain step f(x) and the largest residual.
    x
        Starting point.
    normalise
        Imposes the numeraire on a point, in place.
    tolerance, max_evaluations
        When to stop.
    memory
        How many past steps to combine.

    Returns
    -------
    tuple
        The last point and the largest residual there, which the caller compares with the
        tolerance.

    Notes
    -----
    Anderson (1965), Journal of the ACM 12(4); type II in the notation of Walker and Ni (2011),
    SIAM Journal on Numerical Analysis 49(4). A residual that explodes or is not a number drops
    the memory and goes on from the best point with steps half as long.
    """
    dF, dG = np.empty((memory, x.size)), np.empty((memory, x.size))
    gram = np.zeros((memory, memory))
    best_x, best, length, steps = x.copy(), np.inf, 1.0, 0
    last_x, last_f = x, np.empty(0)
    worst = np.inf
    for _ in range(max_evaluations):
        f, worst = model(x)
        if worst <= tolerance:
            return x, worst
        if not worst < EXPLOSION * best:
            x, best, length, steps = best_x.copy(), np.inf, 0.5 * length, 0
            f, worst = model(x)
        elif worst < best:
            best_x, best = x, worst
        if length != 1.0:
            f *= length
        kept = min(steps, memory)
        if kept:
            slot = (steps - 1) % memory
            difference(f, last_f, dF[slot])
            difference(x, last_x, dG[slot])
            dG[slot] += dF[slot]
            gram[slot, :kept] = gram[:kept, slot] = inner_products(dF[:kept], dF[slot])
        system = gram[:kept, :kept] + RIDGE * np.trace(gram[:kept, :kept]) * np.eye(kept)
        weights = np.linalg.solve(system, inner_products(dF[:kept], f))
        last_x, last_f = x, f
        x = advance(x, f, weights, dG)
        normalise(x)
        steps += 1
    return x, worst


@compiled
def _retreat(weights: Array, dG: Array, x: Array) -> None:
    """Take sum_m weights[m,k] dG[m,s,k] off x[s,k]."""
    for s in range(x.shape[0]):
        for m in range(dG.shape[0]):
            for k in range(x.shape[1]):
                x[s, k] -= weights[m, k] * dG[m, s, k]


class Memory:
    """Anderson's acceleration of many iterations at once, one to a column; see `accelerate`.

    Points are [block, country, column], the blocks log wages, prices and expenditures by sector.
    Steps are compared by each country's wage, sum of prices and sum of expenditures only: what is
    slow to settle shows there, and comparing all rows does not save an evaluation.
    """

    SIZE = 4
    RIDGE = 1e-12

    def __init__(self, shape: tuple[int, int, int]) -> None:
        blocks, countries, columns = shape
        self._first_rows = [0, 1, 1 + blocks // 2]
        self._dG = np.empty((self.SIZE, blocks * countries, columns))
        self._dF = np.empty((self.SIZE, 3 * countries, columns))
        self._last_G, self._last_F = np.empty(shape), np.empty(self._dF.shape[1:])
        self._steps = 0

    def advance(self, x: Array, f: Array) -> Array:
        """The next point after x, at which the plain step is f."""
        F = np.add.reduceat(f, self._first_rows, axis=0).reshape(self._dF.shape[1:])
        G = x + f
        after = G.copy()
        kept = min(self._steps, self.SIZE)
        if kept:
            slot = (self._steps - 1) % self.SIZE
            rows = self._dG.shape[1:]
            np.subtract(G.reshape(rows), self._last_G.reshape(rows), out=self._dG[slot])
            np.subtract(F, self._last_F, out=self._dF[slot])
            _retreat(self._weights(F, kept), self._dG[:kept], after.reshape(rows))
        self._last_G, self._last_F = G, F
        self._steps += 1
        return after

    def _weights(self, F: Array, kept: int) -> Array:
        """Weights of past steps that leave the least of F, [m,k]."""
        past = self._dF[:kept]
        gram = np.einsum("ask,bsk->kab", past, past)
        ridge = self.RIDGE * np.trace(gram, axis1=1, axis2=2) + np.finfo(float).tiny
        gram += ridge[:, None, None] * np.eye(kept)
        weights = np.linalg.solve(gram, np.einsum("ask,sk->ka", past, F)[..., None])
        return np.ascontiguousarray(weights[..., 0].T)
