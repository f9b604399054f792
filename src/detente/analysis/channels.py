"""Why a country gains or loses: its welfare split into channels, and where the gain breaks even."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from detente.equilibrium import Equilibrium
from detente.errors import ScenarioError
from detente.policy import Scenario
from detente.policy.scenario import Routes
from detente.simulation.runs import run
from detente.world.names import resolve_countries

CHANNELS = (
    "trade diversion",
    "rest of general equilibrium",
    "circumvention",
    "hub margins",
    "transfers",
)


def welfare_channels(scenario: Scenario, country: str = "RUS") -> pd.DataFrame:
    """Split a country's welfare under a scenario into channels that add up to the total.

    Channels are switched on one after the other, each a full solve: direct trade only; routes,
    without what hubs earn; hub margins; transfers. The first is split once more: `trade diversion`
    is what the country's terms of trade with the senders and the target do to it, to first order
    (Caliendo and Parro 2015, equation 16), the rest is the rest.

    Parameters
    ----------
    scenario
        With routes, patronage or neither; a channel that the scenario does not have is zero.
    country
        Whose welfare.

    Returns
    -------
    DataFrame
        By channel, and `total`: percent of income, and equivalent variation in million USD.

    Raises
    ------
    ScenarioError, ConvergenceError
        From the scenario.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> parts = welfare_channels(load_case("belarus-2025").scenario("us-goods"))
    >>> total = parts.loc["total", "percent"]
    >>> bool(abs(parts["percent"].drop("total").sum() - total) < 1e-9)
    True
    """
    routes = scenario.routes
    plain = scenario.model_copy(update={"routes": None, "patronage": None, "transfers": []})
    costless = routes and routes.model_copy(update={"margin": 0.0})
    steps = [
        plain,
        plain.model_copy(update={"routes": costless}),
        plain.model_copy(update={"routes": routes}),
        scenario,
    ]
    found = [run(step).equilibrium for step in steps]
    welfare = [float(e.welfare.sel(country=country)) for e in found]
    diversion = _diversion(found[0], scenario, country)
    parts = [diversion, welfare[0] - diversion, *np.diff(welfare)]
    percent = pd.Series(parts, index=pd.Index(CHANNELS, name="channel"))
    percent["total"] = welfare[-1]
    income = float(found[-1].world.income.sel(country=country))
    return pd.DataFrame({"percent": percent, "million_usd": percent / 100 * income})


def _diversion(direct: Equilibrium, scenario: Scenario, country: str) -> float:
    """First-order terms of trade of a country with the scenario's senders and targets."""
    named = {n for a in scenario.actions() for n in (*a.measure.senders, a.measure.target)}
    partners = resolve_countries(sorted(named), direct.world.countries)
    terms = direct.decomposition["terms_of_trade"].sel(country=country, partner=partners)
    return float(terms.sum())


@dataclass(frozen=True)
class BreakEven:
    """Where a country's gain from a scenario changes sign.

    Attributes
    ----------
    country, hub
        Whose welfare, and through which hub.
    hub_share
        Share of the lane's trade that would take any hub without sanctions, at which the country
        neither gains nor loses; None if it gains, or loses, at every share.
    passing
        Share of the lane's trade that passes through the hub in the baseline at that point.
    without_routes, at_default
        The country's welfare in percent without circumvention, and as the scenario has it.
    """

    country: str
    hub: str
    hub_share: float | None
    passing: float | None
    without_routes: float
    at_default: float

    def __str__(self) -> str:
        if self.hub_share is None or self.passing is None:
            verb = "gains" if self.without_routes > 0 else "loses"
            return f"{self.country} {verb} whether or not goods pass through {self.hub}"
        side = "less" if self.without_routes > 0 else "more"
        share = f"{side} than {100 * self.passing:.2f} percent"
        return f"{self.country} gains if {share} of the goods bound for it pass through {self.hub}"


def break_even(scenario: Scenario, country: str = "RUS", hub: str = "BLR") -> BreakEven:
    """Find the share of goods that must pass through a hub for a country to gain.

    Parameters
    ----------
    scenario
        With routes; its first lane holds the goods.
    country, hub
        Whose gain, and through which of the scenario's hubs.

    Raises
    ------
    ScenarioError
        The scenario has no routes, or the hub is not one of them.
    """
    routes = scenario.routes
    if routes is None:
        raise ScenarioError(f"{scenario.title!r} has no routes: nothing can pass through {hub}")
    if hub not in routes.hubs:
        raise ScenarioError(f"{hub!r} is not a hub here; hubs are {', '.join(routes.hubs)}")

    def outcome(log_share: float) -> tuple[float, float]:
        """Welfare of the country, and the share of the lane that passes through the hub."""
        share = {"hub_share": float(np.exp(log_share))}
        result = run(scenario.model_copy(update={"routes": routes.model_copy(update=share)}))
        assert result.leakage is not None
        before = result.leakage.by_route()["before"]
        passing = float(before[hub] / before.sum())
        return float(result.equilibrium.welfare.sel(country=country)), passing

    low, high = np.log(1e-6), np.log(0.5)
    ends = outcome(low)[0], outcome(high)[0]
    without = run(scenario.model_copy(update={"routes": None}))
    plain = float(without.equilibrium.welfare.sel(country=country))
    default = float(run(scenario).equilibrium.welfare.sel(country=country))
    if ends[0] * ends[1] > 0:
        return BreakEven(country, hub, None, None, plain, default)
    root = brentq(lambda s: outcome(s)[0], low, high, xtol=1e-3)
    return BreakEven(country, hub, float(np.exp(root)), outcome(root)[1], plain, default)


def enforcement(
    scenario: Scenario, factors: list[float], hub: str | None = None, country: str = "RUS"
) -> pd.DataFrame:
    """What enforcement does: leakage as the handling cost of one hub, or of all, is raised.

    Parameters
    ----------
    scenario
        With routes.
    factors
        Handling cost factors mu_hat; 1 changes nothing.
    hub
        One hub; omitted, all.
    country
        Whose welfare is shown beside the flows.

    Returns
    -------
    DataFrame
        By factor: trade of the first lane directly and through hubs (million USD), the share of it
        that takes a hub, the offset ratio (where direct trade falls), the hubs' margins, and the
        country's welfare in percent.
    """
    if scenario.routes is None:
        raise ScenarioError(f"{scenario.title!r} has no routes, so nothing leaks")
    rows = []
    for factor in factors:
        result = run(
            scenario.model_copy(update={"routes": _enforced(scenario.routes, factor, hub)})
        )
        leak = result.leakage
        assert leak is not None
        after = leak.by_route()["after"]
        through = float(after.drop("direct").sum() if hub is None else after[hub])
        rows.append(
            {
                "mu_hat": factor,
                "direct": float(after["direct"]),
                "through_hubs": through,
                "share_through_hubs": through / float(after.sum()),
                "offset_ratio": leak.offset_ratio(),
                "margins": float(leak.margins.sum() if hub is None else leak.margins[hub]),
                "welfare": float(result.equilibrium.welfare.sel(country=country)),
            }
        )
    return pd.DataFrame(rows).set_index("mu_hat")


def _enforced(routes: Routes, factor: float, hub: str | None) -> Routes:
    chosen = routes.hubs if hub is None else [hub]
    now = routes.enforcement
    raised = {**now, **{h: factor * now.get(h, 1.0) for h in chosen}}
    return routes.model_copy(update={"enforcement": raised})
