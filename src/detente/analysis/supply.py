"""Who supplies a country with goods, directly and through hubs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from detente.equilibrium.equilibria import Equilibria
from detente.errors import ScenarioError
from detente.policy.entries import block_of
from detente.simulation.outcome import Outcome
from detente.world.names import resolve_countries

MAIN_SUPPLIERS = 3
"""Suppliers outside the lane that are shown by name; the rest are together."""


def supply_links(found: Outcome) -> pd.DataFrame:
    """Goods bound for the first lane's destination, by origin and way, before and after.

    Parameters
    ----------
    found
        A scenario with routes, whose first lane has one destination. The lane's origins are shown
        as the scenario has them: countries, and groups such as EU27.

    Returns
    -------
    DataFrame
        Columns `when` (before, after), `origin`, `route`, `value` in million USD.

    Raises
    ------
    ScenarioError
        No routes, or the first lane has several destinations.
    """
    leak, routes = found.leakage, found.scenario.routes
    if leak is None or routes is None:
        raise ScenarioError(f"{found.scenario.title!r} has no routes")
    flows, groups = leak.flows[0], routes.lanes[0].origins
    if flows.sizes["destination"] != 1:
        raise ScenarioError("the first lane has several destinations; a diagram shows one")
    destination = str(flows["destination"].item())
    ends = {"before": found.before, "after": found.after}
    bought = pd.DataFrame({when: _bought(e, destination) for when, e in ends.items()})
    outside = bought.drop(flows["origin"].values).sort_values("before", ascending=False)
    main, rest = outside[:MAIN_SUPPLIERS], outside[MAIN_SUPPLIERS:].sum()
    rows: list[tuple[Any, ...]] = []
    for when in ends:
        lane = flows[when].sum(["sector", "destination"])
        for group in groups:
            members = resolve_countries(group, found.world.countries)
            sold = lane.sel(origin=members).sum("origin").to_series()
            rows += [(when, group, route, value) for route, value in sold.items()]
        rows += [(when, name, "direct", value) for name, value in main[when].items()]
        rows.append((when, "others", "direct", rest[when]))
    return pd.DataFrame(rows, columns=["when", "origin", "route", "value"])


def _bought(e: Equilibria, destination: str) -> pd.Series:
    """Goods that a destination buys abroad, by origin."""
    world = e.economy.world
    flows = e.sales(*block_of(world, "goods", destination, None))
    return pd.Series(flows[..., 0].sum((0, 1)), index=world.countries)
