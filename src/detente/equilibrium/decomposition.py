"""The published first-order decomposition of welfare into terms and volume of trade."""

from __future__ import annotations

import numpy as np

from detente.arrays import Array
from detente.equilibrium.equilibria import Equilibria


def decompose(before: Equilibria, after: Equilibria, draw: int = 0) -> dict[str, Array]:
    """Terms of trade, volume of trade and trade costs by country, partner and sector, [n,i,j].

    In percent of income. With E exports of n to i and M imports of n from i before, net of
    tariffs, and arithmetic changes d = hat - 1:

        ToT[n,i,j] = (E[n,i,j] dc[n,j] - M[n,i,j] dc[i,j]) / I[n]
        VoT[n,i,j] = t[n,i,j] M[n,i,j] (dM[n,i,j] - dc[i,j]) / I[n]
        costs[n,i,j] = -M[n,i,j] (1 + t[n,i,j]) dd[n,i,j] / I[n]

    The first two are Caliendo and Parro (2015), equations 15 to 17, where policy is tariffs only;
    the third is what imports save, to first order, when iceberg costs d fall, over all routes that
    the trade may take. A ban has no first-order effect that is finite: its `costs` are minus
    infinity.
    """
    t = before.tariffs(draw).transpose(1, 2, 0)
    # [n,i,j], n the destination
    imports, imports_after = (e.trade(draw).transpose(1, 2, 0) for e in (before, after))
    exports = imports.transpose(1, 0, 2)
    dc = (after.c[..., draw] / before.c[..., draw]).T - 1
    with np.errstate(invalid="ignore"):
        d_hat = after.cost_factors(draw) / before.cost_factors(draw)
    dd = np.where(imports > 0, d_hat.transpose(1, 2, 0) - 1, 0.0)
    parts = {
        "terms_of_trade": exports * dc[:, None, :] - imports * dc[None, :, :],
        "volume_of_trade": t * (imports_after - imports * (1 + dc[None, :, :])),
        "trade_costs": np.where(imports > 0, -imports * (1 + t) * dd, 0.0),
    }
    percent = 100 / before.I[:, draw, None, None]
    return {name: values * percent for name, values in parts.items()}
