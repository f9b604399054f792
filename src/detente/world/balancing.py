"""Filling cells from a prior: totals met, ceilings kept, moved as little as entropy asks.

Minimising the Kullback-Leibler divergence from a prior under sums of rows and columns and an upper
bound of every cell gives `min(ceiling, r_i c_n prior)`: the RAS of input-output tables where no
bound binds. The multipliers of rows and columns are found in turn, each exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detente.arrays import Array

ROUNDS = 500
"""Turns of rows and columns at most; totals of columns that contradict those of rows never meet."""

CLOSE = 1e-12
"""Change of a cell between turns, relative to the largest, at which the filling stands still."""

SETTLED = 1e-10
"""Largest correction of a margin at which the cells are taken to meet it."""

REACH = 1e-9
"""Weight of the cells that a prior leaves empty, where those it names cannot hold the total."""


def fill(prior: Array, ceiling: Array, totals: Array, beyond: Array) -> Array:
    """Rows of cells that sum to their totals, none above its ceiling.

    Parameters
    ----------
    prior
        Proportions within each row, [i,n].
    ceiling
        Upper bounds of cells, [i,n].
    totals
        Sums of rows, at most those of the ceilings, [i].
    beyond
        Proportions of what the cells of the prior cannot hold, [i,n].

    >>> thirds = np.array([[1.0, 1.0, 1.0]])
    >>> fill(thirds, np.array([[1.0, 9.0, 9.0]]), np.array([6.0]), thirds).tolist()
    [[1.0, 2.5, 2.5]]
    """
    prior = _reaching(prior, ceiling, totals, beyond)
    return np.minimum(ceiling, _multipliers(prior, ceiling, totals)[:, None] * prior)


def balance(prior: Array, ceiling: Array, rows: Array, columns: Array, beyond: Array) -> Array:
    """Cells whose rows sum to their totals and whose columns come as near as they can to theirs.

    Parameters
    ----------
    prior, ceiling, beyond
        As in `fill`, [i,n].
    rows
        Totals that hold, [i].
    columns
        Totals aimed at, not a number where there is none, [n].

    >>> asked = balance(
    ...     np.ones((2, 2)), np.full((2, 2), 9.0), np.array([4.0, 6.0]), np.array([3.0, np.nan]),
    ...     np.ones((2, 2)),
    ... )
    >>> asked.round(6).tolist()
    [[1.2, 2.8], [1.8, 4.2]]
    """
    scaled = _reaching(prior, ceiling, rows, beyond)
    aimed = np.flatnonzero(np.isfinite(columns))
    held = np.minimum(columns[aimed], np.where(scaled > 0, ceiling, 0)[:, aimed].sum(0))
    cells = np.zeros_like(scaled)
    for _ in range(ROUNDS):
        before = cells
        columnwise = _multipliers(scaled[:, aimed].T, ceiling[:, aimed].T, held)
        scaled[:, aimed] *= columnwise
        scaled *= _multipliers(scaled, ceiling, rows)[:, None]
        cells = np.minimum(ceiling, scaled)
        if abs(cells - before).max() <= CLOSE * cells.max():
            break
    return cells


@dataclass(frozen=True)
class Margin:
    """A total that cells are to have, over some of their axes.

    Attributes
    ----------
    over
        Axes that are summed over.
    total
        Sums, in the shape of the other axes; not a number where there is none to be met.
    at_most
        The total is a ceiling.
    """

    over: tuple[int, ...]
    total: Array
    at_most: bool = False

    def factors(self, cells: Array) -> Array:
        """What cells are to be multiplied by, with axes of length one where summed over."""
        found = cells.sum(self.over)
        ratio = np.divide(self.total, found, out=np.ones_like(found), where=found > 0)
        ratio[~np.isfinite(ratio)] = 1.0
        return np.expand_dims(np.minimum(ratio, 1.0) if self.at_most else ratio, self.over)


def scaled(cells: Array, margins: Sequence[Margin], rounds: int = ROUNDS) -> Array:
    """Cells of any number of axes scaled to margins in turn, until they stand still.

    Margins that contradict each other are not met; the last holds exactly.

    Parameters
    ----------
    cells
        The prior, [...].
    margins
        Totals in the order in which they are met.
    rounds
        Turns at most.

    >>> rows, columns = Margin((1,), np.array([3.0, 7.0])), Margin((0,), np.array([4.0, 6.0]))
    >>> scaled(np.ones((2, 2)), [rows, columns]).round(6).tolist()
    [[1.2, 1.8], [2.8, 4.2]]
    """
    cells = cells.copy()
    for _ in range(rounds):
        moved = 0.0
        for margin in margins:
            factors = margin.factors(cells)
            moved = max(moved, float(abs(factors - 1).max(initial=0.0)))
            cells *= factors
        if moved <= SETTLED:
            break
    return cells


def _reaching(prior: Array, ceiling: Array, totals: Array, beyond: Array) -> Array:
    """The prior, with a trace of the cells it leaves empty in rows that it cannot fill."""
    room = np.where(prior > 0, ceiling, 0).sum(1)
    short = (room < totals)[:, None] & (prior == 0) & (ceiling > 0)
    largest = prior.max(1, keepdims=True)
    largest = np.where(largest > 0, largest, 1.0)
    others = np.where(short, beyond, 0)
    whole = others.sum(1, keepdims=True)
    trace = np.divide(others, whole, out=np.zeros_like(others), where=whole > 0)
    reaching: Array = np.where(short, REACH * largest * trace, prior)
    return reaching


def _multipliers(prior: Array, ceiling: Array, totals: Array) -> Array:
    """The multiple of each row at which `min(ceiling, multiple * prior)` sums to its total, [i].

    The sum is piecewise linear in the multiple, with a kink where a cell reaches its ceiling; a
    total that the ceilings cannot hold takes the multiple at which all are reached.
    """
    cells = (prior > 0) & (ceiling > 0)
    slope, top = np.where(cells, prior, 0), np.where(cells, ceiling, 0)
    with np.errstate(over="ignore"):
        kink = np.divide(top, slope, out=np.full_like(top, np.inf), where=cells)
    order = np.argsort(kink, axis=1)
    slope, top, kink = (np.take_along_axis(a, order, 1) for a in (slope, top, kink))
    reached = np.cumsum(top, 1) - top
    rising = np.cumsum(slope[:, ::-1], 1)[:, ::-1]
    held = np.where(np.isfinite(kink), kink, 0)
    at = ((reached + held * rising < totals[:, None]) & np.isfinite(kink)).sum(1)
    last = np.isfinite(kink).sum(1) - 1
    row, at = np.arange(len(totals)), np.minimum(at, np.maximum(last, 0))
    wanted = np.divide(
        totals - reached[row, at],
        rising[row, at],
        out=np.zeros(len(totals)),
        where=rising[row, at] > 0,
    )
    multiples: Array = np.clip(wanted, 0, held[row, np.maximum(last, 0)])
    return multiples
