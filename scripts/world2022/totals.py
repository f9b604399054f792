"""What public statistics know of the economies that the table lacks, in million USD of 2022."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import detente
from detente.world import Economy
from detente.world.gravity import located
from detente.world.names import is_goods, resolve_countries

Facts = dict[str, Any]

GROUPS = {
    "A": "va_AB_agriculture",
    "C": "va_D_manufacturing",
    "B+D+E": "va_CE_mining_manuf_utilities",
    "F": "va_F_construction",
    "G+I": "va_GH_trade_hotels",
    "H+J61": "va_I_transport_comm",
}
"""Groups of ISIC Rev. 3 in letters of Rev. 4; mining and utilities: what is not manufacturing."""

SECTIONS = {
    "0": ["A01", "A03", "C10T12"],
    "1": ["C10T12"],
    "2": ["A01", "A02", "B07", "B08", "C16", "C17_18"],
    "3": ["B05", "B06", "C19"],
    "4": ["C10T12"],
    "5": ["C20", "C21"],
    "6": ["C13T15", "C16", "C17_18", "C22", "C23", "C24A", "C24B", "C25"],
    "7": ["C26", "C27", "C28", "C29", "C301", "C302T309"],
    "8": ["C13T15", "C26", "C31T33"],
    "9": ["C24B", "C31T33"],
}
"""Sections of the SITC to sectors of the table."""

COURSE = (0.6, 1.8)
"""Bounds of the ratio of 2022 to what lies between 2020 and 2023, in national accounts."""

GOODS_AT_MOST = 0.97
"""Largest share of goods in trade of goods and services."""

NO_MINING = 0.005
"""Share of mining and utilities in value added below which accounts do not tell them apart."""

NO_REFINERY = 0.05
"""Crude oil and gas in imports of fuels of those who neither refine nor burn imported gas."""

TAIWAN = 0.004
"""Share of trade left for economies that BACI does not have, Taiwan first."""


@dataclass(frozen=True)
class Totals:
    """Accounts (economy, item), trade in goods (origin, destination), sections of trade."""

    accounts: pd.DataFrame
    trade: pd.DataFrame
    sections: pd.DataFrame
    alone: list[str]
    regions: dict[str, list[str]]


def read_totals(folder: Path, facts: Facts, table: list[str]) -> Totals:
    """Read everything, and choose who stands alone."""
    accounts = _accounts(folder, facts)
    trade = _trade(folder, accounts, facts)
    sections = pd.read_parquet(folder / "unctad_bilateral_sitc1_2015.parquet")
    known = set(located())
    outside = [c for c in accounts.index if c not in table and c in known]
    large = accounts["gdp"] >= facts["smallest"]
    traded = set(trade.index[trade.sum(axis=1) > 0])
    alone = [c for c in outside if large[c] and c in traded and c not in facts["in_regions"]]
    rest = [c for c in outside if c not in alone]
    return Totals(accounts, trade, sections, sorted(alone), _regions(rest))


def _regions(codes: list[str]) -> dict[str, list[str]]:
    from country_converter import CountryConverter

    names = {"Africa": "XAF", "America": "XAM", "Asia": "XAS", "Europe": "XEU", "Oceania": "XOC"}
    found: dict[str, list[str]] = {code: [] for code in names.values()}
    converter = CountryConverter()
    for code in codes:
        found[names[converter.convert(code, src="ISO3", to="continent")]].append(code)
    return {code: members for code, members in found.items() if members}


def _accounts(folder: Path, facts: Facts) -> pd.DataFrame:
    """Value added, its groups, trade of 2022, and the course of trade since 2020."""
    table = pd.read_csv(folder / "un_sna_gdp_sectors_trade_2010_2024.csv.gz", keep_default_na=False)
    table["value"] = pd.to_numeric(table["value"], errors="coerce")
    table = table[table["units"] == "current_usd"]
    wide = table.pivot_table(index=["year", "iso3"], columns="indicator", values="value") / 1e6
    now = wide.loc[2022]
    found = pd.DataFrame({"gdp": now["va_total"].fillna(now["gdp"])})
    found["market"] = now["gdp"]
    for side in ("exports", "imports"):
        item = f"{side}_goods_services"
        found[f"total_{side}"] = now[item]
        between = wide.loc[2020][item] / 3 + wide.loc[2023][item] * 2 / 3
        found[f"course_{side}"] = (now[item] / between).clip(*COURSE).fillna(1.0)
        found[f"since_2020_{side}"] = (now[item] / wide.loc[2020][item]).fillna(1.0)
    shares = pd.DataFrame({group: now[item] / now["va_total"] for group, item in GROUPS.items()})
    shares["B+D+E"] -= shares["C"]
    found = found.join(shares.clip(lower=0.0))
    for code, own in facts["accounts"].items():
        for item, value in {**own, **own.get("shares", {})}.items():
            if item not in ("source", "shares"):
                found.loc[code, item] = value
    courses = [c for c in found if c.startswith(("course", "since"))]
    found[courses] = found[courses].fillna(1.0)
    return found[found["gdp"] > 0]


def _trade(folder: Path, accounts: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Goods by origin and destination in 2022, million USD."""
    keys = ["origin", "destination"]
    parts = {}
    for year, name in ((2020, "2015_2020"), (2023, "2023")):
        rows = pd.read_csv(folder / f"baci_bilateral_totals_{name}.csv.gz", keep_default_na=False)
        rows = rows[rows["year"] == year]
        parts[year] = rows.groupby(keys)["value_thousand_usd"].sum() / 1e3
    both = pd.DataFrame(parts)
    there = {year: set(both[year].dropna().index.get_level_values(0)) for year in both}
    both = both.reset_index()
    late = both["origin"].isin(there[2023]) & both["destination"].isin(there[2023])
    course = _growth(both, accounts, "course")
    since = _growth(both, accounts, "since_2020")
    between = both[2020].fillna(0) / 3 + both[2023].fillna(0) * 2 / 3
    both["value"] = np.where(late, between * course, both[2020].fillna(0) * since)
    trade = both.set_index(keys)["value"]
    for flow in [*_partners_reports(folder), *facts["flows"]]:
        trade.loc[(flow["origin"], flow["destination"])] = flow["value"]
    return trade.unstack(fill_value=0.0).fillna(0.0)


def _growth(pairs: pd.DataFrame, accounts: pd.DataFrame, what: str) -> np.ndarray:
    """Geometric mean of the courses of the exporter and the importer."""
    sold = pairs["origin"].map(accounts[f"{what}_exports"]).fillna(1.0)
    bought = pairs["destination"].map(accounts[f"{what}_imports"]).fillna(1.0)
    return np.sqrt(sold * bought).to_numpy()


def _partners_reports(folder: Path) -> list[dict[str, Any]]:
    """Cuba and North Korea of 2023 from what partners report."""
    rows = pd.read_csv(folder / "cub_prk_2023_top7_partner_reported.csv")
    rows = rows[(rows["origin"] != "REST") & (rows["destination"] != "REST")]
    return rows.assign(value=rows["value_usd"] / 1e6).to_dict("records")


def economies_of(
    totals: Totals, facts: Facts, base: detente.World
) -> tuple[dict[str, Economy], dict[str, str]]:
    """What is known of each, for `World.add_economies`, and the region it may be merged into."""
    groups = {code: [code] for code in totals.alone} | totals.regions
    label = {member: code for code, members in groups.items() for member in members}
    label |= {code: code for code in base.countries}
    flows = totals.trade.rename(index=label, columns=label)
    flows = flows.loc[flows.index.isin(label.values()), flows.columns.isin(label.values())]
    flows = flows.groupby(level=0).sum().T.groupby(level=0).sum().T
    like = {c: key.split("+") for key, codes in facts["like"].items() for c in codes}
    names = _names()
    found = {}
    for code, members in groups.items():
        region = facts["regions"].get(code, {})
        found[code] = _economy(
            code, members, totals, flows, facts, base, region.get("like") or like[code],
            region.get("name") or names[code],
        )  # fmt: skip
    regions = _regions(totals.alone)
    inside = {member: code for code, members in regions.items() for member in members}
    return found, inside | {code: code for code in totals.regions}


def _names() -> dict[str, str]:
    from country_converter import CountryConverter

    table = CountryConverter().data
    return dict(zip(table["ISO3"], table["name_short"], strict=True))


def _economy(
    code: str,
    members: list[str],
    totals: Totals,
    flows: pd.DataFrame,
    facts: Facts,
    base: detente.World,
    like: list[str],
    name: str,
) -> Economy:
    rows = totals.accounts.loc[members]
    gdp = rows["gdp"].sum()
    shares = (rows[list(GROUPS)].fillna(0.0).mul(rows["gdp"], axis=0)).sum() / gdp
    if shares["B+D+E"] < NO_MINING:
        shares["B+C+D+E"] = shares.pop("B+D+E") + shares.pop("C")
    shares = shares[shares > 0] / max(shares.sum(), 1.0)
    sides = {}
    for what, line in (("exports", flows.loc[code]), ("imports", flows[code])):
        sides[what] = _scaled(code, what, line.drop(code), rows[f"total_{what}"].sum(), facts)
    return Economy(
        like=like,
        gdp=float(gdp),
        exports=sides["exports"][0],
        imports=sides["imports"][0],
        total_exports=sides["exports"][1],
        total_imports=sides["imports"][1],
        sectors={k: float(v) for k, v in shares.items()},
        export_sectors=_mix(code, members, "origin", totals, facts, base, like),
        import_sectors=_mix(code, members, "destination", totals, facts, base, like),
        barred=facts["barred"].get(code, {}),
        name=name,
        places=members if members != [code] else (),
    )


def _scaled(
    code: str, what: str, line: pd.Series, total: float, facts: Facts
) -> tuple[dict[str, float], float]:
    """Goods by partner and the total, brought to national accounts where these bind."""
    goods = float(line.sum())
    stated = {(f["origin"], f["destination"]) for f in facts["flows"]}
    reported = facts["as_reported"].get(what, {}).get(code, [])
    sound = [] if not reported else resolve_countries(reported, list(line.index))
    fixed = line.index.map(lambda p: ((code, p) if what == "exports" else (p, code)) in stated)
    fixed = fixed | line.index.isin(sound)
    aim = min(goods, GOODS_AT_MOST * total)
    if code in facts["goods_share"].get(what, {}):
        aim = facts["goods_share"][what][code] * total
    held = float(line[fixed].sum())
    factor = (aim - held) / (goods - held) if aim > held and goods > held else aim / goods
    kept = aim > held and goods > held
    line = line.where(fixed, line * factor) if kept else line * factor
    partners = {str(p): float(v) for p, v in line.items()}
    partners["rest"] = TAIWAN * aim
    partners.pop("TWN", None)
    return partners, max(total, sum(partners.values()))


def _mix(
    code: str,
    members: list[str],
    side: str,
    totals: Totals,
    facts: Facts,
    base: detente.World,
    like: list[str],
) -> dict[str, float]:
    """Shares of sectors in trade of goods: what is stated, the rest by sections of the SITC."""
    goods = [s for s in base.sectors if is_goods(s)]
    rows = totals.sections[totals.sections[side].isin(members)]
    sections = rows[rows["sitc"].isin(list(SECTIONS))].groupby("sitc")["value_thousand_usd"].sum()
    stated = facts["export_sectors" if side == "origin" else "import_sectors"].get(code, {})
    if not sections.sum() > 0:
        return dict(stated)
    axis = "destination" if side == "origin" else "origin"
    abroad = base.trade.sel(sector=goods)
    everyone = pd.Series(facts["typical"]["exports" if side == "origin" else "imports"])[goods]
    own = abroad.sel({side: like}).sum([side, axis]).to_series() + 1e-4 * everyone
    typical = np.sqrt(everyone / everyone.sum() * own / own.sum())
    if side == "destination" and code not in facts["crude_importers"]:
        typical["B06"] *= NO_REFINERY
    found = pd.Series(0.0, index=goods)
    for section, value in sections.items():
        part = typical[SECTIONS[str(section)]]
        found[part.index] += value * part / part.sum()
    found /= found.sum()
    rest = found.drop(list(stated), errors="ignore")
    rest *= (1 - sum(stated.values())) / rest.sum()
    mix = {**stated, **rest.to_dict()}
    return {s: float(v) for s, v in mix.items() if v > 0 and s in goods}
