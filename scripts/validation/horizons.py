"""How to read the horizons: the status quo of a day at each of them, beside trade of 2024."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from detente.policy.horizon import HORIZONS, HorizonName
from detente.report import text
from detente.simulation.run import Simulation
from validation.before import DAY
from validation.page import Section, banded, ratio, table
from validation.potash import tonnes, tonnes_on_record
from validation.states import Array, Record, band, customs

FLOWS = Path(__file__).with_name("horizons.yaml")
READ: HorizonName = "three-years"
"""The horizon of the Belarus case; 2024 is the third year."""


class Levels:
    """Trade in the status quo of the day at each horizon, from that of a base period."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.now = {h: record.in_period(DAY, DAY, None, h) for h in HORIZONS}
        self._bases: dict[tuple[date, date, HorizonName], Simulation] = {}

    def growth(self, flow: Any, horizon: HorizonName) -> Array:
        """Trade of a flow over that of its base period, [k]."""
        first, last = (date.fromisoformat(str(flow["base"][end])) for end in ("first", "last"))
        key = (first, last, horizon)
        if key not in self._bases:
            self._bases[key] = self.record.in_period(first, last, None, horizon)
        return self._value(self.now[horizon], flow) / self._value(self._bases[key], flow)

    def level(self, flow: Any) -> Array:
        """In the model at the horizon that is read, million dollars of 2022 or no unit, [k]."""
        return self._value(self.now[READ], flow)

    @staticmethod
    def _value(simulation: Simulation, flow: Any) -> Array:
        if flow["destinations"] == "tonnes":
            return tonnes(simulation, flow["origins"])
        return customs(simulation, flow["origins"], flow["destinations"])


def section(record: Record, folder: Path) -> Section:
    """Levels and factors."""
    levels = Levels(record)
    rows = [_row(levels, flow) for flow in flows_on_record(folder)]
    columns = ["trade", "base", *(f"`{h}`" for h in HORIZONS), "record of 2024", "factor"]
    sources = {flow["title"]: flow["source"] for flow in flows_on_record(folder)}
    return Section(
        {
            "table": table(pd.DataFrame(rows, columns=columns)),
            "sources": list(sources.items()),
            "levels": _levels_table(levels, folder),
            "day": f"{DAY:%-d %B %Y}",
        }
    )


def flows_on_record(folder: Path) -> list[Any]:
    """Flows of the file, and Belarusian potash in tonnes."""
    mined = tonnes_on_record(folder, (2021, 2024)).loc["BLR"]
    potash = {
        "title": "Belarusian potash",
        "origins": "BLR",
        "destinations": "tonnes",
        "unit": "Mt K2O",
        "base": {"first": "2021-01-01", "last": "2021-12-31", "value": float(mined[2021])},
        "in_2024": float(mined[2024]),
        "source": "World Mining Data, mine output; that of 2024 is an estimate",
    }
    return [*YAML(typ="safe").load(FLOWS.read_text(encoding="utf-8")), potash]


def _row(levels: Levels, flow: Any) -> list[str]:
    value = flow["base"]["value"]
    found = {h: band(value * levels.growth(flow, h)) for h in HORIZONS}
    first, last = (str(flow["base"][end])[:4] for end in ("first", "last"))
    return [
        flow["title"],
        f"{value:,g} {flow['unit']} ({first if first == last else f'{first} to {last}'})",
        *(banded(b, _short) for b in found.values()),
        f"{flow['in_2024']:,g}",
        ratio(float(found[READ][1]) / flow["in_2024"]),
    ]


def _short(value: float) -> str:
    return text.plain(value, 0 if value >= 100 else 1)


def _levels_table(levels: Levels, folder: Path) -> str:
    """What pages and reports show: million dollars of 2022."""
    rows = [
        [flow["title"], text.plain(float(np.median(levels.level(flow))))]
        for flow in flows_on_record(folder)
        if flow["destinations"] != "tonnes"
    ]
    columns = ["status quo at `three-years`", "million USD of 2022"]
    return table(pd.DataFrame(rows, columns=columns))
