"""Who supplies a country with goods, directly and through hubs."""

from __future__ import annotations

import pandas as pd

from detente.errors import ScenarioError
from detente.simulation.runs import Run
from detente.world.names import is_goods, resolve_countries

MAIN_SUPPLIERS = 3
"""Suppliers outside the lane that are shown by name; the rest are together."""


def supply_links(result: Run, groups: list[str]) -> pd.DataFrame:
    """Goods bound for the first lane's destination, by origin and way, before and after.

    Parameters
    ----------
    result
        A run with routes, whose first lane has one destination.
    groups
        Origins of the lane as they are to be shown: countries and groups such as EU27.

    Returns
    -------
    DataFrame
        Columns `when` (before, after), `origin`, `route`, `value` in million USD.

    Raises
    ------
    ScenarioError
        The run has no routes, or its first lane has several destinations.
    """
    leak = result.leakage
    if leak is None or result.routed is None:
        raise ScenarioError(f"{result.scenario.title!r} has no routes")
    lane = result.routed.choice.lanes[0]
    if len(lane.destinations) != 1:
        raise ScenarioError("the first lane has several destinations; a diagram shows one")
    destination = lane.destinations[0]
    members = {g: resolve_countries(g, result.world.countries) for g in groups}
    rows = []
    for when in ("before", "after"):
        lanes = leak.flows[0][when].sum(["sector", "destination"])
        for group, inside in members.items():
            sold = lanes.sel(origin=[c for c in inside if c in lane.origins]).sum("origin")
            for route in sold["route"].values:
                rows.append((when, group, str(route), float(sold.sel(route=route))))
        others = _others(result, when, destination, set(lane.origins))
        rows += [(when, name, "direct", value) for name, value in others.items()]
    return pd.DataFrame(rows, columns=["when", "origin", "route", "value"])


def _others(result: Run, when: str, destination: str, lane: set[str]) -> dict[str, float]:
    """Main suppliers outside the lane, which sell directly, and the rest together."""
    goods = [s for s in result.world.sectors if is_goods(s)]
    trade = result.equilibrium.trade
    outside = [c for c in result.world.countries if c not in lane and c != destination]
    chosen = trade.sel(origin=outside, destination=destination, sector=goods).sum("sector")
    ranked = chosen["before"].to_series().sort_values(ascending=False).index
    main, rest = list(ranked[:MAIN_SUPPLIERS]), list(ranked[MAIN_SUPPLIERS:])
    found = {c: float(chosen[when].sel(origin=c)) for c in main}
    return found | {"others": float(chosen[when].sel(origin=rest).sum())}
