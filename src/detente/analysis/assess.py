"""Solving the scenarios of a case and reading what analysts ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.draws import DRAWS, Sample, drawn_of, samples_of
from detente.analysis.rows import records
from detente.cases.case import Case
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.threads import one_thread
from detente.progress import Progress, in_steps
from detente.results import Result, columns_in
from detente.simulation.about import About
from detente.simulation.evaluation import BAND, Quantity
from detente.simulation.run import Simulation, simulate
from detente.simulation.trade import sales
from detente.world.added import added_notes
from detente.world.names import resolve_countries

TOP_SECTORS = 5

WELFARE = ["percent", "low", "high", "central", "million_usd", "income"]
"""Columns of an answer: its percentages of income, then million USD."""


@dataclass(frozen=True, eq=False)
class Assessment(Result):
    """What the scenarios of a case do.

    Attributes
    ----------
    title
        Of the case or scenario.
    target
        The country whose trade and sectors are shown.
    titles
        Scenario name to title, in order.
    welfare
        One row per scenario and country or group: welfare in `percent` of income and equivalent
        variation in `million_usd`. Where draws were made both are the median of the draws, between
        `low` and `high` (5 and 95 percent of them, in percent of income), and `central` is what a
        single solve gives with every assumption at its central value.
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
    rests_on
        What is uncertain and what each part of it rests on: the `record` of trade, `ranges` that
        the record was asked about and does not narrow, the `literature`, or `judgement`.
    """

    units_of = columns_in(
        {
            "percent of income": "welfare.percent, low, high, central",
            "million USD": "income",
        }
    )

    title: str
    target: str
    titles: dict[str, str]
    welfare: pd.DataFrame
    trade: pd.DataFrame
    sectors: pd.DataFrame
    notes: list[str]
    manifest: dict[str, Any]
    assumptions: dict[str, str] = field(default_factory=dict)
    rests_on: dict[str, list[str]] = field(default_factory=dict)

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
        rounded = self.welfare_by_country().round(3) + 0.0  # no zero with a minus
        table = rounded.to_html(float_format="{:+.3f}".format)
        return f"<p>{escape(self.title)}: welfare, percent of income</p>{table}"

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        return {"welfare": self.welfare, "trade": self.trade, "sectors": self.sectors}

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        return {
            "title": self.title,
            "target": self.target,
            "titles": self.titles,
            **{name: records(table) for name, table in self.tables().items()},
            "notes": self.notes,
            "assumptions": self.assumptions,
            "rests_on": self.rests_on,
            "manifest": self.manifest,
        }


def assess(
    case: Case,
    progress: Progress | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    simulation: Simulation | None = None,
    store: Path | None = None,
    samples: Sequence[Sample] = (),
) -> Assessment:
    """Solve every scenario of a case.

    Parameters
    ----------
    case
        From `detente.cases.load_case`.
    progress
        Called with (scenarios and draws done, both in all).
    draws
        Draws of all that the case calls uncertain, for the bands, an even number; 0
        leaves them out. They are those of `detente.weigh`, so that both give one answer.
    seed
        Of the draws.
    simulation
        Of the case, if it is set up already.
    store
        Folder that keeps draws; by default the user's cache.
    samples
        What is known already of as many draws of this seed, such as `Evidence.samples`.

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
    simulation = simulation or simulate(case)
    count = drawn_of(case, draws)
    solved_told, drawn_told = in_steps(progress, len(case.scenarios), count)
    shown = case.title, case.target, case.countries, case.partners
    with one_thread():
        found = assess_scenarios(simulation, *shown, solved_told)
    if count:
        drawn = samples_of(case, welfare_of(case), draws, seed, samples, store, drawn_told)
        welfare = answered(found.welfare, bands_of(drawn))
        manifest = {**found.manifest, "draws": count, "seed": seed}
        found = replace(found, welfare=welfare, manifest=manifest)
    return replace(found, assumptions=case.notes, rests_on=foundations(case))


def foundations(case: Case) -> dict[str, list[str]]:
    """What a case calls uncertain, by what it rests on, in the titles of the assumptions.

    >>> from detente.cases import load_case
    >>> list(foundations(load_case("belarus-2025")))
    ['record', 'ranges', 'literature', 'judgement']
    """
    found: dict[str, list[str]] = {"record": [], "ranges": [], "literature": [], "judgement": []}
    posterior = next(iter(case.spelled_out().values())).confirmed
    for name, assumption in case.assumptions.items():
        if name in posterior.names:
            on = "record" if posterior.narrows(name) else "ranges"
        else:
            on = "judgement" if "judgement" in assumption.source.lower() else "literature"
        found[on].append(assumption.title)
    return found


def answered(welfare: pd.DataFrame, bands: pd.DataFrame) -> pd.DataFrame:
    """Welfare with the median of draws as the answer, wherever there are draws of it.

    Effects of what is uncertain multiply, and most ranges reach further down than up, so that the
    middle of the draws is not where every assumption is in its middle.
    """
    key = ["scenario", "country"]
    found = welfare.set_index(key)
    if "central" not in found:
        found["central"] = found["percent"]
    told = bands.rename(columns={"median": "percent"}).set_index(key)
    found = told.combine_first(found).reindex(found.index)
    found["million_usd"] = found["percent"] / 100 * found["income"]
    return found[WELFARE].reset_index()


def welfare_of(case: Case) -> list[Quantity]:
    """Welfare of the countries of a case in every scenario."""
    return [
        Quantity("welfare", About(country=country), scenario)
        for scenario in case.scenarios
        for country in case.countries
    ]


def bands_of(samples: Iterable[Sample]) -> pd.DataFrame:
    """Quantiles of welfare in samples of it, of countries and groups, in percent of income.

    Columns `scenario`, `country`, `low`, `median` and `high` (5, 50 and 95 percent).
    """
    rows = [
        (q.scenario, q.about.country, *np.quantile(values, BAND))
        for q, values in samples
        if q.metric == "welfare" and q.about.country is not None
    ]
    return pd.DataFrame(rows, columns=["scenario", "country", "low", "median", "high"])


def assess_scenarios(
    simulation: Simulation,
    title: str,
    target: str,
    countries: list[str],
    partners: list[str],
    progress: Progress | None = None,
) -> Assessment:
    """Solve scenarios that share their assumptions and collect the tables; see `assess`."""
    label = resolve_countries(target, simulation.world.countries)[0]
    welfare, trade, sectors, notes, manifests = [], [], [], [], {}
    outcomes = simulation.outcomes()
    for done, (name, outcome) in enumerate(outcomes.items(), start=1):
        found, title = outcome.equilibrium, outcome.scenario.title
        welfare.append(welfare_table(found, countries).assign(scenario=name))
        trade.append(trade_table(found, label, partners).assign(scenario=name))
        sectors.append(sector_table(found, label).assign(scenario=name))
        notes += [f"{title}: {note}" for note in found.notes]
        manifests[name] = found.manifest
        if progress is not None:
            progress(done, len(outcomes))
    notes += added_notes(simulation.world, [label, *countries, *partners])
    return Assessment(
        title=title,
        target=target,
        titles={name: scenario.title for name, scenario in simulation.scenarios.items()},
        welfare=_stacked(welfare),
        trade=_stacked(trade),
        sectors=_stacked(sectors),
        notes=notes,
        manifest={"scenarios": manifests},
    )


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    return table[["scenario", *table.columns.drop("scenario")]]


def welfare_table(found: Equilibrium, countries: list[str]) -> pd.DataFrame:
    """Welfare of countries and groups; a group's is its members' equivalent variation together."""
    rows, known = [], found.world.countries
    for name in countries:
        members = [known.index(c) for c in resolve_countries(name, known)]
        gained = float(found.equivalent_variation.values[members].sum())
        income = float(found.income["before"].values[members].sum())
        row = {"percent": 100 * gained / income, "million_usd": gained, "income": income}
        rows.append({"country": name, **row})
    return pd.DataFrame(rows)


def trade_table(found: Equilibrium, target: str, partners: list[str]) -> pd.DataFrame:
    """Exports to and imports from partners, before and after."""
    rows = []
    for name in partners:
        row: dict[str, Any] = {"partner": name}
        for side, ends in (("exports", (target, name)), ("imports", (name, target))):
            before, after = (float(sales(e, *ends)[0]) for e in (found.before, found.after))
            row |= {
                f"{side}_before": before,
                f"{side}_after": after,
                f"{side}_percent": _percent(after, before),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def sector_table(found: Equilibrium, target: str) -> pd.DataFrame:
    """Gross output of the target by sector, before and after, in value."""
    output, coords = found.output.sel(country=target), found.world.data.coords
    before, after = output["before"].values, output["after"].values
    return pd.DataFrame(
        {
            "sector": found.world.sectors,
            "name": coords["sector_name" if "sector_name" in coords else "sector"].values,
            "before": before,
            "after": after,
            "percent": [_percent(a, b) for a, b in zip(after, before, strict=True)],
        }
    )


def _percent(after: float, before: float) -> float:
    return 100 * (after / before - 1) if before > 0 else np.nan
