"""Fixed factors and the short run: Germany without Russian energy."""

from __future__ import annotations

from typing import Any

import pandas as pd

import detente
from detente.policy.horizon import HORIZONS
from detente.report import text
from detente.world.world import World
from validation.page import Section, table
from validation.states import Record

ENERGY = ["B05", "B06", "C19"]
BANNED = {"Germany alone": "DEU", "the whole EU stops": "EU27"}
FIXED = 1 / 3


def section(record: Record) -> Section:
    """What Germany loses, by how much has had time to change."""
    return Section({"table": loss_table(record.world)})


def loss_table(world: World) -> str:
    """Loss of Germany in percent of income."""
    rows = [
        [words, *(text.plain(loss(world, importer, **options), 2) for importer in BANNED.values())]
        for words, options in assumptions(world).items()
    ]
    columns = ["loss of Germany, percent of income", *BANNED]
    return table(pd.DataFrame(rows, columns=columns))


def assumptions(world: World) -> dict[str, dict[str, Any]]:
    """Options of `detente.solve` by what they mean."""
    theta, first = world.data["theta"].values, HORIZONS["first-year"]
    early: dict[str, Any] = {"theta": theta * first.response}
    rigid = {**early, "sigma": first.sigma}
    found: dict[str, dict[str, Any]] = {
        "long run, `sigma` 1": {},
        "first year's trade elasticities, `sigma` 1": early,
        f"and `sigma` {first.sigma:g}": rigid,
        "and a third of value added fixed": {**rigid, "phi": FIXED},
    }
    for name in ("first-year", "three-years"):
        h = HORIZONS[name]
        options = {"theta": theta * h.response, "sigma": h.sigma, "phi": h.phi(world).T}
        found[f"horizon `{name}`"] = options
    return found


def loss(world: World, importer: str, **options: Any) -> float:
    """Germany's loss when an importer buys no Russian coal, oil, gas and fuels, in percent."""
    banned = detente.Changes(world).ban("RUS", importer, sectors=ENERGY)
    welfare = detente.solve(world, banned, **options).welfare
    return -float(welfare.sel(country="DEU").item())
