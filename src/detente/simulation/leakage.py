"""What goes round the sanctions in a solved scenario: flows by route, offset ratio, margins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.equilibrium.outcomes import Equilibrium
from detente.policy.routes import DIRECT, RouteChoice, RouteShares


@dataclass(frozen=True, eq=False)
class Leakage:
    """Routed trade by route, before and after, in the world's units.

    Attributes
    ----------
    equilibrium
        The counterfactual beside its status quo.
    choice
        Hubs, and the trade that may use them.
    routed
        Shares of the routes, of which the first draw is read.
    handling
        What each country earns as a hub, [n].
    """

    equilibrium: Equilibrium
    choice: RouteChoice
    routed: tuple[RouteShares, ...]
    handling: Array

    @cached_property
    def flows(self) -> tuple[xr.Dataset, ...]:
        """For each block of routed trade `before`, `after` (route, sector, destination, origin).

        Where goods truly come from and go to, by the route they take.
        """
        return tuple(self._flows(shares) for shares in self.routed)

    @property
    def margins(self) -> pd.Series:
        """Rise of each hub's handling margins, by hub."""
        earned = self.handling[self.choice.positions]
        return pd.Series(earned, index=pd.Index(self.choice.hubs, name="hub"), name="margin")

    def offset_ratio(self, lane: int = 0) -> float:
        """Rise of trade through hubs over the fall of direct trade; NaN if direct did not fall."""
        table = self.by_route(lane)
        change = table["after"] - table["before"]
        fall = -float(change[DIRECT])
        return float(change.drop(DIRECT).sum()) / fall if fall > 0 else float("nan")

    def by_route(self, lane: int = 0) -> pd.DataFrame:
        """Trade of a lane by route, before and after, in the world's units."""
        total = self.flows[lane].sum(["sector", "destination", "origin"])
        return total.to_dataframe()[["before", "after"]]

    def customs(self) -> xr.Dataset:
        """Trade as customs record it beside true origin and destination.

        `true_before`, `true_after`, `recorded_before`, `recorded_after` (origin, destination,
        sector): goods that take a hub are recorded as sales to the hub and sales of the hub.
        """
        trade = self.equilibrium.trade
        recorded = {k: trade[k].copy(deep=True) for k in ("before", "after")}
        for flows in self.flows:
            for k, total in recorded.items():
                _record(total, flows[k])
        return xr.Dataset(
            {f"true_{k}": trade[k] for k in recorded}
            | {f"recorded_{k}": v for k, v in recorded.items()},
            attrs=trade.attrs,
        )

    def _flows(self, shares: RouteShares) -> xr.Dataset:
        j, n, i = block = shares.trade.block
        C, S = self.equilibrium.world.countries, self.equilibrium.world.sectors
        dims = ("route", "sector", "destination", "origin")
        coords = {
            "route": [DIRECT, *self.choice.hubs],
            "sector": [S[k] for k in j],
            "destination": [C[k] for k in n],
            "origin": [C[k] for k in i],
        }
        pairs = {
            "before": (shares.before, self.equilibrium.before),
            "after": (shares.after, self.equilibrium.after),
        }
        flows = {
            when: (dims, rho[..., 0] * e.sales(*block)[..., 0]) for when, (rho, e) in pairs.items()
        }
        return xr.Dataset(flows, coords=coords, attrs=self.equilibrium.in_units)


def _record(total: xr.DataArray, flows: xr.DataArray) -> None:
    """Move goods that take a hub from their true pair to the two legs, in place."""
    for hub in flows["route"].values[1:]:
        via = flows.sel(route=hub).transpose("origin", "destination", "sector").drop_vars("route")
        pair = {d: via[d].values for d in via.dims}
        total.loc[pair] -= via
        into = {"origin": pair["origin"], "sector": pair["sector"], "destination": hub}
        total.loc[into] += via.sum("destination")
        out = {"destination": pair["destination"], "sector": pair["sector"], "origin": hub}
        total.loc[out] += via.sum("origin")
