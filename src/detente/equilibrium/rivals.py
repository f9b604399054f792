"""How sellers of a good with factors that cannot move feel each other, at the baseline.

Guides the search for the returns to such factors, and has no part in what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from detente.arrays import Floats
from detente.equilibrium.economy import Economy

LEAST = 1e-12
"""Weight of a fixed factor, and sales over the world's, that stand for none."""


@dataclass(frozen=True, eq=False)
class Rivals:
    """Markets of some sectors f.

    Attributes
    ----------
    pi
        Expenditure shares, [f,n,i].
    markets
        Shares of its destinations in what an origin sells, [f,i,n].
    rivalry
        Shares of each supplier k in the markets of an origin i, by its sales, [f,i,k].
    B, Gt, beta
        Prices at home by errors of prices [n,j,f], input shares [n,f,k] and value-added shares
        [f,n,1].
    per_expenditure
        Value added of the destination over its expenditure, [f,n,1].
    """

    pi: Floats
    markets: Floats
    rivalry: Floats
    B: Floats
    Gt: Floats
    beta: Floats
    per_expenditure: Floats


@lru_cache(maxsize=8)
def rivals_in(economy: Economy, sectors: bytes) -> Rivals:
    """Markets of some sectors, whose positions are given as bytes."""
    f = np.frombuffer(sectors, np.int64)
    pi, X = economy.pi[f], economy.X.T[f]
    Z = economy.net[f] * X[:, :, None]
    sold = Z.sum(1, keepdims=True)
    shares = np.divide(Z, sold, out=np.zeros_like(Z), where=sold > 0)
    markets = np.ascontiguousarray(shares.transpose(0, 2, 1))
    spent = np.divide(economy.VA, X, out=np.zeros_like(X), where=X > 0)
    parts = (
        pi,
        markets,
        markets @ pi,
        economy.jacobian.B[:, :, f],
        economy.G.transpose(0, 2, 1)[:, f],
        economy.beta.T[f, :, None],
        spent[..., None],
    )
    return Rivals(*(np.ascontiguousarray(part, np.float32) for part in parts))


@dataclass(frozen=True, eq=False)
class Clearing:
    """Returns to factors that cannot move by what sales pay them too much, for any elasticity.

    A return raises unit cost by weight = beta phi, and theta times that of sales goes to rivals. At
    given spending and wages the excess of what is paid falls with returns by

        A + theta (1 - R) weight,   A = 1 - (1 - sigma) (phi - weight)

    with R the rivalry. As sales times R is symmetric, this has real eigenvalues, found once.

    Attributes
    ----------
    A, scale
        The first term, and what makes the second symmetric, [f,i,1].
    U, eigenvalues
        Eigenvectors [f,i,x] and eigenvalues [f,x,1].
    """

    A: Floats
    scale: Floats
    U: Floats
    eigenvalues: Floats

    def returns(self, theta: Floats, excess: Floats) -> Floats:
        """Returns that clear an excess [f,i,k] at elasticities [f,1,k]."""
        along = self.U.transpose(0, 2, 1) @ (excess / (self.A * self.scale))
        cleared: Floats = self.scale * (self.U @ (along / (1 + theta * self.eigenvalues)))
        return cleared


@lru_cache(maxsize=8)
def clearing_in(economy: Economy, sectors: bytes, phi: bytes, s: float) -> Clearing:
    """How returns clear in some sectors, at shares phi [f,n] of fixed factors and s = 1 - sigma."""
    f = np.frombuffer(sectors, np.int64)
    shares = np.frombuffer(phi).reshape(f.size, -1)
    weight = np.maximum(economy.beta.T[f] * shares, LEAST)
    A = 1 - s * (shares - weight)
    Y = np.maximum(economy.Y.T[f], LEAST * economy.Y.sum())
    joint = Y[:, :, None] * rivals_in(economy, sectors).rivalry
    apart = -(joint + joint.transpose(0, 2, 1)) / 2
    n = np.arange(Y.shape[1])
    apart[:, n, n] += Y
    root = np.sqrt(weight / (A * Y))
    eigenvalues, U = np.linalg.eigh(root[:, :, None] * apart * root[:, None, :])
    scale = 1 / np.sqrt(weight * A * Y)
    parts = A[..., None], scale[..., None], U, eigenvalues[..., None]
    return Clearing(*(np.ascontiguousarray(part, np.float32) for part in parts))
