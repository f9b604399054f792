"""What a scenario does, as the tables that the page shows; a pure function of the scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.assess import trade_table, welfare_table
from detente.app.controls import scenario_of
from detente.app.starts import case_of
from detente.app.state import Panel
from detente.arrays import Array
from detente.equilibrium import Equilibrium
from detente.policy import Scenario
from detente.policy.routes import DIRECT
from detente.simulation.customs import Leakage
from detente.simulation.runs import Run, run
from detente.world.names import resolve_countries

REMEMBERED = 256
"""Results kept in memory: some ten kilobytes each."""

ALWAYS_SHOWN = ("RUS", "CHN", "USA", "EU27")


@dataclass(frozen=True, eq=False)
class Leak:
    """Trade of the first lane by the way it takes, in million USD.

    Attributes
    ----------
    origins, destinations
        Of the lane.
    ways
        By route (`direct`, or the hub): before and after.
    offset
        Rise of trade through hubs over the fall of direct trade; None if direct trade did not fall.
    """

    origins: list[str]
    destinations: list[str]
    ways: pd.DataFrame
    offset: float | None

    def share(self, when: str) -> float:
        """Percent of the lane's goods that take a hub, `before` or `after`."""
        trade = self.ways[when]
        return 100 * float(trade.drop(DIRECT).sum() / trade.sum())


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
    notes: list[str]
    manifest: dict[str, Any]

    @cached_property
    def rows(self) -> dict[str, dict[str, dict[str, float]]]:
        """The tables as plain numbers: table, row, column."""
        tables = {
            "countries": self.countries,
            "chosen": self.chosen,
            "partners": self.partners,
            "sectors": self.sectors,
            "ways": pd.DataFrame() if self.leak is None else self.leak.ways,
        }
        return {
            name: {
                str(row): dict(zip(table.columns, values, strict=True))
                for row, values in zip(table.index, table.to_numpy().tolist(), strict=True)
            }
            for name, table in tables.items()
        }

    def welfare(self, country: str) -> tuple[float, float]:
        """Percent of income, and million USD, of a country or group that is shown."""
        row = self.rows["chosen"].get(country) or self.rows["countries"][country]
        return row["percent"], row["million_usd"]


def results_of(panel: Panel) -> Results:
    """Solve the scenario of a panel, or remember it.

    Raises
    ------
    ScenarioError, ConvergenceError
        From the scenario.
    """
    case = case_of(panel.start)
    shown = [panel.target, *panel.senders, *ALWAYS_SHOWN]
    countries = shown if case is None else [panel.target, *case.countries, *panel.senders]
    partners = shown if case is None else case.partners
    return _solved(
        scenario_of(panel).model_dump_json(),
        panel.target,
        tuple(dict.fromkeys(countries)),
        tuple(dict.fromkeys(p for p in partners if p != panel.target)),
    )


@lru_cache(maxsize=REMEMBERED)
def _solved(
    scenario: str, target: str, countries: tuple[str, ...], partners: tuple[str, ...]
) -> Results:
    return collect(solved(scenario), target, countries, partners)


@lru_cache(maxsize=8)
def solved(scenario: str) -> Run:
    """A scenario, given as JSON, solved; only the last few, since each keeps a world."""
    return run(Scenario.model_validate_json(scenario))


def collect(found: Run, target: str, countries: Sequence[str], partners: Sequence[str]) -> Results:
    """Read the tables from a solved scenario."""
    equilibrium = found.equilibrium
    leakage = found.leakage
    codes = equilibrium.world.countries
    trade = {str(when): flows.values.sum(2) for when, flows in equilibrium.trade.data_vars.items()}
    return Results(
        scenario=found.scenario,
        target=target,
        countries=_countries(equilibrium, trade, codes),
        chosen=_countries(equilibrium, trade, list(countries)),
        partners=trade_table(equilibrium, target, list(partners)).set_index("partner"),
        sectors=_sectors(equilibrium, target),
        leak=None if leakage is None else _leak(found, leakage),
        notes=list(equilibrium.notes),
        manifest=equilibrium.manifest(),
    )


def _sectors(found: Equilibrium, target: str) -> pd.DataFrame:
    """Gross output of the target by sector, in value."""
    n = found.world.countries.index(target)
    table = pd.DataFrame(
        {"before": found.world.output.values[n], "after": found.solution.Y[n]},
        index=pd.Index(found.world.sectors, name="sector"),
    )
    table["percent"] = 100 * (table["after"] / table["before"].where(table["before"] > 0) - 1)
    return table


def _countries(found: Equilibrium, trade: Mapping[str, Array], names: list[str]) -> pd.DataFrame:
    """Welfare of countries and groups, and their trade with everybody else."""
    table = welfare_table(found, names).set_index("country")
    members = [
        [found.world.countries.index(c) for c in resolve_countries(name, found.world.countries)]
        for name in names
    ]
    for when, total in trade.items():
        sold, bought = total.sum(1), total.sum(0)
        within = np.array([total[np.ix_(at, at)].sum() for at in members])
        table[f"exports_{when}"] = np.array([sold[at].sum() for at in members]) - within
        table[f"imports_{when}"] = np.array([bought[at].sum() for at in members]) - within
    for side in ("exports", "imports"):
        before, after = table[f"{side}_before"], table[f"{side}_after"]
        table[f"{side}_percent"] = 100 * (after / before.where(before > 0) - 1)
    return table


def _leak(found: Run, leakage: Leakage) -> Leak:
    routes = found.scenario.routes
    assert routes is not None
    offset = leakage.offset_ratio()
    return Leak(
        routes.lanes[0].origins,
        routes.lanes[0].destinations,
        leakage.by_route(),
        None if np.isnan(offset) else offset,
    )
