"""Mine output of potash in 2023 and 2024: forecasts, written once, and what became of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from detente.policy.corridors import corridors_on_file
from detente.policy.fields import ByYear, in_year
from detente.report import text
from validation.charts import banded_chart
from validation.frozen import require_unwritten, write_frozen
from validation.page import Section, banded, percent, ratio, table
from validation.potash import MINES, Years, tonnes_on_record
from validation.states import Array, Record, band, quantiles

YEARS = {2023: 2, 2024: 3}
"""Calendar year to year after the sanctions."""
CORRIDORS = "belarus-potash"
CALM = (2018, 2019, 2020, 2021)
"""Years before Klaipeda was shut."""
RULE = """Growth on 2021 of tonnes delivered, at home too, in the simulated status quo; times the
mine output of 2021. Year 2 and 3 after the sanctions have the share of the long-run response of
trade that the posterior gives them, mines the fixed factor of the commodity's file, corridors the
capacities and the price of the year. `strengths` is the band of the posterior alone. `growth` adds
to it what output moved by anyway over as many years before the sanctions, 2018 to 2021: the root
of the mean square of its log changes, the same for all ten countries, normal, independent of the
model's."""
KNOWN = """Capacities of the corridors in 2023 and 2024 and the prices of these years, on file in
corridors-belarus.yaml, come from reports of those years, and so do the dates of measures: this is
no forecast that could have been made in 2022. The output of Belarus in both years was known when
it was made, from the scoring of an earlier forecast on the same page; that of the other nine was
not looked at. The price in Brazil is told for completeness: its outcome is on file too."""


def freeze(record: Record, folder: Path, path: Path) -> None:
    """Write the forecasts, once.

    Raises
    ------
    ScenarioError
        There are forecasts already: they do not change once somebody may have looked.
    """
    require_unwritten(path)
    write_frozen(
        record,
        path,
        unit="million tonnes K2O",
        rule=" ".join(RULE.split()),
        known=" ".join(KNOWN.split()),
        **forecast(record, tonnes_on_record(folder, CALM)),
    )


def forecast(record: Record, past: pd.DataFrame) -> dict[str, Any]:
    """Bands of growth on 2021 by country and year, and of the price in Brazil."""
    found: dict[str, Any] = {
        c: {"2021": round(past.loc[c, 2021], 4), "growth": {}, "strengths": {}} for c in MINES
    }
    dearer = {}
    for year, since in YEARS.items():
        years = Years(record.in_year(2021, since), record.in_year(year, since))
        anyway = moved_anyway(past, year - 2021)
        for c in MINES:
            growth = years.tonnes(c)
            found[c]["growth"][str(year)] = _rounded(band(with_shocks(growth, anyway)))
            found[c]["strengths"][str(year)] = _rounded(band(growth))
        dearer[str(year)] = _rounded(band(years.price))
    return {"forecasts": found, "price_in_brazil": dearer}


def moved_anyway(past: pd.DataFrame, years: int) -> float:
    """Root mean square of log changes of output over some years before the sanctions."""
    logs = np.log(past.to_numpy())
    changes = logs[:, years:] - logs[:, :-years]
    return float(np.sqrt((changes**2).mean()))


def with_shocks(growth: Array, deviation: float) -> Array:
    """Growth in each draw times each of as many quantiles of a lognormal shock."""
    shocks = np.exp(deviation * norm.ppf(quantiles(growth.size)))
    together: Array = np.multiply.outer(growth, shocks).ravel()
    return together


def _rounded(values: Array) -> list[float]:
    return [round(float(v), 4) for v in values]


def section(record: Record, folder: Path, path: Path) -> Section:
    """The forecasts as they were frozen, beside what was mined."""
    frozen = json.loads(path.read_text(encoding="utf-8"))
    rows = scored(frozen["forecasts"], tonnes_on_record(folder, (2021, 2022, *YEARS)))
    return Section(
        {
            "written": frozen["written"][:10],
            "posterior": frozen["posterior"],
            "same": frozen["posterior"] == record.posterior.fingerprint,
            "rule": frozen["rule"],
            "known": frozen["known"],
            **verdict(rows),
            "table": scored_table(rows),
            "belarus": _belarus(rows, held(record)),
            "prices": [_price(int(y), found) for y, found in frozen["price_in_brazil"].items()],
        },
        {"potash-forecast": chart(rows)},
    )


def scored(forecasts: dict[str, Any], mined: pd.DataFrame) -> pd.DataFrame:
    """One row per country and year; growth is on 2021."""
    rows = []
    for year in YEARS:
        for c, found in forecasts.items():
            low, median, high = found["growth"][str(year)]
            tight = found["strengths"][str(year)]
            growth = mined.loc[c, year] / mined.loc[c, 2021]
            rows.append(
                {
                    "iso3": c,
                    "label": f"{text.country(c)}, {year}",
                    "year": year,
                    "mined": mined.loc[c, year],
                    "before": mined.loc[c, 2021],
                    "low": low,
                    "median": median,
                    "high": high,
                    "tight": tight,
                    "growth": growth,
                    "as in 2022": mined.loc[c, 2022] / mined.loc[c, 2021],
                    "inside": low <= growth <= high,
                    "inside tight": tight[0] <= growth <= tight[2],
                }
            )
    return pd.DataFrame(rows)


def verdict(rows: pd.DataFrame) -> dict[str, Any]:
    """How many are inside, and how far the record is from the forecast and from simpler ones."""

    def distance(found: Any) -> str:
        return ratio(float(np.exp(np.abs(np.log(rows["growth"] / found)).median())))

    return {
        "number": len(rows),
        "inside": int(rows["inside"].sum()),
        "inside_tight": int(rows["inside tight"].sum()),
        "distance": distance(rows["median"]),
        "unchanged": distance(1.0),
        "as_in_2022": distance(rows["as in 2022"]),
    }


def scored_table(rows: pd.DataFrame) -> str:
    """Tonnes."""
    lines = [
        [
            text.country(row["iso3"]),
            row["year"],
            f"{row['before']:.2f}",
            banded(row["before"] * np.array([row["low"], row["median"], row["high"]]), ratio),
            f"{row['before'] * row['tight'][0]:.2f} to {row['before'] * row['tight'][2]:.2f}",
            f"{row['mined']:.2f}",
            "yes" if row["inside"] else "**no**",
            ratio(row["growth"] / row["median"]),
        ]
        for _, row in rows.iterrows()
    ]
    columns = [
        "mine output, Mt K2O",
        "year",
        "2021",
        "forecast",
        "strengths alone",
        "record",
        "inside",
        "record over forecast",
    ]
    return table(pd.DataFrame(lines, columns=columns))


def held(record: Record) -> dict[int, float]:
    """Growth of Belarus's tonnes on 2021 by year, had corridors kept their capacities of 2022."""
    about = corridors_on_file()[CORRIDORS]
    as_then = {
        name: c.model_copy(update={"capacity": c.capacity and _until(c.capacity, 2022)})
        for name, c in about.corridors.items()
    }
    corridors = {CORRIDORS: about.model_copy(update={"corridors": as_then})}
    alike = Record(record.posterior, record.assumptions.model_copy(update={"corridors": corridors}))
    found = {}
    for year, since in YEARS.items():
        years = Years(alike.in_year(2021, since), alike.in_year(year, since))
        found[year] = float(np.median(years.tonnes("BLR")))
    return found


def _until(by_year: ByYear, last: int) -> ByYear:
    return {year: value for year, value in by_year.items() if int(year) <= last}


def _belarus(rows: pd.DataFrame, narrow: dict[int, float]) -> list[dict[str, Any]]:
    """Forecast and record of Belarus by year, million tonnes, and with corridors as in 2022."""
    own = rows[rows["iso3"] == "BLR"]
    return [
        {
            "year": row["year"],
            "forecast": ratio(row["before"] * row["median"]),
            "record": ratio(row["mined"]),
            "inside": "inside" if row["inside tight"] else "outside",
            "held": ratio(row["before"] * narrow[row["year"]]),
        }
        for _, row in own.iterrows()
    ]


def _price(year: int, found: list[float]) -> tuple[int, str, str]:
    """Year, and change of the price in Brazil on 2021 in the model and on file, percent."""
    on_file = corridors_on_file()[CORRIDORS].price
    record = in_year(on_file, year) / in_year(on_file, 2021)
    return year, banded(np.array(found) - 1, percent), percent(record - 1)


def chart(rows: pd.DataFrame) -> Any:
    """Bands, medians, the record and the year 2022."""
    return banded_chart(
        rows,
        {"median": "forecast, median and band", "growth": "record", "as in 2022": "2022"},
        x="mine output over that of 2021",
        heading="Potash mined in 2023 and 2024: forecasts and what happened",
        description="Growth of mine output on 2021: band of the forecast, record, output of 2022.",
    )
