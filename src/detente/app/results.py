"""What a scenario does, as the tables that the page shows; a pure function of the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detente.analysis.evidence import holds
from detente.app.controls import is_unchanged, scenario_of
from detente.app.starts import case_of
from detente.app.state import Panel
from detente.arrays import Array
from detente.cases import Case
from detente.cases.records import Claim, Test
from detente.policy.routes import DIRECT
from detente.policy.scenario import Scenario
from detente.simulation.metrics import METRICS, About
from detente.simulation.run import simulate
from detente.world import World
from detente.world.names import resolve_countries

REMEMBERED = 256
"""Results kept in memory: some ten kilobytes each."""

ALWAYS_SHOWN = ("RUS", "CHN", "USA", "EU27")


class Leak(NamedTuple):
    """Trade of the first lane by the way it takes, in million USD."""

    origins: list[str]
    destinations: list[str]
    ways: pd.DataFrame  # by route (`direct`, or the hub): before and after
    offset: float  # rise through hubs over the fall of direct trade; NaN if that did not fall

    def share(self, when: str) -> float:
        """Percent of the lane's goods that take a hub, `before` or `after`."""
        trade = self.ways[when]
        return 100 * float(1 - trade[DIRECT] / trade.sum())


class Solved(NamedTuple):
    """A solved scenario: all that the page reads of it, before and after, in million USD."""

    world: World
    income: Array  # [n], before
    gain: Array  # [n], equivalent variation
    trade: tuple[Array, Array]  # [origin, destination]
    output: tuple[Array, Array]  # [n,j]
    leak: Leak | None
    measure: Callable[[str, About], Array]  # value of a metric, [draw]
    notes: list[str]
    manifest: dict[str, Any]


def solved(scenario: Scenario) -> Solved:
    """Solve a scenario; here, and nowhere else, the page meets the simulation.

    Raises
    ------
    ScenarioError, ConvergenceError
        From the scenario.
    """
    outcome = simulate(scenario).outcome()
    equilibrium, leakage, leak = outcome.equilibrium, outcome.leakage, None
    if leakage is not None and scenario.routes is not None:
        lane = scenario.routes.lanes[0]
        leak = Leak(lane.origins, lane.destinations, leakage.by_route(), leakage.offset_ratio())
    before, after = outcome.before, outcome.after
    return Solved(
        world=outcome.world,
        income=before.I[:, 0],
        gain=equilibrium.equivalent_variation.values,
        trade=(before.trade().sum(0).T, after.trade().sum(0).T),
        output=(before.Y[..., 0].T, after.Y[..., 0].T),
        leak=leak,
        measure=outcome.measure,
        notes=equilibrium.notes,
        manifest=equilibrium.manifest,
    )


class Scored(NamedTuple):
    """A claim, with the metric that it is about in the scenario shown."""

    claim: Claim
    test: Test
    value: float
    holds: bool

    @property
    def unit(self) -> str:
        """Of the value."""
        return METRICS[self.test.metric].unit


@dataclass(frozen=True, eq=False)
class Results:
    """What a scenario does.

    Attributes
    ----------
    scenario, target
        As run, and the country it is about.
    countries
        One row per economy: welfare, trade before and after.
    chosen
        The same for the countries and groups of interest.
    partners, sectors
        The target's trade with partners; its output by sector.
    leak
        What takes hubs, if the scenario has routes.
    claims
        Those that are about this very scenario, by name.
    notes, manifest
        Caveats, and what made the numbers.
    """

    scenario: Scenario
    target: str
    countries: pd.DataFrame
    chosen: pd.DataFrame
    partners: pd.DataFrame
    sectors: pd.DataFrame
    leak: Leak | None
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


@lru_cache(maxsize=REMEMBERED)
def results_of(panel: Panel) -> Results:
    """Solve the scenario of a panel, or remember it.

    Raises
    ------
    ScenarioError, ConvergenceError
        From the scenario.
    """
    case, scenario, target = case_of(panel.start), scenario_of(panel), panel.target
    shown = [target, *panel.senders, *ALWAYS_SHOWN]
    countries = shown if case is None else [target, *case.countries, *panel.senders]
    partners = [p for p in (shown if case is None else case.partners) if p != target]
    found = solved(scenario)
    return Results(
        scenario=scenario,
        target=target,
        countries=_countries(found, found.world.countries),
        chosen=_countries(found, list(dict.fromkeys(countries))),
        partners=_partners(found, target, list(dict.fromkeys(partners))),
        sectors=_sectors(found, target),
        leak=found.leak,
        claims=_claims(panel, found),
        notes=found.notes,
        manifest=found.manifest,
    )


def scored_at(start: str) -> dict[str, str]:
    """Starting points of the same case that some claim is about, with their titles."""
    case = case_of(start)
    if case is None:
        return {}
    name, about = (
        start.partition("/")[0],
        {s for _, _, test in _tested(case) for s in test.scenarios},
    )
    return {f"{name}/{s}": change.title for s, change in case.scenarios.items() if s in about}


def _tested(case: Case) -> Iterator[tuple[str, Claim, Test]]:
    """Claims that a scenario scores by itself; not influence, which takes two more solutions."""
    for name, claim in case.claims.items():
        test = claim.test
        if test is not None and test.relative_to is None and test.metric != "influence":
            yield name, claim, test


def _claims(panel: Panel, found: Solved) -> dict[str, Scored]:
    """Claims about the scenario that a panel shows, which must stand there as it is on file."""
    case = case_of(panel.start)
    if case is None or panel.target != case.target or not is_unchanged(panel):
        return {}
    scored = {}
    for name, claim, test in _tested(case):
        if panel.scenario in test.scenarios:
            value = found.measure(test.metric, test.parameters)
            held = bool(holds(test, value)[0])
            scored[name] = Scored(claim, test, float(value[0]), held)
    return scored


def _members(names: Sequence[str], world: World) -> Array:
    """Which countries belong to each name, ones and zeros, [name,n]."""
    member = np.zeros((len(names), len(world.countries)))
    for row, name in enumerate(names):
        at = [world.countries.index(c) for c in resolve_countries(name, world.countries)]
        member[row, at] = 1
    return member


def _growth(before: Array, after: Array) -> Array:
    """Percent; NaN where there was nothing before."""
    ratio = np.full_like(after, np.nan)
    return 100 * (np.divide(after, before, out=ratio, where=before > 0) - 1)


def _countries(found: Solved, names: Sequence[str]) -> pd.DataFrame:
    """Welfare of countries and groups, and their trade with everybody else."""
    member = _members(names, found.world)
    gain = member @ found.gain
    columns = {"percent": 100 * gain / (member @ found.income), "million_usd": gain}
    for when, flows in zip(("before", "after"), found.trade, strict=True):
        within = ((member @ flows) * member).sum(1)
        columns[f"exports_{when}"] = member @ flows.sum(1) - within
        columns[f"imports_{when}"] = member @ flows.sum(0) - within
    for side in ("exports", "imports"):
        before, after = columns[f"{side}_before"], columns[f"{side}_after"]
        columns[f"{side}_percent"] = _growth(before, after)
    return pd.DataFrame(columns, index=pd.Index(names, name="country"))


def _partners(found: Solved, target: str, names: Sequence[str]) -> pd.DataFrame:
    """The target's trade with countries and groups."""
    n = found.world.countries.index(target)
    member = _members(names, found.world)
    member[:, n] = 0
    columns: dict[str, Array] = {}
    for side, axis in (("exports", 0), ("imports", 1)):
        before, after = (member @ flows.take(n, axis) for flows in found.trade)
        columns |= {f"{side}_before": before, f"{side}_after": after}
        columns[f"{side}_percent"] = _growth(before, after)
    return pd.DataFrame(columns, index=pd.Index(names, name="partner"))


def _sectors(found: Solved, target: str) -> pd.DataFrame:
    """Gross output of the target by sector, in value."""
    n = found.world.countries.index(target)
    before, after = (output[n] for output in found.output)
    columns = {"before": before, "after": after, "percent": _growth(before, after)}
    return pd.DataFrame(columns, index=pd.Index(found.world.sectors, name="sector"))
