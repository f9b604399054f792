"""Why a country gains or loses: its welfare split into channels, and where the gain breaks even."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.policy.routes import RouteChoice
from detente.simulation.metrics import About, by_route
from detente.simulation.run import Outcome, Simulation
from detente.world.names import resolve_countries

CHANNELS = (
    "trade diversion",
    "rest of general equilibrium",
    "circumvention",
    "hub margins",
    "transfers",
)

SHARES = (1e-6, 0.5)
"""Hub shares between which one is looked for."""

POINTS = 16
"""Shares tried side by side: twice, so that one is found to less than a thousandth of itself."""


def welfare_channels(simulation: Simulation, scenario: str, country: str) -> pd.DataFrame:
    """Split a country's welfare under a scenario into channels that add up to the total.

    Channels are switched on one after the other, each solved in full: direct trade only; routes,
    without what hubs earn; hub margins; transfers. The first is split once more: `trade diversion`
    is what the country's terms of trade with the senders and the target do to it, to first order
    (Caliendo and Parro 2015, equation 16), the rest is the rest.

    Parameters
    ----------
    simulation
        Of one draw, with routes, patronage or neither; a channel that there is not is zero.
    scenario
        Its name.
    country
        Whose welfare.

    Returns
    -------
    DataFrame
        By channel, and `total`: percent of income, and equivalent variation in million USD.

    Raises
    ------
    ConvergenceError
        From the scenario.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> from detente.simulation.run import simulate
    >>> parts = welfare_channels(simulate(load_case("belarus-2025")), "us-goods", "RUS")
    >>> total = parts.loc["total", "percent"]
    >>> bool(abs(parts["percent"].drop("total").sum() - total) < 1e-9)
    True
    """
    p = simulation.parameters
    steps = simulation.varied(
        hub_share=p.hub_share * [0, 1, 1, 1],
        hub_margin=p.hub_margin * [0, 0, 1, 1],
        patron_share=p.patron_share * [0, 0, 0, 1],
    )
    costs = steps.compiled.scenario(scenario)
    last = replace(costs, transfers=costs.transfers * [0, 0, 0, 1])
    found = steps.respond(last, scenario)
    welfare = found.measure("welfare", About(country=country))
    diversion = _diversion(found, country)
    parts = [diversion, welfare[0] - diversion, *np.diff(welfare)]
    percent = pd.Series(parts, index=pd.Index(CHANNELS, name="channel"))
    percent["total"] = welfare[-1]
    income = float(found.equilibrium.income["before"].sel(country=country))
    return pd.DataFrame({"percent": percent, "million_usd": percent / 100 * income})


def _diversion(direct: Outcome, country: str) -> float:
    """First-order terms of trade of a country with the scenario's senders and targets."""
    measures = [a.measure for a in direct.scenario.actions()]
    named = {name for m in measures for name in (*m.senders, m.target)}
    partners = resolve_countries(sorted(named), direct.world.countries)
    terms = direct.equilibrium.decomposition["terms_of_trade"]
    return float(terms.sel(country=country, partner=partners).sum())


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
        Share of the lane's trade that passes through the hub in the status quo at that point.
    without_routes, at_default
        The country's welfare in percent without circumvention, and as the scenario has it.
    """

    country: str
    hub: str
    hub_share: float | None
    passing: float | None
    without_routes: float
    at_default: float

    @property
    def words(self) -> str:
        """The finding in a sentence, with codes of countries."""
        if self.passing is None:
            verb = "gains" if self.without_routes > 0 else "loses"
            return f"{self.country} {verb} whether or not goods pass through {self.hub}"
        side = "less" if self.without_routes > 0 else "more"
        share = f"{side} than {100 * self.passing:.2f} percent"
        return f"{self.country} gains if {share} of the goods bound for it pass through {self.hub}"


def break_even(simulation: Simulation, scenario: str, country: str, hub: str) -> BreakEven:
    """Find the share of goods that must pass through a hub for a country to gain.

    Parameters
    ----------
    simulation
        Of one draw, with routes; the first lane holds the goods.
    scenario
        Its name.
    country, hub
        Whose gain, and through which of the hubs.

    Raises
    ------
    ScenarioError
        There are no routes, or the hub is not one of them.
    """
    at = hub_position(routes_of(simulation), hub)

    def outcome(hub_shares: Array) -> Outcome:
        return simulation.varied(hub_share=hub_shares).outcome(scenario)

    def welfare(hub_shares: Array) -> Array:
        return outcome(hub_shares).measure("welfare", About(country=country))

    without, default = welfare(np.append(0.0, simulation.parameters.hub_share))
    share, passing = crossing(welfare), None
    if share is not None:
        before, _ = by_route(outcome(np.array([share])))
        passing = float((before[1 + at] / before.sum(0))[0])
    return BreakEven(country, hub, share, passing, float(without), float(default))


def crossing(excess: Callable[[Array], Array]) -> float | None:
    """The least hub share at which what is computed of many changes sign; None if it never does."""
    low, high = SHARES
    for _ in range(2):
        shares = np.geomspace(low, high, POINTS)
        values = excess(shares)
        turns = np.flatnonzero(values[:-1] * values[1:] < 0)
        if not turns.size:
            return None
        low, high = shares[turns[0] : turns[0] + 2]
        before, after = values[turns[0] : turns[0] + 2]
    return float(low * (high / low) ** (before / (before - after)))


def calibrate_routes(simulation: Simulation, scenario: str, observed: float = 0.05) -> float:
    """Find the hub share at which a scenario's offset ratio is the one observed.

    Parameters
    ----------
    simulation
        Of one draw, with routes.
    scenario
        Name of one in which direct trade of the first lane falls.
    observed
        Rise of trade through hubs over the fall of direct trade.

    Raises
    ------
    ScenarioError
        No hub share gives it.
    """
    routes_of(simulation)

    def excess(hub_shares: Array) -> Array:
        found = simulation.varied(hub_share=hub_shares).outcome(scenario)
        return found.measure("offset-ratio", About()) - observed

    share = crossing(excess)
    if share is None:
        low, high = SHARES
        raise ScenarioError(
            f"an offset ratio of {observed:g} cannot be reached: hub shares from {low:g} to "
            f"{high:g} were tried"
        )
    return share


def enforcement(
    simulation: Simulation,
    scenario: str,
    factors: Sequence[float],
    country: str,
    hub: str | None = None,
) -> pd.DataFrame:
    """What enforcement does: leakage as the handling cost of one hub, or of all, is raised.

    Parameters
    ----------
    simulation
        Of one draw, with routes.
    scenario
        Its name.
    factors
        Handling cost factors mu_hat; 1 changes nothing.
    country
        Whose welfare is shown beside the flows.
    hub
        One hub; omitted, all.

    Returns
    -------
    DataFrame
        By factor: trade of the first lane directly and through hubs (million USD), the share of it
        that takes a hub, the offset ratio (where direct trade falls), the rise of the hubs'
        margins, and the country's welfare in percent.

    Raises
    ------
    ScenarioError
        There are no routes, or the hub is not one of them.
    """
    choice = routes_of(simulation)
    hubs = np.arange(len(choice.hubs)) if hub is None else np.array([hub_position(choice, hub)])
    raised = np.ones((len(choice.hubs), len(factors)))
    raised[hubs] = factors
    found = simulation.varied(handling=simulation.parameters.handling * raised).outcome(scenario)
    _, after = by_route(found)
    through = after[1 + hubs].sum(0)
    columns = {
        "direct": after[0],
        "through_hubs": through,
        "share_through_hubs": through / after.sum(0),
        "offset_ratio": found.measure("offset-ratio", About()),
        "margins": found.after.H[choice.positions[hubs]].sum(0),
        "welfare": found.measure("welfare", About(country=country)),
    }
    return pd.DataFrame(columns, index=pd.Index(factors, name="mu_hat"))


def routes_of(simulation: Simulation) -> RouteChoice:
    """The routes that goods may take; a `ScenarioError` if there are none."""
    if simulation.compiler.routes is None:
        titles = ", ".join(repr(s.title) for s in simulation.scenarios.values())
        raise ScenarioError(f"no routes in {titles}: nothing goes round the sanctions")
    return simulation.compiler.routes


def hub_position(choice: RouteChoice, hub: str) -> int:
    """Which of the hubs one is; a `ScenarioError` if it is none."""
    if hub not in choice.hubs:
        raise ScenarioError(f"{hub!r} is not a hub here; hubs are {', '.join(choice.hubs)}")
    return choice.hubs.index(hub)
