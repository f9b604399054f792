"""The published first-order decomposition of welfare into terms and volume of trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from detente.equilibrium.outcomes import Equilibrium


def decompose(equilibrium: Equilibrium) -> xr.Dataset:
    """Terms of trade and volume of trade by country, partner and sector, percent of income.

    With E exports of n to i and M imports of n from i at the baseline, net of tariffs, and
    arithmetic changes d = hat - 1:

        ToT[n,i,j] = (E[n,i,j] dc[n,j] - M[n,i,j] dc[i,j]) / I[n]
        VoT[n,i,j] = t[n,i,j] M[n,i,j] (dM[n,i,j] - dc[i,j]) / I[n]

    Caliendo and Parro (2015), equations 15 to 17.
    """
    world, s = equilibrium.world, equilibrium.solution
    flows = equilibrium.trade
    exports = flows["before"].values  # [n,i,j], n the origin
    imports = exports.transpose(1, 0, 2)
    imports_after = flows["after"].values.transpose(1, 0, 2)
    dc = s.c - 1
    income = world.income.values[:, None, None]
    terms = exports * dc[:, None, :] - imports * dc[None, :, :]
    volume = world.data["t"].values * (imports_after - imports * (1 + dc[None, :, :]))
    coords = {"country": world.countries, "partner": world.countries, "sector": world.sectors}
    parts = xr.Dataset(
        {
            "terms_of_trade": (("country", "partner", "sector"), 100 * terms / income),
            "volume_of_trade": (("country", "partner", "sector"), 100 * volume / income),
        },
        coords=coords,
        attrs={"units": "percent of income", **equilibrium.manifest()},
    )
    total = (parts["terms_of_trade"] + parts["volume_of_trade"]).sum(["partner", "sector"])
    exact = equilibrium.welfare.drop_attrs()
    return parts.assign(total=total, exact=exact)
