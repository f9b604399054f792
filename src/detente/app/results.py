"""What a scenario does, as the tables that the page shows; a pure function of the panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detente.analysis.assess import sector_table, trade_table
from detente.analysis.claims import claim_values
from detente.analysis.commodity import Market, commodities_of, market_rows
from detente.analysis.evidence import holds
from detente.app.controls import is_unchanged, scenario_of
from detente.app.starts import case_of
from detente.app.state import Panel
from detente.arrays import Array
from detente.cases.records import Claim, Test
from detente.equilibrium.outcomes import Equilibrium
from detente.policy.routes import DIRECT
from detente.policy.scenario import Scenario
from detente.report.commodity_tables import Line, lines
from detente.simulation.metrics import METRICS
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, StatusQuo, simulate
from detente.world import World
from detente.world.added import added_notes
from detente.world.names import is_in, resolve_countries

REMEMBERED = 256
"""Results kept in memory: some ten kilobytes each."""

ALWAYS_SHOWN = ("RUS", "CHN", "USA", "EU27")


class Leak(NamedTuple):
    """Trade of the first lane by the way it takes, in million USD."""

    origins: list[str]
    destinations: list[str]
    ways: pd.DataFrame  # by route (`direct`, or the hub): before, after, change; of draws a band
    offset: float  # rise through hubs over the fall of direct trade; NaN if that did not fall
    shares: tuple[float, float]  # percent of the lane's goods that take a hub, before and after
    rise: float  # of the goods through hubs


SHOWN = "shown"
"""Name of the scenario of a panel in its simulation."""


def simulated(panel: Panel) -> Simulation:
    """The scenario of a panel; here, and nowhere else, the page meets the simulation.

    What a reader moves does not move the status quo, which is found at once where it was before.
    """
    assumed = panel.level, panel.deficits, panel.horizon, panel.since, panel.routes, panel.hub_share
    known = status_quo_of(panel.start, panel.packed, *assumed)
    found = simulate({SHOWN: scenario_of(panel)}, near=known.get(SHOWN))
    known[SHOWN] = found.status_quo
    return found


@lru_cache(maxsize=REMEMBERED)
def status_quo_of(*assumed: object) -> dict[str, StatusQuo]:
    """The status quo of panels that assume the same, once one of them was solved."""
    return {}


class Scored(NamedTuple):
    """A claim, with the metric that it is about in the scenario shown.

    Of draws, the value is their median, and there are a band and a verdict.
    """

    claim: Claim
    test: Test
    value: float
    holds: bool
    band: tuple[float, float] | None = None
    verdict: str = ""

    @property
    def unit(self) -> str:
        """Of the value."""
        return METRICS[self.test.metric].unit


@dataclass(frozen=True, eq=False)
class Results:
    """What a scenario does, about its target.

    Tables: welfare and trade of all `countries`, and of the countries and groups `chosen`; the
    target's trade with `partners`, and its output by sector. Claims are those that are about this
    very scenario, by name. Markets are those of commodities that the world has apart, by sector.
    """

    scenario: Scenario
    target: str
    countries: pd.DataFrame
    chosen: pd.DataFrame
    partners: pd.DataFrame
    sectors: pd.DataFrame
    leak: Leak | None
    markets: dict[str, list[Line]]
    claims: dict[str, Scored]
    notes: list[str]
    manifest: dict[str, Any]

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The tables' rows as named tuples: table, row."""
        names = ("countries", "chosen", "partners", "sectors")
        tables: dict[str, pd.DataFrame] = {name: getattr(self, name) for name in names}
        if self.leak is not None:
            tables["ways"] = self.leak.ways
        return {
            name: {str(row.Index): row for row in table.itertuples()}
            for name, table in tables.items()
        }

    def welfare(self, country: str) -> tuple[float, float]:
        """Percent of income, and million USD, of a country or group that is shown."""
        row = self.rows["chosen"].get(country) or self.rows["countries"][country]
        return row.percent, row.million_usd

    @property
    def band(self) -> tuple[float, float] | None:
        """The target's welfare in percent between which 90 percent of draws lie, if any were."""
        if "low" not in self.chosen:
            return None
        row = self.rows["chosen"][self.target]
        return row.low, row.high


@lru_cache(maxsize=REMEMBERED)
def results_of(panel: Panel) -> Results:
    """Solve the scenario of a panel, or remember it; raises as `simulate` does."""
    case, scenario, target = case_of(panel.start), scenario_of(panel), panel.target
    shown = [target, *panel.senders, *ALWAYS_SHOWN]
    chosen = shown if case is None else [target, *case.countries, *panel.senders]
    partners = [p for p in (shown if case is None else case.partners) if p != target]
    outcome = simulated(panel).outcome()
    found = outcome.equilibrium
    chosen, partners = (_in_world(names, found.world) for names in (chosen, partners))
    flows = [e.trade().sum(0).T for e in (found.before, found.after)]
    sectors = sector_table(found, target).set_index("sector")
    return Results(
        scenario=scenario,
        target=target,
        countries=_countries(found, flows, found.world.countries),
        chosen=_countries(found, flows, chosen),
        partners=trade_table(found, target, partners).set_index("partner"),
        sectors=sectors.drop(columns="name"),
        leak=_leak(outcome),
        markets={
            goods: [Line(group, label, *numbers[:, 0].tolist()) for group, label, numbers in found]
            for goods, found in markets_of(outcome, target).items()
        },
        claims=_claims(panel, outcome),
        notes=[*found.notes, *added_notes(found.world, [*chosen, *partners])],
        manifest=found.manifest,
    )


def _in_world(names: Iterable[str], world: World) -> list[str]:
    """Those countries and groups that a world has, each once."""
    return [name for name in dict.fromkeys(names) if is_in(name, world.countries)]


def scored_at(start: str) -> dict[str, str]:
    """Starting points of the same case that some claim is scored at, with their titles."""
    case, name = case_of(start), start.partition("/")[0]
    tests = [claim.test for claim in case.claims.values() if claim.test] if case else []
    # As in `claim_values`: no claim about a ratio, nor about influence.
    scored = (t for t in tests if t.relative_to is None and t.metric != "influence")
    about = {scenario for test in scored for scenario in test.scenarios}
    scenarios = case.scenarios.items() if case else ()
    return {f"{name}/{s}": change.title for s, change in scenarios if s in about}


def _claims(panel: Panel, outcome: Outcome) -> dict[str, Scored]:
    """Claims about the scenario that a panel shows, which must stand there as it is on file."""
    case = case_of(panel.start)
    if case is None or panel.target != case.target or not is_unchanged(panel):
        return {}
    scored = {}
    for name, value in claim_values(case, panel.scenario, outcome).items():
        claim = case.claims[name]
        assert claim.test is not None
        held = bool(holds(claim.test, np.array([value]))[0])
        scored[name] = Scored(claim, claim.test, value, held)
    return scored


def _leak(outcome: Outcome) -> Leak | None:
    found, routes = outcome.leakage, outcome.scenario.routes
    if found is None or routes is None:
        return None
    lane, ways = routes.lanes[0], found.by_route()
    ways["change"] = ways["after"] - ways["before"]
    before, after = (100 * float(1 - ways[w][DIRECT] / ways[w].sum()) for w in ("before", "after"))
    rise = float(ways["change"].drop(DIRECT).sum())
    offset = found.offset_ratio()
    return Leak(lane.origins, lane.destinations, ways, offset, (before, after), rise)


def markets_of(outcome: Outcome, target: str) -> dict[str, list[tuple[str, str, Array]]]:
    """Markets of the commodities that the target sells abroad: `lines` with all draws."""
    markets = [Market.of(outcome.world, goods, target) for goods in commodities_of(outcome.world)]
    return {m.goods: list(lines(m, market_rows(outcome, m))) for m in markets if m.exports}


@lru_cache(maxsize=REMEMBERED)
def _members(names: tuple[str, ...], countries: tuple[str, ...]) -> Array:
    """Which countries belong to each name, ones and zeros, [name,n]."""
    members = [resolve_countries(name, countries) for name in names]
    return np.array([np.isin(countries, found) for found in members], dtype=float)


def _countries(found: Equilibrium, flows: list[Array], names: Sequence[str]) -> pd.DataFrame:
    """Welfare of countries and groups, and their trade with everybody else."""
    member = _members(tuple(names), tuple(found.world.countries))
    gain = member @ found.equivalent_variation.values
    income = member @ found.before.I[:, 0]
    columns = {"percent": 100 * gain / income, "million_usd": gain, "income": income}
    for when, flow in zip(("before", "after"), flows, strict=True):
        within = ((member @ flow) * member).sum(1)
        columns[f"exports_{when}"] = member @ flow.sum(1) - within
        columns[f"imports_{when}"] = member @ flow.sum(0) - within
    table = pd.DataFrame(columns, index=pd.Index(names, name="country"))
    for side in ("exports", "imports"):
        before = table[f"{side}_before"]
        table[f"{side}_percent"] = 100 * (table[f"{side}_after"] / before.where(before > 0) - 1)
    return table
