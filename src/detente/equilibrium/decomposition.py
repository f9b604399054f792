"""The published first-order decomposition of welfare into terms and volume of trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from detente.equilibrium.outcomes import Equilibrium


def decompose(equilibrium: Equilibrium) -> xr.Dataset:
    """Terms of trade, volume of trade and trade costs by country, partner and sector.

    In percent of income. With E exports of n to i and M imports of n from i at the baseline, net
    of tariffs, and arithmetic changes d = hat - 1:

        ToT[n,i,j] = (E[n,i,j] dc[n,j] - M[n,i,j] dc[i,j]) / I[n]
        VoT[n,i,j] = t[n,i,j] M[n,i,j] (dM[n,i,j] - dc[i,j]) / I[n]
        costs[n,i,j] = -M[n,i,j] (1 + t[n,i,j]) dd[n,i,j] / I[n]

    The first two are Caliendo and Parro (2015), equations 15 to 17, where policy is tariffs only;
    the third is what imports save, to first order, when iceberg costs d fall. A ban has no
    first-order effect that is finite: its `costs` are minus infinity.
    """
    world, s = equilibrium.world, equilibrium.solution
    exports = world.trade.values  # [n,i,j], n the origin
    imports = exports.transpose(1, 0, 2)
    imports_after = equilibrium.trade["after"].values.transpose(1, 0, 2)
    t = world.data["t"].values
    dc = s.c - 1
    dd = equilibrium.changes.d_hat.values - 1
    parts = {
        "terms_of_trade": exports * dc[:, None, :] - imports * dc[None, :, :],
        "volume_of_trade": t * (imports_after - imports * (1 + dc[None, :, :])),
        "trade_costs": np.where(
            imports > 0, -imports * (1 + t) * np.where(imports > 0, dd, 0), 0.0
        ),
    }
    percent = 100 / world.income.values[:, None, None]
    data = xr.Dataset(
        {k: (("country", "partner", "sector"), v * percent) for k, v in parts.items()},
        coords={"country": world.countries, "partner": world.countries, "sector": world.sectors},
        attrs={"units": "percent of income", **equilibrium.manifest()},
    )
    total = sum(data[k].sum(["partner", "sector"]) for k in parts)
    return data.assign(total=total, exact=equilibrium.welfare.drop_attrs())
