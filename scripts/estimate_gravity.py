"""Gravity by sector, for the trade of economies that no table has.

    python scripts/estimate_gravity.py PANEL_FOLDER GEODIST.csv.gz

The panel is OECD's bilateral trade by sector (`YEAR.npz`: `trade` [origin, destination, sector],
`countries`, `sectors`), of which 2017 to 2021 are used. For each sector, trade between different
countries is fitted by Poisson pseudo maximum likelihood with effects of origin and year and of
destination and year (Anderson and van Wincoop 2003; Yotov, Piermartini, Monteiro and Larch 2016,
An Advanced Guide to Trade Policy Analysis, equation (1-6)) on

    log distance (population-weighted, km), a common border, a common official language, a colonial
    tie, both in the European Union, both in the Commonwealth of Independent States.

Distances are from CEPII's GeoDist (Mayer and Zignago 2011, CEPII working paper 2011-25). Standard
errors are clustered by pair. The services of the panel are one sector, `services` here.

Writes `gravity.csv` (coefficients) and `geodist.npz` (what lies between any two of some 230
economies) into the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest as pf

from detente.world.names import group_members

YEARS = range(2017, 2022)
TERMS = ["log_km", "border", "language", "colony", "eu", "cis"]
DATA = Path(__file__).parents[1] / "src/detente/world/data"


def pairs(geodist: pd.DataFrame) -> pd.DataFrame:
    """What lies between two economies, by origin and destination."""
    table = geodist.rename(columns={"iso_o": "origin", "iso_d": "destination"})
    table["km"] = table["distw"].fillna(table["dist"])
    flags = {"border": "contig", "language": "comlang_off", "colony": "colony"}
    for name, column in flags.items():
        table[name] = table[column].fillna(0.0)
    table["log_km"] = np.log(table["km"].clip(lower=1.0))
    for name, group in {"eu": "EU27", "cis": "CIS"}.items():
        members = set(group_members(group))
        both = table["origin"].isin(members) & table["destination"].isin(members)
        table[name] = both.astype(float)
    return table


def panel(folder: Path) -> pd.DataFrame:
    """Trade between different countries by origin, destination, sector and year, million USD."""
    years = []
    for year in YEARS:
        stored = np.load(folder / f"{year}.npz")
        C = [str(c) for c in stored["countries"]]
        S = ["services" if str(s).startswith("Services") else str(s) for s in stored["sectors"]]
        index = pd.MultiIndex.from_product([C, C, S], names=["origin", "destination", "sector"])
        trade = pd.Series(stored["trade"].ravel(), index, name="trade").reset_index()
        years.append(trade.assign(year=year))
    table = pd.concat(years)
    named = (table["origin"] != "ROW") & (table["destination"] != "ROW")
    return table[named & (table["origin"] != table["destination"])]


def estimate(trade: pd.DataFrame) -> pd.DataFrame:
    """Coefficients with standard errors, by sector."""
    keys = {
        "from_": trade["origin"] + trade["year"].astype(str),
        "to_": trade["destination"] + trade["year"].astype(str),
        "pair": trade["origin"] + trade["destination"],
    }
    trade = trade.assign(**keys)
    found = []
    for sector, rows in trade.groupby("sector", sort=False):
        fit = pf.fepois(
            f"trade ~ {' + '.join(TERMS)} | from_ + to_", data=rows, vcov={"CRV1": "pair"}
        )
        tidy = fit.tidy()[["Estimate", "Std. Error"]].reset_index()
        tidy.columns = ["term", "estimate", "standard_error"]
        found.append(tidy.assign(sector=sector, observations=len(rows)))
        print(sector, dict(zip(tidy["term"], tidy["estimate"].round(2), strict=True)), flush=True)
    return pd.concat(found)[["sector", "term", "estimate", "standard_error", "observations"]]


def store_geodist(table: pd.DataFrame, path: Path) -> None:
    """Kilometres and flags between economies, as small as they can be."""
    codes = sorted(set(table["origin"]) & set(table["destination"]))

    def matrix(column: str) -> np.ndarray:
        wide = table.pivot(index="origin", columns="destination", values=column)
        return wide.reindex(index=codes, columns=codes).to_numpy(float)

    flags = {name: matrix(name) > 0 for name in ("border", "language", "colony")}
    np.savez_compressed(path, codes=codes, km=np.rint(matrix("km")).astype(np.uint16), **flags)


def main() -> None:
    """Estimate and store."""
    folder, geodist = Path(sys.argv[1]), Path(sys.argv[2])
    between = pairs(pd.read_csv(geodist, keep_default_na=False, na_values=[""]))
    store_geodist(between, DATA / "geodist.npz")
    merged = panel(folder).merge(between[["origin", "destination", *TERMS]])
    estimate(merged).to_csv(DATA / "gravity.csv", index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
