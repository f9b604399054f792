"""Why a country gains or loses: its welfare split into channels, and where the gain breaks even."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.policy.routes import RouteChoice
from detente.simulation.about import About, countries_at, sectors_at
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation
from detente.simulation.store import Store, looked_up
from detente.simulation.trade import by_route

CHANNELS = (
    "trade diversion",
    "rest of general equilibrium",
    "circumvention",
    "hub margins",
    "transfers",
)

STEPS = len(CHANNELS) - 1
"""The first two channels are found in one step."""

POINTS = 16
"""Shares tried side by side: twice, so that one is found to less than a thousandth of itself."""

TRIED = np.geomspace(1e-6, 0.5, POINTS)
"""Hub shares between which one is looked for."""


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


class Channels:
    """Why a country gains or loses under scenarios with routes, patronage or neither.

    Parameters
    ----------
    simulation
        The scenarios, of one draw.
    country
        Whose welfare.
    kept
        Keeps what is solved of these scenarios and this country for the next time.
    """

    def __init__(self, simulation: Simulation, country: str, kept: Store | None = None) -> None:
        self._simulation, self._country, self._kept = simulation, country, kept
        self._known: dict[str, tuple[Array, float]] = {}
        p, routes = simulation.parameters, simulation.compiler.routes
        # Channels switched on one after the other; no routes; where a hub share is looked for.
        tried = [0.0] if routes is None else [0.0, *TRIED]
        rest = np.ones(len(tried))
        self._varied = simulation.varied(
            hub_share=np.concatenate([p.hub_share * [0, 1, 1, 1], tried]),
            hub_margin=p.hub_margin * np.concatenate([[0, 0, 1, 1], rest]),
            patron_share=p.patron_share * np.concatenate([[0, 0, 0, 1], rest]),
        )

    def welfare(self, scenario: str) -> pd.DataFrame:
        """Split welfare under a scenario into channels that add up to the total.

        Channels are switched on one after the other, each solved in full: direct trade only;
        routes, without what hubs earn; hub margins; transfers. The first is split once more:
        `trade diversion` is what the country's terms of trade with the senders and the target do
        to it, to first order (Caliendo and Parro 2015, equation 16), the rest is the rest. A
        channel that there is not is zero.

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
        >>> parts = Channels(simulate(load_case("belarus-2025")), "RUS").welfare("us-goods")
        >>> total = parts.loc["total", "percent"]
        >>> bool(abs(parts["percent"].drop("total").sum() - total) < 1e-9)
        True
        """
        welfare, diversion = self._solved(scenario)
        index = pd.Index([*CHANNELS, "total"], name="channel")
        percent = pd.Series(_split(welfare[:STEPS], diversion), index=index)
        here = self._simulation.world.countries.index(self._country)
        income = float(self._simulation.before.I[here, 0])
        return pd.DataFrame({"percent": percent, "million_usd": percent / 100 * income})

    def break_even(self, scenario: str, hub: str) -> BreakEven:
        """Find the share of the first lane's goods that must pass a hub for the country to gain.

        Raises
        ------
        ScenarioError
            There are no routes, or the hub is not one of them.
        """
        choice = routes_of(self._simulation)
        at = 1 + hub_position(choice, hub)
        welfare, _ = self._solved(scenario)
        default, without, tried = welfare[STEPS - 1], welfare[STEPS], welfare[STEPS + 1 :]
        share = _crossing(lambda shares: self._at(shares, scenario), tried)
        passing = None
        if share is not None:
            there = self._simulation.varied(hub_share=np.array([share]))
            lane = there.before.sales(*choice.trade[0].block)
            through = there.compiled.route_shares[0][at] * lane
            passing = float(through.sum() / lane.sum())
        return BreakEven(self._country, hub, share, passing, float(without), float(default))

    def _solved(self, scenario: str) -> tuple[Array, float]:
        """Welfare at all that is varied, [draw], and trade diversion at the first."""
        if scenario not in self._known:
            shape = 1, self._varied.parameters.draws + 1
            found = looked_up(
                self._kept, self._block(scenario), shape, lambda: self._solve(scenario)
            )
            self._known[scenario] = found[0, :-1], float(found[0, -1])
        return self._known[scenario]

    def _solve(self, scenario: str) -> Array:
        """Welfare at all that is varied, and last trade diversion at the first, [1,draw+1]."""
        costs = self._varied.compiled.scenario(scenario)
        given = np.arange(costs.transfers.shape[1]) >= STEPS - 1
        costs = replace(costs, transfers=costs.transfers * given)
        found = self._varied.respond(costs, scenario, self._simulation.outcome(scenario).after)
        welfare = found.measure("welfare", About(country=self._country))
        both: Array = np.append(welfare, _diversion(found, self._country)[0])[None]
        return both

    def _at(self, hub_shares: Array, scenario: str) -> Array:
        """Welfare at hub shares."""

        def solve() -> Array:
            varied = self._simulation.varied(hub_share=hub_shares)
            costs = varied.compiled.scenario(scenario)
            found = varied.respond(costs, scenario, self._simulation.outcome(scenario).after)
            welfare: Array = found.measure("welfare", About(country=self._country))[None]
            return welfare

        block, shape = self._block(scenario) + 1, (1, hub_shares.size)
        found: Array = looked_up(self._kept, block, shape, solve)[0]
        return found

    def _block(self, scenario: str) -> int:
        """Under which number a scenario is kept, the first of two."""
        return 2 * list(self._simulation.scenarios).index(scenario)


def channels_in_draws(o: Outcome, country: str) -> Array:
    """Welfare of a country by channel and in all, as in `Channels.welfare`, [draw,channel].

    In percent of income; of an outcome of many draws, without break-even.
    """
    steps = [*(_up_to(o, step) for step in range(STEPS - 1)), o]
    welfare = np.array([step.measure("welfare", About(country=country)) for step in steps])
    return _split(welfare, _diversion(steps[0], country)).T


def _split(welfare: Array, diversion: Array | float) -> Array:
    """Channels and their total, [channel, ...], from welfare step by step, [step, ...]."""
    parts = [diversion, welfare[0] - diversion, *np.diff(welfare, axis=0), welfare[-1]]
    return np.array(parts)


def _up_to(o: Outcome, step: int) -> Outcome:
    """The scenario with the channels up to a step switched on: direct trade, routes, hub margins.

    Itself where all that is off does nothing anyway.
    """
    p = o.simulation.parameters
    switched = replace(
        p,
        hub_share=p.hub_share * (step > 0),
        hub_margin=p.hub_margin * (step > 1),
        patron_share=np.zeros_like(p.patron_share),
    )
    gone = [p.hub_share - switched.hub_share, p.hub_margin - switched.hub_margin]
    routed = o.simulation.compiler.routes is not None and np.any(gone)
    if not (routed or p.patron_share.any() or o.costs.transfers.any()):
        return o
    there = Simulation(o.simulation.compiler, switched, o.simulation.tolerance)
    there.before = there.solved(there.compiled.status_quo, o.before) if step == 0 else o.before
    costs = replace(o.costs, transfers=np.zeros_like(o.costs.transfers))
    (name,) = (name for name, s in there.scenarios.items() if s is o.scenario)
    return there.respond(costs, name, o.after)


def _diversion(direct: Outcome, country: str) -> Array:
    """First-order terms of trade of a country with the scenario's senders and targets, [draw].

    Percent of income; see `detente.equilibrium.decomposition`.
    """
    measures = [a.measure for a in direct.scenario.actions()]
    named = {name for m in measures for name in (*m.senders, m.target)}
    partners, here = (countries_at(direct.world, c) for c in (sorted(named), [country]))
    sectors, before = sectors_at(direct.world, None), direct.before
    exports = before.sales(sectors, partners, here)[:, :, 0]
    imports = before.sales(sectors, here, partners)[:, 0]
    dc = direct.after.c / before.c - 1
    terms = (exports * dc[:, here] - imports * dc[:, partners]).sum((0, 1))
    percent: Array = 100 * terms / before.I[here[0]]
    return percent


def _crossing(excess: Callable[[Array], Array], tried: Array) -> float | None:
    """The least hub share at which what is computed of many changes sign; None if it never does.

    What is computed is known at the shares `TRIED`.
    """
    coarse = _first_turn(TRIED, tried)
    if coarse is None:
        return None
    (low, high), _ = coarse
    near = np.geomspace(low, high, POINTS)
    fine = _first_turn(near, excess(near))
    if fine is None:
        return None
    (low, high), (before, after) = fine
    return float(low * (high / low) ** (before / (before - after)))


def _first_turn(shares: Array, values: Array) -> tuple[Array, Array] | None:
    """Two shares between which values change sign, and the values there."""
    turns = np.flatnonzero(values[:-1] * values[1:] < 0)
    return (shares[turns[0] :][:2], values[turns[0] :][:2]) if turns.size else None


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
        "margins": found.handling[choice.positions[hubs]].sum(0),
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
