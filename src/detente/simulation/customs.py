"""What goes round the sanctions: offset ratio, flows through hubs, margins, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq

from detente.equilibrium import Equilibrium, solve
from detente.errors import ScenarioError
from detente.policy.changes import Changes
from detente.policy.routes import DIRECT, RouteChoice, RoutedChanges

TARGET_OFFSET = 0.05
"""Offset ratio to calibrate to: about 5 percent in the first year, below 10 percent later.

Chupilkin, Javorcik and Plekhanov (2023), "The Eurasian roundabout: trade flows into Russia through
the Caucasus and Central Asia", EBRD Working Paper 276, and their later work (2025).
"""


@dataclass(frozen=True, eq=False)
class Leakage:
    """Trade of the lanes by route, before and after, in the world's units.

    Attributes
    ----------
    equilibrium
        The counterfactual.
    flows
        For each lane a Dataset `before`, `after` (route, sector, destination, origin): where
        goods truly come from and go to, by the way they take.
    margins
        Rise of each hub's handling margins, by hub.
    """

    equilibrium: Equilibrium
    flows: tuple[xr.Dataset, ...]
    margins: pd.Series

    def offset_ratio(self, lane: int = 0) -> float:
        """Rise of trade through hubs over the fall of direct trade; NaN if direct did not fall."""
        change = (self.flows[lane]["after"] - self.flows[lane]["before"]).sum(
            ["sector", "destination", "origin"]
        )
        fall = -float(change.sel(route=DIRECT))
        rise = float(change.sum()) + fall
        return rise / fall if fall > 0 else float("nan")

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


def measure_leakage(routed: RoutedChanges, equilibrium: Equilibrium) -> Leakage:
    """Read flows by route, and what hubs earn, from a solved equilibrium.

    Raises
    ------
    ScenarioError
        The equilibrium was not solved from these changes.
    """
    if equilibrium.changes is not routed.changes:
        raise ScenarioError("this equilibrium was not solved from these routed changes")
    choice = routed.choice
    flows = tuple(_flows(routed, equilibrium, k) for k in range(len(choice.lanes)))
    earned = [equilibrium.solution.H[choice.world.countries.index(h)] for h in choice.hubs]
    margins = pd.Series(earned, index=pd.Index(choice.hubs, name="hub"), name="margin")
    return Leakage(equilibrium, flows, margins)


def _flows(routed: RoutedChanges, equilibrium: Equilibrium, lane: int) -> xr.Dataset:
    shares = routed.route_shares(lane)
    pair = {d: shares[d].values for d in ("origin", "destination", "sector")}
    trade = equilibrium.trade.sel(pair)
    apart = shares["origin"] != shares["destination"]
    dims = ("route", "sector", "destination", "origin")
    return xr.Dataset(
        {k: (shares[k] * trade[k].where(apart, 0.0)).transpose(*dims) for k in ("before", "after")},
        attrs=trade.attrs,
    )


def calibrate_routes(
    choice: RouteChoice,
    embargo: Changes,
    target_offset: float = TARGET_OFFSET,
    *,
    tolerance: float = 1e-4,
) -> RouteChoice:
    """Find the hub share at which an embargo's offset ratio is the one observed.

    Parameters
    ----------
    choice
        Hubs and lanes; its first lane is the one embargoed.
    embargo
        The cost changes whose offset ratio is known.
    target_offset
        Offset ratio to reach, between 0 and 1.
    tolerance
        On the offset ratio.

    Raises
    ------
    ScenarioError
        No hub share gives that offset; the message says which offsets can be reached.

    Examples
    --------
    >>> import detente
    >>> from detente.simulation.customs import calibrate_routes
    >>> from detente.policy.routes import route_choice
    >>> world = detente.load_world("icio2022")
    >>> routes = route_choice(world, ["BLR", "KAZ", "TUR"], [(["USA", "EU27"], "RUS")])
    >>> embargo = detente.Changes(world).cost(["USA", "EU27"], "RUS", "goods", factor=1.5)
    >>> 0.001 < calibrate_routes(routes, embargo).hub_share < 0.05
    True
    """
    if not 0 < target_offset < 1:
        raise ScenarioError(f"offset ratio {target_offset} must lie between 0 and 1")

    def offset(log_share: float) -> float:
        routed = replace(choice, hub_share=float(np.exp(log_share))).apply(embargo)
        found = solve(choice.world, routed.changes)
        return measure_leakage(routed, found).offset_ratio()

    low, high = np.log(1e-5), np.log(0.3)
    ends = offset(low), offset(high)
    if not ends[0] < target_offset < ends[1]:
        raise ScenarioError(
            f"an offset ratio of {target_offset:g} cannot be reached: hub shares between "
            f"{np.exp(low):g} and {np.exp(high):g} give {ends[0]:.4g} to {ends[1]:.4g}"
        )
    found = brentq(lambda s: offset(s) - target_offset, low, high, xtol=tolerance)
    return replace(choice, hub_share=float(np.exp(found)))


def leakage_curve(
    choice: RouteChoice,
    changes: Changes,
    factors: Sequence[float],
    hub: str | None = None,
) -> pd.DataFrame:
    """Leakage as enforcement raises the handling cost of one hub, or of all.

    Parameters
    ----------
    choice, changes
        Routes and policy.
    factors
        Handling cost factors mu_hat to try.
    hub
        One hub, or all of them.

    Returns
    -------
    DataFrame
        By factor: the offset ratio, trade through hubs and directly, and the hubs' margins, in
        the world's units.
    """
    rows = []
    for factor in factors:
        enforced = choice.with_enforcement(factor if hub is None else {hub: factor})
        routed = enforced.apply(changes)
        leak = measure_leakage(routed, solve(choice.world, routed.changes))
        after = leak.by_route()["after"]
        rows.append(
            {
                "mu_hat": factor,
                "offset_ratio": leak.offset_ratio(),
                "direct": after[DIRECT],
                "through_hubs": after.drop(DIRECT).sum(),
                "margins": leak.margins.sum(),
            }
        )
    return pd.DataFrame(rows).set_index("mu_hat")
