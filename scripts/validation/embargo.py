"""Russia 2014: what sanctions and the Russian food embargo did to trade."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyfixest as pf

from detente.policy.routes import DIRECT
from detente.simulation.run import simulate
from detente.world.names import resolve_countries
from validation.page import Section, banded, change, percent, ratio, table
from validation.panel import Panel
from validation.states import TOLERANCE, Array, Record, band

EMBARGOED = ["EU27", "GBR", "USA", "CAN", "AUS", "NOR"]
FOOD = ["A01", "A03", "C10T12"]
BEFORE, AFTER = (2012, 2013), (2015, 2016)
COVERED = 0.43
"""Part of EU food exports to Russia of 2013 that was banned: 5.1 of 11.8 billion euros."""
HUBS = ["BLR", "KAZ", "TUR", "ARE", "CHN", "HKG"]
NO_BYSTANDERS = [*EMBARGOED, "RUS", "BLR", "KAZ", "UKR", "JPN", "CHE", "NZL", "ISL"]


def section(record: Record, panel: Panel) -> Section:
    """Fall of trade in the panel, and a simulated ban."""
    values = {
        "covered": f"{100 * COVERED:.0f}",
        "expected": f"{80 * COVERED:.0f}",
        "hubs": len(HUBS),
        "record": record_table(panel),
        "model": model_table(record),
    }
    return Section(values)


def record_table(panel: Panel) -> str:
    """Gravity and the plain comparison, for all goods and for food."""
    rows = []
    for words, sectors in (("all goods", panel.sectors), ("food", FOOD)):
        effect, error = gravity(panel, sectors)
        low, high = effect - 1.96 * error, effect + 1.96 * error
        rows.append(
            [
                words,
                banded(change(np.array([low, effect, high])), percent),
                percent(_growth(panel, EMBARGOED, sectors) - 1),
                percent(_growth(panel, _bystanders(panel), sectors) - 1),
                percent(
                    _growth(panel, EMBARGOED, sectors) / _growth(panel, _bystanders(panel), sectors)
                    - 1
                ),
                percent(_growth(panel, ["BLR", "KAZ"], sectors) - 1),
            ]
        )
    columns = [
        "exports to Russia, percent",
        "gravity (95 percent)",
        "the embargoed",
        "bystanders",
        "one beside the other",
        "Belarus and Kazakhstan",
    ]
    return table(pd.DataFrame(rows, columns=columns))


def _bystanders(panel: Panel) -> list[str]:
    apart = set(resolve_countries(NO_BYSTANDERS, panel.world.countries))
    return [c for c in panel.world.countries if c not in apart]


def _growth(panel: Panel, origins: Sequence[str], sectors: Sequence[str]) -> float:
    """Exports to Russia after over before."""
    chosen = [panel.sectors.index(s) for s in sectors]
    before, after = (panel.mean(y, list(origins), "RUS")[chosen].sum() for y in (BEFORE, AFTER))
    return float(after / before)


def gravity(panel: Panel, sectors: Sequence[str]) -> tuple[float, float]:
    """Effect on log exports of the embargoed to Russia, and its standard error."""
    chosen = [panel.sectors.index(s) for s in sectors]
    C = list(panel.world.countries)
    index = pd.MultiIndex.from_product(
        [(*BEFORE, *AFTER), C, C], names=["year", "origin", "destination"]
    )
    trade = np.concatenate([panel.trade[y][..., chosen].sum(-1).ravel() for y in (*BEFORE, *AFTER)])
    data = pd.DataFrame({"trade": trade}, index).reset_index()
    embargoed = data["origin"].isin(resolve_countries(EMBARGOED, C))
    to_russia, later = data["destination"] == "RUS", data["year"] >= AFTER[0]
    year = data["year"].astype(str)
    data = data.assign(
        treated=(embargoed & to_russia & later).astype(float),
        border=((data["origin"] != data["destination"]) & later).astype(float),
        origin_year=data["origin"] + year,
        destination_year=data["destination"] + year,
        pair=data["origin"] + data["destination"],
    )
    fit = pf.fepois(
        "trade ~ treated + border | origin_year + destination_year + pair",
        data[data.groupby("pair")["trade"].transform("mean") > 0.05],
        vcov={"CRV1": "pair"},
    )
    return float(fit.coef()["treated"]), float(fit.se()["treated"])


def banned(record: Record) -> tuple[Array, Array]:
    """Routed food by route before and after the ban, (route, draw); direct comes first."""
    embargo = {
        f"embargo-{sender}": {
            "senders": "RUS",
            "target": sender,
            "kind": "import-ban",
            "sectors": FOOD,
            "share": COVERED,
            "ban": True,
        }
        for sender in resolve_countries(EMBARGOED, record.world.countries)
    }
    routes = {"hubs": HUBS, "lanes": [{"origins": EMBARGOED, "destinations": ["RUS"]}]}
    scenario = record.scenario(
        title="embargo", measures=embargo, impose=list(embargo), routes=routes, patronage=None
    )
    outcome = simulate(scenario, record.parameters(year=1), tolerance=TOLERANCE).outcome()
    shares = outcome.routed[0]
    food = [record.world.sectors[j] in FOOD for j in shares.trade.block[0]]
    before, after = (
        (rho * e.sales(*shares.trade.block))[:, food].sum((1, 2, 3))
        for rho, e in ((shares.before, outcome.before), (shares.after, outcome.after))
    )
    return before, after


def model_table(record: Record) -> str:
    """Fall of direct trade, evasion, and through whom."""
    before, after = banned(record)
    rise, fall = (after - before)[1:], (before - after)[0]
    ways = dict(zip([DIRECT, *HUBS], after - before, strict=True))
    neighbours = ways["BLR"] + ways["KAZ"]
    rows = [
        [
            "food from the embargoed, direct, percent",
            banded(band(after[0] / before[0] - 1), percent),
            "-80 of the banned products",
        ],
        ["evasion over the fall, percent", banded(band(rise.sum(0) / fall), percent), "–"],
        [
            "share of it through Belarus and Kazakhstan",
            banded(band(neighbours / rise.sum(0)), ratio),
            "more than half",
        ],
        *[[f"through {h}", banded(band(ways[h] / rise.sum(0)), ratio), ""] for h in HUBS],
    ]
    return table(pd.DataFrame(rows, columns=["", "model", "Miromanova (2018)"]))
