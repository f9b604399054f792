"""How sellers of a good with factors that cannot move feel each other, at the baseline.

Guides the search for the returns to such factors, and has no part in what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from detente.arrays import Floats
from detente.equilibrium.economy import Economy


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
    Gt, beta
        Input shares [n,f,k] and value-added shares [f,n,1].
    per_expenditure
        Value added of the destination over its expenditure, [f,n,1].
    """

    pi: Floats
    markets: Floats
    rivalry: Floats
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
        economy.G.transpose(0, 2, 1)[:, f],
        economy.beta.T[f, :, None],
        spent[..., None],
    )
    return Rivals(*(np.ascontiguousarray(part, np.float32) for part in parts))


def inverse(matrices: Floats) -> Floats:
    """Inverses of matrices [f,i,k], kept for the next solve under the same parameters."""
    return _inverse(matrices.tobytes(), matrices.shape)


@lru_cache(maxsize=4)
def _inverse(matrices: bytes, shape: tuple[int, int, int]) -> Floats:
    inverted: Floats = np.linalg.inv(np.frombuffer(matrices, np.float32).reshape(shape))
    return inverted
