"""Forecasts of 2023 and 2024 with the posterior frozen on 2022, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from detente.report import text
from detente.simulation.run import Simulation
from validation.charts import banded_chart
from validation.frozen import require_unwritten, write_frozen
from validation.observed import eu_exports
from validation.page import Section, banded, percent, ratio, table
from validation.states import Array, Record, band, customs

OUTCOMES = Path(__file__).with_name("outcomes.yaml")
YEARS = {2023: 2, 2024: 3}
"""Calendar year to year after the sanctions."""
OVERSEAS = ["BRA", "CHN", "IND", "IDN", "USA", "THA", "COL", "VNM", "MYS"]
RULE = """Growth on 2021 of the simulated status quo, as customs record it: goods through a hub are
exports to the hub, and of the hub. The horizon of the first year is drawn from the posterior; those
of the second and third year lie on a straight line from there to 1 in the eighth. Measures of 2023
and 2024 are in force by their months, with the strengths that the record of 2022 gives their
groups. The model has no growth of prices and demand: a value is that of 2021 times the growth. The
record is scored twice: as it stands, and beside the growth, from 2021 to the year, of the same
reporter's trade with everybody else, which the model does not forecast."""


@dataclass(frozen=True)
class Flow:
    """A flow that is forecast, with the partner's name in Eurostat's table of EU exports."""

    title: str
    origins: str
    destinations: str | list[str]
    sectors: tuple[str, ...] = ("goods",)
    eurostat: str = ""


FLOWS = {
    "eu-exports-russia": Flow("EU exports to Russia", "EU27", "RUS", eurostat="Russian Federation"),
    "eu-exports-belarus": Flow("EU exports to Belarus", "EU27", "BLR", eurostat="Belarus"),
    "eu-exports-kazakhstan": Flow("EU exports to Kazakhstan", "EU27", "KAZ", eurostat="Kazakhstan"),
    "eu-exports-turkiye": Flow("EU exports to Türkiye", "EU27", "TUR", eurostat="Türkiye"),
    "eu-exports-emirates": Flow(
        "EU exports to the Emirates", "EU27", "ARE", eurostat="United Arab Emirates"
    ),
    "eu-imports-russia": Flow("EU imports from Russia", "RUS", "EU27"),
    "eu-imports-belarus": Flow("EU imports from Belarus", "BLR", "EU27"),
    "china-exports-russia": Flow("Chinese exports to Russia", "CHN", "RUS"),
    "china-imports-russia": Flow("Chinese imports from Russia", "RUS", "CHN"),
    "belarus-chemicals-overseas": Flow(
        "Belarusian chemicals, potash above all, overseas", "BLR", OVERSEAS, ("C20",)
    ),
}

SANCTIONED = ("eu-exports-russia", "eu-exports-belarus", "eu-imports-russia", "eu-imports-belarus")
"""Flows between those who sanction and those who are sanctioned."""


def freeze(record: Record, observed: Path, path: Path) -> None:
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
        rule=" ".join(RULE.split()),
        not_forecast="Armenia and Kyrgyzstan, which are not in the world",
        forecasts=forecast(record, observed),
    )


def forecast(record: Record, observed: Path) -> dict[str, Any]:
    """Bands of growth on 2021, and of values where that of 2021 is on file."""
    found: dict[str, Any] = {
        name: {"title": flow.title, "growth": {}} for name, flow in FLOWS.items()
    }
    for year, since in YEARS.items():
        base, then = record.in_year(2021, since), record.in_year(year, since)
        for name, flow in FLOWS.items():
            low, median, high = band(_growth(flow, base, then))
            found[name]["growth"][str(year)] = [round(float(q), 4) for q in (low, median, high)]
    for name, flow in FLOWS.items():
        if flow.eurostat:
            value = eu_exports(observed, flow.eurostat, 2021)
            found[name] |= {
                "unit": "million EUR",
                "2021": round(value),
                "values": {
                    y: [round(q * value) for q in g] for y, g in found[name]["growth"].items()
                },
            }
    return found


def _growth(flow: Flow, base: Simulation, then: Simulation) -> Array:
    """Trade of a flow over that in the base, [k]."""
    arguments = (flow.origins, flow.destinations, flow.sectors)
    return customs(then, *arguments) / customs(base, *arguments)


def section(record: Record, observed: Path, path: Path) -> Section:
    """The forecasts as they were frozen and as they would be now, beside what happened."""
    frozen = json.loads(path.read_text(encoding="utf-8"))
    outcomes = YAML(typ="safe").load(OUTCOMES.read_text(encoding="utf-8"))
    rows = scored(frozen["forecasts"], outcomes)
    now = scored(forecast(record, observed), outcomes)
    missed = dict.fromkeys(rows.loc[~(rows["inside"] & rows["inside beside"]), "name"])
    values = {
        "written": frozen["written"][:10],
        "posterior": frozen["posterior"],
        "same": frozen["posterior"] == record.posterior.fingerprint,
        "rule": frozen["rule"],
        "not_forecast": frozen["not_forecast"],
        **_verdict(rows),
        "now": _verdict(now),
        "china": [_words(r, n) for r, n in _both(rows, now) if r["name"].startswith("china")],
        "china_exports_fall": text.listed(
            str(row["year"])
            for _, row in now.iterrows()
            if row["name"] == "china-exports-russia" and row["median"] < 1
        ),
        "table": _scored_table(rows, now),
        "missed": [(frozen["forecasts"][name]["title"], outcomes[name]["why"]) for name in missed],
        "sources": list(dict.fromkeys(found["source"] for found in outcomes.values())),
    }
    return Section(values, {"forecast": chart(rows, now)})


def _both(rows: pd.DataFrame, now: pd.DataFrame) -> Iterator[tuple[pd.Series, pd.Series]]:
    for (_, row), (_, later) in zip(rows.iterrows(), now.iterrows(), strict=True):
        yield row, later


def _words(row: pd.Series, now: pd.Series) -> str:
    """Growth in percent as it was forecast, as it would be now, and on record."""
    then, later, record = (percent(x - 1) for x in (row["median"], now["median"], row["growth"]))
    return f"{row['title']} in {row['year']}: {then} was forecast, {later} now, {record} on record"


def scored(forecasts: dict[str, Any], outcomes: dict[str, Any]) -> pd.DataFrame:
    """One row per flow and year that an outcome is known of.

    `growth` is the outcome over 2021, `beside` the same over the growth of the reporter's other
    trade; `inside` tells whether it is in the band, `miss` by which factor it is outside it.
    """
    rows = []
    for name, found in outcomes.items():
        for year, outcome in found["years"].items():
            low, median, high = forecasts[name]["growth"][str(year)]
            growth = outcome["value"] / found["in_2021"]
            beside = growth / outcome["elsewhere"]
            rows.append(
                {
                    "name": name,
                    "title": forecasts[name]["title"],
                    "year": int(year),
                    "low": low,
                    "median": median,
                    "high": high,
                    "growth": growth,
                    "beside": beside,
                    "inside": low <= growth <= high,
                    "inside beside": low <= beside <= high,
                    "miss": _outside(growth, low, high),
                    "miss beside": _outside(beside, low, high),
                    "unit": found["unit"],
                    "value 2021": found["in_2021"],
                    "value": outcome["value"],
                }
            )
    return pd.DataFrame(rows)


def _outside(value: float, low: float, high: float) -> float:
    """Factor by which a value is above or below a band; 1 within it."""
    return value / high if value > high else value / low if value < low else 1.0


def _verdict(rows: pd.DataFrame) -> dict[str, Any]:
    """How many are inside, and how far the record is from the forecast and from no change."""
    forecast, record, beside = (np.log(rows[c]) for c in ("median", "growth", "beside"))
    everything, apart = np.ones(len(rows), bool), rows["name"].isin(SANCTIONED).to_numpy()

    def distance(logs: pd.Series, which: np.ndarray) -> str:
        return ratio(float(np.exp(np.abs(logs[which]).median())))

    return {
        "number": len(rows),
        "inside": int(rows["inside"].sum()),
        "inside_beside": int(rows["inside beside"].sum()),
        "distance": distance(record - forecast, everything),
        "distance_beside": distance(beside - forecast, everything),
        "unchanged": distance(record, everything),
        "unchanged_beside": distance(beside, everything),
        "signs": int((np.sign(beside) == np.sign(forecast)).sum()),
        "sanctioned": distance(beside - forecast, apart),
        "sanctioned_unchanged": distance(beside, apart),
        "third": distance(beside - forecast, ~apart),
        "third_unchanged": distance(beside, ~apart),
    }


def _scored_table(rows: pd.DataFrame, now: pd.DataFrame) -> str:
    lines = [
        [
            row["title"],
            row["year"],
            _band(row),
            f"{row['value 2021']:,g} → {row['value']:,g} {row['unit']}",
            ratio(row["growth"]),
            _judged(row["inside"], row["miss"]),
            ratio(row["beside"]),
            _judged(row["inside beside"], row["miss beside"]),
            _band(later),
            _judged(later["inside beside"], later["miss beside"]),
        ]
        for row, later in _both(rows, now)
    ]
    columns = [
        "flow",
        "year",
        "forecast, 2021 = 1",
        "record",
        "growth",
        "inside",
        "beside growth elsewhere",
        "inside so",
        "today's model",
        "inside so",
    ]
    return table(pd.DataFrame(lines, columns=columns))


def _band(row: pd.Series) -> str:
    return banded((row["low"], row["median"], row["high"]), ratio)


def _judged(inside: bool, miss: float) -> str:
    return "yes" if inside else f"**no**, factor {miss:.2f}"


def chart(rows: pd.DataFrame, now: pd.DataFrame) -> Any:
    """Bands, medians, what they would be now, and the record."""
    labels = [f"{r['title']}, {r['year']}" for _, r in rows.iterrows()]
    return banded_chart(
        rows.assign(label=labels, now=now["median"]),
        {
            "median": "forecast, median and band",
            "growth": "record",
            "beside": "record beside growth elsewhere",
            "now": "today's model, record known",
        },
        x="trade over that of 2021",
        heading="Forecasts of 2023 and 2024 on the record of 2022, and what happened",
        description="Growth on 2021 by flow and year: band of the forecast, and the record.",
    )
