"""Potash: 2022 from 2021, in dollars, tonnes and prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.policy.horizon import HORIZONS
from detente.report import text
from detente.simulation.run import Simulation
from validation.charts import banded_chart
from validation.page import Section, banded, percent, ratio, table
from validation.states import Array, Record, at, band, customs, sectors_at

POTASH = ("potash",)
EXPORTERS = ["BLR", "CAN", "RUS", "DEU", "ISR", "JOR", "LAO"]
IMPORTERS = ["BRA", "USA", "CHN", "IND", "IDN", "POL"]
MINES = ["CAN", "RUS", "BLR", "CHN", "DEU", "ISR", "JOR", "CHL", "LAO", "USA"]
"""The ten largest producers of 2021."""
RIVALS = ["CAN", "DEU", "ISR", "JOR"]
LOST = ["BLR", "RUS"]
BUYER = "BRA"
"""Whose import price the World Bank's is, delivered."""
HEADING, TONNES = "potash_trade_totals.csv", "potash_production.csv"
PRICE = {2021: 542.8, 2022: 863.4}
"""US dollars a tonne of potassium chloride, delivered to Brazil; World Bank, Pink Sheet."""


def tonnes_on_record(folder: Path, years: Sequence[int]) -> pd.DataFrame:
    """Mine output of the ten largest producers in some years, million tonnes K2O."""
    columns = [str(year) for year in years]
    rows = pd.read_csv(folder / TONNES, usecols=["iso3", *columns]).set_index("iso3")
    found = rows.loc[MINES].astype(float) / 1e6
    return found.set_axis(list(years), axis=1)


def dollars_on_record(folder: Path, record: Record) -> pd.DataFrame:
    """Trade of heading 3104 in 2021 and 2022, million dollars, by flow and country of the world."""
    rows = pd.read_csv(folder / "observed" / HEADING)
    known = rows[rows["iso3"].isin(record.world.countries)].set_index(["flow", "iso3"]) / 1e6
    return known.set_axis([2021, 2022], axis=1)


def sold(simulation: Simulation, country: str, flow: str = "exports") -> Array:
    """Exports or imports of potash, million dollars, [k]."""
    others = [c for c in simulation.world.countries if c != country]
    ends = (country, others) if flow == "exports" else (others, country)
    return customs(simulation, *ends, POTASH)


def tonnes(simulation: Simulation, country: str) -> Array:
    """What a country's mines deliver, at home too, at the table's prices, [k].

    As in the metric `export-volume`: sales over what they cost at the buyer's, c d.
    """
    world, e = simulation.world, simulation.before
    everywhere = np.arange(len(world.countries))
    block = (sectors_at(world, POTASH), everywhere, at(world, country))
    delivered: Array = (e.sales(*block, at_home=True) / e.prices_at_sale(*block)).sum((0, 1, 2))
    return delivered


def price(simulation: Simulation, country: str) -> Array:
    """Price of potash to a country's buyers over the table's, [k]."""
    world = simulation.world
    (j,), (n,) = sectors_at(world, POTASH), at(world, country)
    found: Array = np.exp(simulation.before.log_P[j, n])
    return found


@dataclass(frozen=True, eq=False)
class Years:
    """The states of two years under the same parameters."""

    base: Simulation
    then: Simulation

    def sales(self, country: str, flow: str = "exports") -> Array:
        """Growth of exports or imports in dollars, [k]."""
        return sold(self.then, country, flow) / sold(self.base, country, flow)

    def all_sales(self, exporters: Sequence[str]) -> Array:
        """Growth of what several export together, [k]."""
        after, before = (sum(sold(s, c) for c in exporters) for s in (self.then, self.base))
        return np.asarray(after / before)

    def tonnes(self, country: str) -> Array:
        """Growth of tonnes, [k]."""
        return tonnes(self.then, country) / tonnes(self.base, country)

    def unit_value(self, countries: Sequence[str]) -> Array:
        """Growth of dollars for a tonne delivered, of several together, [k]."""
        after, before = (
            sum(sold(s, c) for c in countries) / sum(tonnes(s, c) for c in countries)
            for s in (self.then, self.base)
        )
        return np.asarray(after / before)

    @cached_property
    def price(self) -> Array:
        """Growth of the price in Brazil, [k]."""
        return price(self.then, BUYER) / price(self.base, BUYER)


def hindcast(record: Record) -> Years:
    """2021 and 2022 with what the first year changes of trade."""
    return Years(record.in_year(2021, 1), record.in_year(2022, 1))


def rigid(years: Years) -> Years:
    """The same where inputs and plants are as fixed as in the horizon of the first year."""
    h = HORIZONS["first-year"]
    states = []
    for s in (years.base, years.then):
        sigma = np.full(s.parameters.draws, h.sigma)
        p = replace(s.parameters, phi=h.phi(s.world), sigma=sigma)
        states.append(Simulation(s.compiler, p, s.tolerance))
    return Years(*states)


def section(record: Record, folder: Path) -> Section:
    """What was sold and mined, and what became dearer."""
    years = hindcast(record)
    dollars, mined = dollars_on_record(folder, record), tonnes_on_record(folder, (2021, 2022))
    trade, output = trade_rows(years, dollars), tonnes_rows(years, mined)
    apart = trade[trade["iso3"] != "BLR"]
    values = {
        "total": _rise(_total_growth(dollars)),
        "trade": trade_table(trade),
        "output": output_table(output),
        "belarus": _belarus(trade, output),
        **unit_values(years, dollars, mined),
        "signs": int((np.sign(np.log(apart["beside"])) == np.sign(np.log(apart["median"]))).sum()),
        "others": len(apart),
        "distance": _distance(apart["beside"], apart["median"]),
        "unchanged": _distance(apart["beside"], 1.0),
        **prices(years, mined),
    }
    return Section(values, {"potash": chart(trade, output)})


def _total_growth(dollars: pd.DataFrame) -> float:
    total = dollars.loc["exports"].sum()
    return float(total[2022] / total[2021])


def _distance(beside: Any, found: Any) -> str:
    """Median factor between the record and something."""
    return ratio(float(np.exp(np.abs(np.log(beside / found)).median())))


def trade_rows(years: Years, dollars: pd.DataFrame) -> pd.DataFrame:
    """Exports and imports 2022 over 2021: record and model, and beside all exporters' growth."""
    everybody = years.all_sales(list(dollars.loc["exports"].index))
    in_all = _total_growth(dollars)
    rows = []
    for flow, countries in (("exports", EXPORTERS), ("imports", IMPORTERS)):
        for c in countries:
            before, after = dollars.loc[(flow, c)]
            model = years.sales(c, flow)
            low, median, high = band(model / everybody)
            rows.append(
                {
                    "iso3": c,
                    "label": f"{text.country(c)}, {flow}",
                    "before": before,
                    "after": after,
                    "growth": after / before,
                    "model": float(np.median(model)),
                    "beside": after / before / in_all,
                    "low": low,
                    "median": median,
                    "high": high,
                }
            )
    return pd.DataFrame(rows)


def trade_table(rows: pd.DataFrame) -> str:
    """In dollars."""
    lines = [
        [
            row["label"],
            f"{row['before'] / 1e3:.2f} → {row['after'] / 1e3:.2f}",
            percent(row["growth"] - 1),
            percent(row["model"] - 1),
            percent(row["beside"] - 1),
            banded(np.array([row["low"], row["median"], row["high"]]) - 1, percent),
            ratio(row["beside"] / row["median"]),
        ]
        for _, row in rows.iterrows()
    ]
    columns = [
        "heading 3104",
        "2021 → 2022, bn USD",
        "growth, percent",
        "model",
        "beside all exporters",
        "model, beside all",
        "record over model",
    ]
    return table(pd.DataFrame(lines, columns=columns))


def tonnes_rows(years: Years, mined: pd.DataFrame) -> pd.DataFrame:
    """Mine output 2022 over 2021."""
    rows = []
    for c in MINES:
        low, median, high = band(years.tonnes(c))
        record = mined.loc[c, 2022] / mined.loc[c, 2021]
        found = {"low": low, "median": median, "high": high, "beside": record}
        rows.append({"iso3": c, "label": f"{text.country(c)}, tonnes", **found})
    return pd.DataFrame(rows).join(mined, on="iso3")


def output_table(rows: pd.DataFrame) -> str:
    """In tonnes."""
    lines = [
        [
            text.country(row["iso3"]),
            f"{row[2021]:.2f} → {row[2022]:.2f}",
            percent(row["beside"] - 1),
            banded(np.array([row["low"], row["median"], row["high"]]) - 1, percent),
            ratio(row["beside"] / row["median"]),
        ]
        for _, row in rows.iterrows()
    ]
    columns = ["mine output", "2021 → 2022, Mt K2O", "percent", "model", "record over model"]
    return table(pd.DataFrame(lines, columns=columns))


def _belarus(trade: pd.DataFrame, output: pd.DataFrame) -> dict[str, str]:
    """What the text says of Belarus, percent."""
    found = {}
    for name, rows in (("dollars", trade), ("tonnes", output)):
        (row,) = (r for _, r in rows.iterrows() if r["iso3"] == "BLR")
        found[name] = percent(row["beside"] - 1)
        found[f"{name}_model"] = percent(row["median"] - 1)
    return found


def unit_values(years: Years, dollars: pd.DataFrame, mined: pd.DataFrame) -> dict[str, str]:
    """Dollars for a tonne: the rivals', and Belarus's beside theirs; percent."""

    def on_record(countries: list[str]) -> float:
        value, amount = dollars.loc["exports"].loc[countries].sum(), mined.loc[countries].sum()
        return float(value[2022] / value[2021] / (amount[2022] / amount[2021]))

    rivals, own = on_record(RIVALS), on_record(["BLR"])
    found = years.unit_value(["BLR"]) / years.unit_value(RIVALS)
    return {
        "unit_value": _rise(rivals),
        "belarus_unit": percent(own / rivals - 1),
        "belarus_unit_model": banded(band(found) - 1, percent),
    }


def prices(years: Years, mined: pd.DataFrame) -> dict[str, str]:
    """What of the rise of the price is in the model, and what would have to be true for all."""
    spot = PRICE[2022] / PRICE[2021]
    found, firmer = years.price, rigid(years).price
    part = [float(np.median(np.log(p)) / np.log(spot)) for p in (found, firmer)]
    in_all = mined[2021].sum()
    left = 1 + (mined.loc[LOST, 2022] - mined.loc[LOST, 2021]).sum() / in_all
    left_model = 1 + sum(mined.loc[c, 2021] * (years.tonnes(c) - 1) for c in LOST) / in_all
    answer = -np.log(left_model) / np.log(found)
    return {
        "spot": _rise(spot),
        "price": banded(band(found) - 1, _unsigned),
        "price_rigid": banded(band(firmer) - 1, _unsigned),
        "part": _rise(1 + part[0]),
        "part_rigid": _rise(1 + part[1]),
        "missing": _rise(2 - left),
        "missing_model": _rise(2 - float(np.median(left_model))),
        "elasticity": ratio(float(-np.log(left) / np.log(spot))),
        "elasticity_model": text.plain(float(np.median(answer)), 1),
    }


def _rise(growth: float) -> str:
    """A rise in percent, without a sign."""
    return text.plain(100 * (growth - 1))


def _unsigned(share: float) -> str:
    return text.plain(100 * share, 1)


def chart(trade: pd.DataFrame, output: pd.DataFrame) -> Any:
    """Trade beside all exporters, and tonnes: bands of the model and the record."""
    return banded_chart(
        pd.concat([trade, output]),
        {"median": "model, median and band", "beside": "record"},
        x="2022 over 2021; dollars beside those of all exporters",
        heading="Potash of 2022 from the state of 2021",
        description="Growth of potash trade and mine output by country: band of the model, record.",
    )
