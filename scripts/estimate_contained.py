"""How much of the sanctions on Russia and Belarus the table of 2022 contains, by gravity.

    python scripts/estimate_contained.py PANEL_FOLDER

The panel is OECD's bilateral trade by sector, 2011 to 2021 (`YEAR.npz`: `trade` [origin,
destination, sector], `countries`, `sectors`); the year 2022 is the embedded world's own. For each
sector, trade of all pairs, at home included, is fitted by Poisson pseudo maximum likelihood with
effects of origin and year, of destination and year and of the pair (Yotov, Piermartini, Monteiro
and Larch 2016, An Advanced Guide to Trade Policy Analysis, equation (1-7)), a common effect of
the border in each year, and one effect of each (sender, target, direction) in 2022. Pairs of a
sender and a target have effects of their own for 2011-13 and 2014-17, and Belarus for 2021, so that
the fall is measured on 2018 to 2020 (on 2018 to 2021 with Russia).

Beside it stands the plain change: that of the sender's trade with the target beside all trade of
the sector that neither target has a part in. Gravity takes the exporter's other sales as given and
so reads what was diverted to them as a larger fall; undone where supply moves freely between
destinations, it would bring back more trade than there ever was.

The standard error is that of placebos: the same residual for the trade of the same sender with all
countries that nobody sanctioned, of similar size. That of the regression would say next to nothing
where one pair in one year has an effect of its own.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest as pf

import detente
from detente.policy.contained import OTHERS
from detente.world.names import is_goods, resolve_countries

SENDERS = {
    "EU27": "EU27",
    "USA": "USA",
    "GBR": "GBR",
    "UKR": "UKR",
    "CAN": "CAN",
    "CHE": "CHE",
    "JPN": "JPN",
    "others": list(OTHERS),
}
TARGETS = ("BLR", "RUS")
YEARS = range(2011, 2023)
KEYS = ["year", "origin", "destination", "sector"]
SMALLEST = 0.05
"""Mean trade of a pair, million USD, below which it says nothing and is left out."""
OUTPUT = Path(__file__).parents[1] / "src/detente/policy/data/contained-icio2022.csv"


def panel(folder: Path, world: detente.World) -> pd.DataFrame:
    """Trade in goods by origin, destination, sector and year, million USD."""
    C = list(world.countries)
    goods = [s for s in world.sectors if is_goods(s) and s not in ("D", "E")]
    years = {}
    for year in YEARS[:-1]:
        with np.load(folder / f"{year}.npz") as stored:
            at = [list(stored["countries"]).index(c) for c in C]
            sectors = [list(stored["sectors"]).index(s) for s in goods]
            years[year] = stored["trade"][np.ix_(at, at, sectors)].astype(float)
    trade = (world.data["pi"] * world.data["X"].rename(country="destination")).transpose(
        "origin", "destination", "sector"
    )
    years[YEARS[-1]] = trade.sel(sector=goods).values
    index = pd.MultiIndex.from_product(
        [YEARS, C, C, goods], names=["year", "origin", "destination", "sector"]
    )
    values = np.concatenate([years[y].ravel() for y in YEARS])
    return pd.DataFrame({"trade": np.maximum(values, 0)}, index).reset_index()


def with_effects(data: pd.DataFrame, countries: list[str]) -> pd.DataFrame:
    """The panel with the groups of its effects."""
    sender = dict.fromkeys(countries, "")
    for name, members in SENDERS.items():
        sender |= dict.fromkeys(resolve_countries(members, countries), name)
    o, d, year = data["origin"], data["destination"], data["year"]
    exporting, importing = o.isin(TARGETS), d.isin(TARGETS)
    of_target = exporting & d.map(sender).astype(bool) & ~importing
    to_target = importing & o.map(sender).astype(bool) & ~exporting
    cell = pd.Series("", data.index)
    cell[of_target] = d.map(sender) + "|" + o + "|imports"
    cell[to_target] = o.map(sender) + "|" + d + "|exports"
    era = pd.cut(year, [0, 2013, 2017, 2100], labels=["a", "b", "c"]).astype(str)
    belarus_2021 = (year == 2021) & ((o == "BLR") | (d == "BLR"))
    era = era.mask(belarus_2021, "d").where(cell != "", "")
    return data.assign(
        origin_year=o + year.astype(str),
        destination_year=d + year.astype(str),
        pair=o + d + era,
        border=np.where(o == d, "home", "border" + year.astype(str)),
        cell=cell,
    )


def fitted(data: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Effects of the cells in 2022, and fitted trade, of one sector."""
    treated = data["cell"].where(data["year"] == YEARS[-1], "")
    names = sorted(set(treated) - {""})
    dummies = {f"cell{k}": (treated == name).astype(float) for k, name in enumerate(names)}
    borders = {
        f"border{y}": ((data["year"] == y) & (data["origin"] != data["destination"])).astype(float)
        for y in YEARS[1:]
    }
    frame = data.assign(**dummies, **borders)
    frame = frame[frame.groupby("pair")["trade"].transform("mean") > SMALLEST]
    fit = pf.fepois(
        f"trade ~ {' + '.join([*dummies, *borders])} | origin_year + destination_year + pair",
        frame,
        vcov="iid",
        separation_check=["fe"],
        fixef_tol=1e-6,
        fixef_maxiter=100_000,
        iwls_tol=1e-6,
    )
    effects = fit.coef()
    print(data["sector"].iloc[0], fit._N, flush=True)
    found = pd.Series({name: effects.get(f"cell{k}", np.nan) for k, name in enumerate(names)})
    expected = fit._data[KEYS].assign(expected=fit.predict(type="response"))
    return found, expected


def placebo_errors(data: pd.DataFrame, countries: list[str]) -> pd.DataFrame:
    """Log residuals of 2022 of each sender with each country that nobody sanctioned."""
    sanctioning = {c for m in SENDERS.values() for c in resolve_countries(m, countries)}
    last = data[data["year"] == YEARS[-1]]
    rows = []
    for name, members in SENDERS.items():
        inside = resolve_countries(members, countries)
        for own, other, direction in (
            ("destination", "origin", "imports"),
            ("origin", "destination", "exports"),
        ):
            at = (
                last[own].isin(inside) & ~last[other].isin(sanctioning) & ~last[other].isin(TARGETS)
            )
            sums = last[at].groupby([other, "sector"])[["trade", "expected"]].sum()
            sums = sums[(sums["trade"] > 0) & (sums["expected"] > 0)].reset_index()
            rows.append(
                pd.DataFrame(
                    {
                        "sender": name,
                        "direction": direction,
                        "sector": sums["sector"],
                        "size": sums["expected"],
                        "log": np.log(sums["trade"] / sums["expected"]),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def standard_error(size: float, placebos: pd.DataFrame) -> float:
    """Robust spread of the placebos whose trade is within a factor of three of a size."""
    near = placebos[np.abs(np.log(placebos["size"] / max(size, 1.0))) < np.log(3)]
    chosen = near if len(near) >= 30 else placebos
    return float(1.4826 * np.median(np.abs(chosen["log"] - chosen["log"].median())))


def beside_the_world(data: pd.DataFrame, countries: list[str]) -> pd.Series:
    """Log change of each cell to 2022 beside that of all trade that no target has a part in."""
    apart = data["origin"].isin(TARGETS) | data["destination"].isin(TARGETS)
    world = data[~apart & (data["origin"] != data["destination"])]
    found = {}
    for name, members in SENDERS.items():
        inside = resolve_countries(members, countries)
        for direction, own, other in (
            ("imports", "destination", "origin"),
            ("exports", "origin", "destination"),
        ):
            of_sender = data[data[own].isin(inside)]
            for target in TARGETS:
                base = range(2018, 2021 if target == "BLR" else 2022)
                change = _log_change(of_sender[of_sender[other] == target], base)
                found[(name, target, direction)] = change - _log_change(world, base)
    return pd.concat(found, names=["sender", "target", "direction"])


def _log_change(rows: pd.DataFrame, base: range) -> pd.Series:
    """Log of trade in 2022 over its mean in some years, by sector."""
    by_year = rows.pivot_table(index="sector", columns="year", values="trade", aggfunc="sum")
    before, after = by_year[list(base)].mean(axis=1), by_year[YEARS[-1]]
    return np.log(after.where(after > 0) / before.where(before > 0))


def main(folder: Path) -> None:
    """Estimate and write the table."""
    world = detente.load_world()
    countries = list(world.countries)
    data = with_effects(panel(folder, world), countries)
    parts, expected = [], []
    by_sector = dict(iter(data.groupby("sector", sort=False)))
    with ProcessPoolExecutor() as pool:
        fits = dict(zip(by_sector, pool.map(fitted, by_sector.values()), strict=True))
    for sector, (found, fit) in fits.items():
        expected.append(fit)
        table = found.rename("effect").reset_index()
        table[["sender", "target", "direction"]] = table.pop("index").str.split("|", expand=True)
        parts.append(table.assign(sector=sector))
    effects = pd.concat(parts, ignore_index=True)
    data = data.merge(pd.concat(expected), on=KEYS, how="left").fillna({"expected": 0.0})
    placebos = placebo_errors(data, countries)
    last = data[(data["year"] == YEARS[-1]) & (data["cell"] != "")]
    trade = last.groupby(["cell", "sector"])["trade"].sum()
    effects["trade_2022"] = [
        trade.get((f"{r.sender}|{r.target}|{r.direction}", r.sector), 0.0)
        for r in effects.itertuples()
    ]
    effects["se"] = [
        standard_error(
            r.trade_2022 * np.exp(-r.effect) if np.isfinite(r.effect) else 0.0,
            placebos[(placebos.sender == r.sender) & (placebos.direction == r.direction)],
        )
        for r in effects.itertuples()
    ]
    keys = ["sender", "target", "direction", "sector"]
    effects = effects.join(beside_the_world(data, countries).rename("beside"), on=keys)
    columns = [*keys, "effect", "beside", "se", "trade_2022"]
    effects = effects[columns].dropna().sort_values(columns[:4])
    OUTPUT.parent.mkdir(exist_ok=True)
    effects.round(4).to_csv(OUTPUT, index=False)
    print(f"{len(effects)} rows in {OUTPUT}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
