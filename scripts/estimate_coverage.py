"""Shares of EU exports to Russia that the product bans cover, by sector and month of the ban.

    python scripts/estimate_coverage.py OBSERVED_FOLDER PANEL_FOLDER

EU27 exports of listed products to Russia in 2021 by HS heading (Eurostat), spread over the dates on
which their HS6 codes were banned (Chupilkin, Javorcik and Plekhanov, OpenICPSR 229004) and over
sectors (HS to ISIC rev. 4, concordance project), over the sector's exports in OECD's table of
2021. Products banned above a price only count half. Prints each share out of what earlier bans left
uncovered, as the register has them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from detente.world.names import resolve_countries

USD_PER_EUR = 1.183  # mean of 2021, European Central Bank
PRICED = 0.5  # judgement: half of what is sold lies above the price
REPAIR = "33"  # ISIC division of repair and installation: services, though goods are mapped to it


def sector(isic: str) -> str | None:
    """The table's sector of an ISIC class."""
    division = int(isic[:2])
    if division == 24:
        return "C24A" if isic[:3] in ("241",) or isic == "2431" else "C24B"
    if division == 30:
        return "C301" if isic[:3] == "301" else "C302T309"
    groups = {
        (10, 12): "C10T12",
        (13, 15): "C13T15",
        (17, 18): "C17_18",
        (31, 32): "C31T33",
    }
    for (first, last), name in groups.items():
        if first <= division <= last:
            return name
    letter = "A" if division < 5 else "B" if division < 10 else "C"
    return f"{letter}{division:02d}" if division < 31 else None


def headings(observed: Path) -> pd.DataFrame:
    """Part of each HS heading that belongs to a sector."""
    table = pd.read_csv(observed / "hs6_isic4.csv.gz", dtype=str).dropna()
    table = table[~table["isic4"].str.startswith(REPAIR)]
    table["sector"] = table["isic4"].map(sector)
    table = table.dropna().drop_duplicates(["hs6", "sector"])
    table["part"] = 1 / table.groupby("hs6")["sector"].transform("size")
    parts = table.groupby([table["hs6"].str[:4].rename("hs4"), "sector"])["part"].sum()
    return (parts / parts.groupby("hs4").transform("sum")).reset_index()


def dates(observed: Path) -> pd.DataFrame:
    """Part of each HS heading's listed codes that was banned in a month."""
    bans = pd.read_csv(observed / "eu_export_bans_russia_hs6.csv", dtype={"hs6": str})
    bans["weight"] = np.where(bans["max_price_eur"].fillna(0) > 0, PRICED, 1.0)
    by_date = bans.groupby(
        [bans["hs6"].str[:4].rename("hs4"), bans["date"].str[:7].rename("month")]
    )
    total = bans.groupby(bans["hs6"].str[:4]).size()
    parts = by_date["weight"].sum().reset_index()
    parts["banned"] = parts["weight"] / parts["hs4"].map(total)
    return parts[["hs4", "month", "banned"]]


def main(observed: Path, panel: Path) -> None:
    """Print coverage by sector and month."""
    exports = pd.read_csv(observed / "eu27_exports_listed_hs4_month.csv.gz", dtype={"hs4": str})
    exports = exports[
        exports["partner"].str.startswith("Russia") & exports["month"].str.startswith("2021")
    ]
    listed = exports.groupby("hs4")["eur"].sum().reset_index()
    listed = listed.merge(headings(observed), on="hs4").merge(dates(observed), on="hs4")
    listed["usd"] = listed["eur"] * listed["part"] * listed["banned"] * USD_PER_EUR / 1e6
    covered = listed.pivot_table(index="sector", columns="month", values="usd", aggfunc="sum")
    with np.load(panel / "2021.npz") as table:
        countries, sectors = list(table["countries"]), list(table["sectors"])
        eu = [countries.index(c) for c in resolve_countries("EU27", countries)]
        sold = pd.Series(table["trade"][eu, countries.index("RUS")].sum(0), sectors)
    share = covered.fillna(0).div(sold, axis=0).dropna()
    before = share.cumsum(axis=1).shift(axis=1).fillna(0)
    print((share / (1 - before).clip(lower=0.05)).clip(upper=0.95).round(2).to_string())
    print(share.sum(axis=1).round(2).to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
