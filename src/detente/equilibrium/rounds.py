"""Sums over rounds of trade and production, which derivatives of an equilibrium are made of."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from detente.arrays import Array, Flags, Floats
from detente.errors import ConvergenceError

Values = TypeVar("Values", Array, Floats)
"""In double precision or in single."""

TOLERANCE = 1e-13
"""Largest entry of the last term of a series of trade rounds, relative to that of the first."""

MAX_ROUNDS = 10_000
"""Rounds of trade after which a series is given up."""


def summed_rounds(
    shares: Values,
    G: Values,
    x: Values,
    tolerance: float = TOLERANCE,
    takes_part: Flags | bool = True,
) -> Values:
    """Solve x'[n,j] = x[n,j] + sum_k G[n,j,k] sum_i shares[k,n,i] x'[i,k], for all columns of x.

    Trade at home is solved by inversion, country by country; what crosses borders is summed over
    its rounds, a series that converges because every round leaves some of the value with labour.
    Where `takes_part`, [n,1,column], is false, a country has no x' in that column.

    Raises
    ------
    ConvergenceError
        The terms do not fall to the tolerance within `MAX_ROUNDS`, which takes a world whose goods
        are almost all made of traded inputs.
    """
    N, J, _ = G.shape
    home = np.einsum("knn->nk", shares)
    abroad = shares * (1 - np.eye(N, dtype=shares.dtype))
    own = np.linalg.inv(np.eye(J, dtype=G.dtype) - G * home[:, None, :])
    G = own @ G
    total: Values = takes_part * (own @ x)
    term = total
    largest = np.abs(total).max()
    for _ in range(MAX_ROUNDS):
        term = takes_part * (G @ across(abroad, term))
        total += term
        last = np.abs(term).max()
        if last <= tolerance * largest:
            return total
    raise ConvergenceError(
        f"derivatives do not settle within {MAX_ROUNDS} rounds of trade: last term "
        f"{last / largest:.3g} of the largest, tolerance {tolerance:.3g}",
        {"rounds": MAX_ROUNDS, "last_term": float(last / largest), "tolerance": tolerance},
    )


def across(shares: Values, x: Values) -> Values:
    """Sum over i of shares[j,n,i] x[i,j], for all columns of x, [n,j,column]."""
    summed: Values = (shares @ x.transpose(1, 0, 2)).transpose(1, 0, 2)
    return summed


def by_own_country(values: Values) -> Values:
    """Array [n,j,m] that holds values[n,j] where m is n."""
    N, J = values.shape
    own = np.zeros((N, J, N), values.dtype)
    own[np.arange(N), :, np.arange(N)] = values
    return own
