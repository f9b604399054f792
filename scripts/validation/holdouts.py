"""Countries taken out of the table and added back from facts, and how near they come.

    python scripts/validation/holdouts.py icio2022_compact.npz

Each country is dropped from the compact table, the others attribute what they sold to it among
themselves just as `scripts/build_icio2022.py` attributes sales to the rest of the world, and it is
added back from facts, one step richer each time. The truth is the embedded world. Prints the tables
of docs/data.md and draws docs/data/holdouts.svg; takes less than a minute.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from build_icio2022 import final_mix, final_trade, final_use
from world2022.totals import GROUPS

import detente
from detente.errors import WorldError
from detente.report.charts import save_chart, titled
from detente.world import Economy
from detente.world.economy import shares_of_sectors
from detente.world.names import is_goods

LIKE = {
    "KAZ": ["RUS"],
    "KHM": ["LAO", "VNM", "MMR"],
    "TUN": ["MAR", "EGY"],
    "CRI": ["COL", "PER"],
    "MAR": ["TUN", "EGY"],
    "JOR": ["EGY", "TUN"],
    "SEN": ["CIV", "CMR"],
    "CMR": ["CIV", "SEN"],
    "LAO": ["KHM", "MMR"],
    "BGD": ["PAK", "IND"],
    "PAK": ["IND", "BGD"],
    "PER": ["CHL", "COL"],
    "EST": ["LVA", "LTU"],
    "HUN": ["SVK", "CZE"],
    "NGA": ["AGO", "CMR"],
    "NZL": ["AUS"],
}
"""Countries that are held out, and of whom each borrows."""

SECTIONS = [
    "A+C10T12", "B", "C13T15", "C16+C17_18", "C19", "C20+C21", "C22+C23+C24A+C24B+C25",
    "C26+C27+C28", "C29+C301+C302T309", "C31T33",
]  # fmt: skip
"""Groups of goods about as broad as the sections of the SITC that customs publish."""

SENDERS = ["EU27", "USA"]

VARIANTS = {
    "gdp": "value added alone",
    "totals": "and total exports and imports",
    "groups": "and value added of seven groups",
    "partners": "and goods by partner",
    "sections": "and ten sections of goods",
}
"""What is known, each more than the one before."""


def without(table: Mapping[str, Any], code: str) -> detente.World:
    """The embedded world as it would be if the table lacked a country."""
    C = [str(c) for c in table["countries"]]
    h = C.index(code)
    stay = [i for i in range(len(C)) if i != h]
    whole = table["intermediate_trade"]
    bought = whole.sum(0)
    kept = 1 - np.divide(whole[h], bought, out=np.zeros_like(bought), where=bought > 0)
    use = (table["input_use"] * kept[:, :, None])[stay]
    intermediate, output = whole[np.ix_(stay, stay)], table["gross_output"][stay]
    sales = np.maximum(output - intermediate.sum(1), 0.0)
    services = np.array([s[0] not in "ABC" for s in table["sectors"]])
    F = final_use(sales, (output - use.sum(1)).sum(1))
    return detente.World.from_flows(
        intermediate + final_trade(final_mix(intermediate, services), F, sales),
        use,
        theta="fontagne",
        countries=[C[i] for i in stay],
        sectors=[str(s) for s in table["sectors"]],
        name=f"icio2022 without {code}",
    )


def facts(truth: detente.World, code: str, variant: str) -> Economy:
    """What is known of a country, as national accounts and customs would say it."""
    known = list(VARIANTS).index(variant)
    goods = [s for s in truth.sectors if is_goods(s)]
    sold = truth.trade.sel(origin=code).drop_sel(destination=code)
    bought = truth.trade.sel(destination=code).drop_sel(origin=code)
    added = (truth.output * truth.data["beta"]).sel(country=code)
    given: dict[str, Any] = {}
    if known >= 1:
        for what, flows in (("exports", sold), ("imports", bought)):
            given[f"total_{what}"] = float(flows.sum())
            given[what] = float(flows.sel(sector=goods).sum())
    if known >= 2:
        given["sectors"] = _shares(added.values, list(GROUPS), truth)
    if known >= 3:
        for what, flows in (("exports", sold), ("imports", bought)):
            by_partner = flows.sel(sector=goods).sum("sector").to_series()
            given[what] = {str(c): float(v) for c, v in by_partner.items()}
    if known >= 4:
        for what, flows, over in (
            ("export", sold, "destination"),
            ("import", bought, "origin"),
        ):
            values = np.where([is_goods(s) for s in truth.sectors], flows.sum(over).values, 0.0)
            given[f"{what}_sectors"] = _shares(values, SECTIONS, truth)
    return Economy(like=LIKE[code], gdp=float(truth.data["VA"].sel(country=code)), **given)


def _shares(values: np.ndarray, groups: list[str], world: detente.World) -> dict[str, float]:
    members = shares_of_sectors(dict.fromkeys(groups, 0.0), world.sectors, "groups")
    return {
        name: float(values[found].sum() / values.sum())
        for name, (found, _) in zip(groups, members, strict=True)
    }


def compared(truth: detente.World, found: detente.World, code: str) -> dict[str, float]:
    """How near trade and an embargo are."""
    goods = [s for s in truth.sectors if is_goods(s)]
    pairs = {}
    for name, world in (("truth", truth), ("found", found)):
        sold = world.trade.sel(origin=code).drop_sel(destination=code)
        bought = world.trade.sel(destination=code).drop_sel(origin=code)
        order = [c for c in truth.countries if c != code]
        pairs[name] = np.stack(
            [sold.sel(destination=order).values, bought.sel(origin=order).values]
        )
    part = [truth.sectors.index(s) for s in goods]
    return {
        "log_correlation": _log_correlation(*(p[:, :, part].sum(2) for p in pairs.values())),
        "differences": _differences(*(p[:, :, part].sum(2) for p in pairs.values())),
        "by_sector": _differences(*(p[:, :, part] for p in pairs.values())),
        "all_by_sector": _differences(*pairs.values()),
        "size": pairs["found"].sum() / pairs["truth"].sum() - 1,
        "welfare": embargo(found, code),
        "truth": embargo(truth, code),
    }


def _log_correlation(truth: np.ndarray, found: np.ndarray) -> float:
    there = (truth > 0) & (found > 0)
    return float(np.corrcoef(np.log(truth[there]), np.log(found[there]))[0, 1])


def _differences(truth: np.ndarray, found: np.ndarray) -> float:
    """Sum of absolute differences of shares, mean of exports and imports."""
    sides = [abs(t / t.sum() - f / f.sum()).sum() for t, f in zip(truth, found, strict=True)]
    return float(np.mean(sides))


def embargo(world: detente.World, code: str) -> float:
    """Welfare, percent, of a country with which the EU and the United States stop trading goods."""
    changes = detente.Changes(world)
    senders = [c for s in SENDERS for c in _members(world, s) if c != code]
    for origin, destination in ((senders, code), (code, senders)):
        changes = changes.cost(origin, destination, sectors="goods", factor=np.inf)
    return float(detente.solve(world, changes).welfare.sel(country=code))


def _members(world: detente.World, name: str) -> list[str]:
    from detente.world.names import resolve_countries

    return resolve_countries(name, world.countries)


def run(table: Mapping[str, Any]) -> pd.DataFrame:
    """Every country and variant."""
    truth = detente.load_world("icio2022")
    rows = []
    for code in LIKE:
        base = without(table, code)
        for variant in VARIANTS:
            try:
                world = base.add_economies({code: facts(truth, code, variant)})
                rows.append({"country": code, "variant": variant, **compared(truth, world, code)})
            except WorldError as error:
                print(f"{code}, {variant}: {error}", file=sys.stderr)
    return pd.DataFrame(rows)


def summary(found: pd.DataFrame) -> str:
    """Means over countries, one line for each set of facts."""
    error = (found["welfare"] - found["truth"]).abs()
    ratio = np.log(found["welfare"] / found["truth"]).abs()
    table = found.assign(error=error, ratio=ratio).groupby("variant", sort=False)
    means = table[["log_correlation", "differences", "by_sector", "all_by_sector", "error"]].mean()
    means["factor"] = np.exp(table["ratio"].median())
    heads = (
        "| known | goods by partner: log-correlation | differences | goods by partner and sector: "
        "differences | goods and services by sector | embargo: mean error, points | typical "
        "factor |\n|---|---|---|---|---|---|---|"
    )
    lines = [
        f"| {VARIANTS[str(name)]} | {r.log_correlation:.3f} | {r.differences:.3f} | "
        f"{r.by_sector:.3f} | {r.all_by_sector:.3f} | {r.error:.2f} | {r.factor:.2f} |"
        for name, r in means.iterrows()
    ]
    return "\n".join([heads, *lines])


def by_country(found: pd.DataFrame) -> str:
    """One line for each country."""
    heads = (
        "| country | like | differences by partner and sector, partners unknown | all known | "
        "embargo, table | partners unknown | all known |\n|---|---|---|---|---|---|---|"
    )
    wide = found.set_index(["country", "variant"])
    lines = []
    for code in found["country"].unique():
        few, all_ = (wide.loc[(code, v)] for v in ("groups", "sections"))
        name = detente.load_world().name_of(code)
        lines.append(
            f"| {name} | {', '.join(LIKE[code])} | {few.by_sector:.2f} | {all_.by_sector:.2f} | "
            f"{all_.truth:.2f} | {few.welfare:.2f} | {all_.welfare:.2f} |"
        )
    return "\n".join([heads, *lines])


def chart(found: pd.DataFrame) -> Any:
    """Loss by the embargo: as found against the table."""
    some = found[found["variant"].isin(["gdp", "groups", "sections"])]
    rows = pd.DataFrame(
        {
            "country": some["country"],
            "known": some["variant"].map(VARIANTS),
            "table": -some["truth"],
            "found": -some["welfare"],
        }
    )
    losses = rows[["table", "found"]].to_numpy()
    ends = [float(losses.min()) / 1.3, float(losses.max()) * 1.3]
    scale = alt.Scale(type="log", domain=ends)
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, size=60, opacity=0.85)
        .encode(
            x=alt.X("table:Q", scale=scale, title="loss in the table, percent"),
            y=alt.Y("found:Q", scale=scale, title="loss of the country added back, percent"),
            color=alt.Color("known:N", sort=list(VARIANTS.values()), title="known",
                            scale=alt.Scale(range=["#D55E00", "#56B4E9", "#000000"])),
            shape=alt.Shape("known:N", sort=list(VARIANTS.values()), title="known"),
        )
    )  # fmt: skip
    line = alt.Chart(pd.DataFrame({"x": ends})).mark_line(color="#999").encode(x="x:Q", y="x:Q")
    names = (
        alt.Chart(rows[rows["known"] == VARIANTS["sections"]])
        .mark_text(dx=14, dy=8, fontSize=9)
        .encode(x="table:Q", y="found:Q", text="country:N")
    )
    title = "Countries added back: an embargo on goods by the EU and the United States"
    return alt.layer(line, points, names).properties(width=420, height=380, title=titled(title))


def main() -> None:
    """Print the tables, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="compact OECD table (npz)")
    with np.load(parser.parse_args().table) as stored:
        table = {name: stored[name] for name in stored.files}
    found = run(table)
    print(summary(found), by_country(found), sep="\n\n")
    picture = Path(__file__).parents[2] / "docs/data/holdouts.svg"
    picture.parent.mkdir(exist_ok=True)
    save_chart(chart(found), picture)


if __name__ == "__main__":
    main()
