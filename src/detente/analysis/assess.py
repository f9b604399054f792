"""Running the scenarios of a case and reading what analysts ask of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from detente.cases.case import Case
from detente.equilibrium import Equilibrium
from detente.policy import Scenario
from detente.simulation.runs import run
from detente.world.names import resolve_countries
from detente.world.world import World

TOP_SECTORS = 5


@dataclass(frozen=True, eq=False)
class Assessment:
    """What the scenarios of a case do.

    Attributes
    ----------
    title
        Of the case or scenario.
    titles
        Scenario name to title, in order.
    welfare
        One row per scenario and country or group: welfare in percent of income, equivalent
        variation in million USD.
    trade
        One row per scenario and partner of the target: exports and imports before and after, in
        million USD, and their change in percent.
    sectors
        One row per scenario and sector of the target: gross output before and after, in million
        USD, and its change in percent.
    notes
        Caveats, scenario by scenario.
    manifest
        What made the numbers.
    assumptions
        In words, by name.
    """

    title: str
    target: str
    titles: dict[str, str]
    welfare: pd.DataFrame
    trade: pd.DataFrame
    sectors: pd.DataFrame
    notes: list[str]
    manifest: dict[str, Any]
    assumptions: dict[str, str] = field(default_factory=dict)

    def top_sectors(self, scenario: str, count: int = TOP_SECTORS) -> pd.DataFrame:
        """The target's sectors whose output moves most in value, gainers and losers together."""
        rows = self.sectors[self.sectors["scenario"] == scenario]
        order = (rows["after"] - rows["before"]).abs().sort_values(ascending=False).index
        return rows.loc[order[:count]]

    def welfare_by_country(self) -> pd.DataFrame:
        """Welfare in percent of income, scenario titles by country."""
        wide = self.welfare.pivot(index="scenario", columns="country", values="percent")
        countries = list(dict.fromkeys(self.welfare["country"]))
        return wide.loc[list(self.titles), countries].rename(self.titles)

    def _repr_html_(self) -> str:
        table = self.welfare_by_country().to_html(float_format="{:+.3f}".format)
        return f"<p>{escape(self.title)}: welfare, percent of income</p>{table}"

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        return {"welfare": self.welfare, "trade": self.trade, "sectors": self.sectors}

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        tables = {
            name: json.loads(table.to_json(orient="records", double_precision=12))
            for name, table in self.tables().items()
        }
        return {
            "title": self.title,
            "target": self.target,
            "titles": self.titles,
            **tables,
            "notes": self.notes,
            "assumptions": self.assumptions,
            "manifest": self.manifest,
        }


def assess(case: Case, progress: Callable[[int, int], object] | None = None) -> Assessment:
    """Solve every scenario of a case.

    Parameters
    ----------
    case
        From `detente.cases.load_case`.
    progress
        Called with (scenarios done, scenarios in all).

    Raises
    ------
    ConvergenceError, ScenarioError
        From the scenario that cannot be solved.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> result = assess(load_case("belarus-2025"))
    >>> table = result.welfare.set_index(["scenario", "country"])["percent"]
    >>> bool(table["us-eu-all", "BLR"] > table["us-all", "BLR"] > 0)
    True
    """
    scenarios = {name: case.scenario(name) for name in case.scenarios}
    found = assess_scenarios(
        scenarios, case.title, case.target, case.countries, case.partners, progress
    )
    return replace(found, assumptions=case.notes)


def assess_scenarios(
    scenarios: dict[str, Scenario],
    title: str,
    target: str,
    countries: list[str],
    partners: list[str],
    progress: Callable[[int, int], object] | None = None,
) -> Assessment:
    """Solve scenarios and collect the tables; see `assess`."""
    welfare, trade, sectors, notes, manifests = [], [], [], [], {}
    for done, (name, scenario) in enumerate(scenarios.items(), start=1):
        found = run(scenario).equilibrium
        label = resolve_countries(target, found.world.countries)[0]
        welfare.append(welfare_table(found, countries).assign(scenario=name))
        trade.append(trade_table(found, label, partners).assign(scenario=name))
        sectors.append(sector_table(found, label).assign(scenario=name))
        notes += [f"{scenario.title}: {note}" for note in found.notes]
        manifests[name] = found.manifest()
        if progress is not None:
            progress(done, len(scenarios))
    return Assessment(
        title=title,
        target=target,
        titles={name: scenario.title for name, scenario in scenarios.items()},
        welfare=_stacked(welfare),
        trade=_stacked(trade),
        sectors=_stacked(sectors),
        notes=notes,
        manifest={"scenarios": manifests},
    )


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    return table[["scenario", *table.columns.drop("scenario")]]


def _members(names: list[str], world: World) -> dict[str, list[int]]:
    """Positions of each country, or of the members of each group."""
    return {
        name: [world.countries.index(c) for c in resolve_countries(name, world.countries)]
        for name in names
    }


def welfare_table(found: Equilibrium, countries: list[str]) -> pd.DataFrame:
    """Welfare of countries and groups; a group's is its members' equivalent variation together."""
    income = found.world.income.values
    ev = found.equivalent_variation.values
    rows = [
        {
            "country": name,
            "percent": 100 * ev[at].sum() / income[at].sum(),
            "million_usd": ev[at].sum(),
        }
        for name, at in _members(countries, found.world).items()
    ]
    return pd.DataFrame(rows)


def trade_table(found: Equilibrium, target: str, partners: list[str]) -> pd.DataFrame:
    """Exports to and imports from partners, before and after."""
    n = found.world.countries.index(target)
    flows = {k: v.sum("sector").values for k, v in found.trade.data_vars.items()}
    rows = []
    for name, at in _members(partners, found.world).items():
        others = [i for i in at if i != n]
        row: dict[str, Any] = {"partner": name}
        for side in ("exports", "imports"):
            before, after = (
                float((z[n, others] if side == "exports" else z[others, n]).sum())
                for z in (flows["before"], flows["after"])
            )
            row |= {
                f"{side}_before": before,
                f"{side}_after": after,
                f"{side}_percent": _percent(after, before),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def sector_table(found: Equilibrium, target: str) -> pd.DataFrame:
    """Gross output of the target by sector, before and after, in value."""
    world = found.world
    n = world.countries.index(target)
    before, after = world.output.values[n], found.solution.Y[n]
    return pd.DataFrame(
        {
            "sector": world.sectors,
            "name": [world.name_of(s) for s in world.sectors],
            "before": before,
            "after": after,
            "percent": [_percent(a, b) for a, b in zip(after, before, strict=True)],
        }
    )


def _percent(after: float, before: float) -> float:
    return 100 * (after / before - 1) if before > 0 else np.nan
