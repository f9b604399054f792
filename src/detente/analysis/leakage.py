"""What goes round the sanctions in a case: channels, routes, break-even, enforcement."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from detente.analysis.channels import BreakEven, break_even, enforcement, welfare_channels
from detente.analysis.supply import supply_links
from detente.cases import Case
from detente.errors import ScenarioError
from detente.simulation.runs import run
from detente.world.names import resolve_countries

ENFORCEMENT = [1.0, 1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5]


@dataclass(frozen=True, eq=False)
class Leaks:
    """Circumvention in a case.

    Attributes
    ----------
    title, country, hub
        Of the case; whose welfare is explained; where enforcement is tried.
    titles
        Scenario name to title.
    channels
        Percent of income by scenario and channel, with the total.
    routes
        Trade of the first lane by scenario and route, before and after, million USD; the rise of
        hub margins.
    break_evens
        By scenario.
    drawn
        Name of the scenario whose supply and enforcement are shown.
    supply, enforcement
        Of that scenario; see `supply_links` and `enforcement`.
    manifest
        What made the numbers.
    """

    title: str
    country: str
    hub: str
    titles: dict[str, str]
    channels: pd.DataFrame
    routes: pd.DataFrame
    break_evens: dict[str, BreakEven]
    drawn: str
    supply: pd.DataFrame
    enforcement: pd.DataFrame
    manifest: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        return {
            "channels": self.channels.reset_index(),
            "routes": self.routes.reset_index(),
            "supply": self.supply,
            "enforcement": self.enforcement.reset_index(),
        }

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        return {
            "title": self.title,
            "country": self.country,
            "hub": self.hub,
            "titles": self.titles,
            **{k: json.loads(t.to_json(orient="records")) for k, t in self.tables().items()},
            "break_even": {k: str(b) for k, b in self.break_evens.items()},
            "drawn": self.drawn,
            "manifest": self.manifest,
        }


def leaks(
    case: Case,
    drawn: str | None = None,
    hub: str | None = None,
    country: str = "RUS",
    progress: Callable[[int, int], object] | None = None,
) -> Leaks:
    """Follow what goes round the sanctions in every scenario of a case.

    Parameters
    ----------
    case
        With routes.
    drawn
        Scenario whose supply and enforcement are shown; by default the last easing.
    hub
        Where enforcement is tried; the case's target by default.
    country
        Whose welfare is explained.
    progress
        Called with (scenarios done, scenarios in all).

    Raises
    ------
    ScenarioError
        The case has no routes, or no such scenario or hub.
    """
    if case.routes is None:
        raise ScenarioError(f"the case {case.title!r} has no routes: nothing leaks")
    hub = hub or case.target
    drawn = drawn or case.last_easing()
    chosen = case.scenario(drawn)
    world = chosen.load_world()
    country = resolve_countries(country, world.countries)[0]
    hub = resolve_countries(hub, world.countries)[0]
    channels, routes, evens, manifests, results = {}, {}, {}, {}, {}
    for done, name in enumerate(case.scenarios, start=1):
        scenario = case.scenario(name)
        channels[name] = welfare_channels(scenario, country)["percent"]
        evens[name] = break_even(scenario, country, hub)
        results[name] = result = run(scenario)
        leak = result.leakage
        assert leak is not None
        routes[name] = leak.by_route().join(leak.margins.rename_axis("route"))
        manifests[name] = result.equilibrium.manifest()
        if progress is not None:
            progress(done, len(case.scenarios))
    groups = [g for lane in case.routes.lanes[:1] for g in lane.origins]
    return Leaks(
        title=case.title,
        country=country,
        hub=hub,
        titles={name: change.title for name, change in case.scenarios.items()},
        channels=pd.DataFrame(channels).T.rename_axis("scenario"),
        routes=pd.concat(routes, names=["scenario"]),
        break_evens=evens,
        drawn=drawn,
        supply=supply_links(results[drawn], groups),
        enforcement=enforcement(chosen, ENFORCEMENT, hub, country),
        manifest={"scenarios": manifests},
    )
