"""Tables for the terminal."""

from __future__ import annotations

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detente.analysis.assess import Assessment
from detente.analysis.leakage import Leaks
from detente.world.names import is_goods
from detente.world.world import World


def assessment_view(result: Assessment) -> RenderableType:
    """Welfare, trade with main partners and the sectors that move most."""
    parts: list[RenderableType] = [
        Text(result.title, style="bold"),
        _welfare(result, "percent", "Welfare, percent of income (exact real income)", "{:+.3f}"),
        _welfare(
            result, "million_usd", "Welfare, million USD of 2022 (equivalent variation)", "{:+,.0f}"
        ),
        _trade(result),
        _sectors(result),
    ]
    parts += [Text(f"Note. {note}", style="yellow") for note in result.notes]
    parts += [Text(f"{k.capitalize()}: {words.strip()}") for k, words in result.assumptions.items()]
    parts.append(Text(result.provenance(), style="dim"))
    return Group(*parts)


def _grid(title: str, first: str, columns: list[str], wrap: bool = False) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    table.add_column(first, min_width=14)
    for column in columns:
        table.add_column(column, justify="left" if wrap else "right", no_wrap=not wrap)
    return table


def _signed(value: float, form: str) -> Text:
    if pd.isna(value):
        return Text("-")
    text = form.format(value)
    flat = float(text.replace(",", "")) == 0
    return Text(text, style="" if flat else "green" if value > 0 else "red")


def _brief(percent: float) -> Text:
    """A change in percent, with a decimal only where it is small."""
    return _signed(percent, "{:+.0f}" if abs(percent) >= 9.95 else "{:+.1f}")


def _welfare(result: Assessment, column: str, title: str, form: str) -> Table:
    wide = result.welfare.pivot(index="scenario", columns="country", values=column)
    countries = list(dict.fromkeys(result.welfare["country"]))
    table = _grid(title, "scenario", countries)
    for name, words in result.titles.items():
        table.add_row(words, *[_signed(wide.loc[name, c], form) for c in countries])
    return table


def _trade(result: Assessment) -> Table:
    """Trade of the target with each partner, both directions, change in percent."""
    partners = list(dict.fromkeys(result.trade["partner"]))
    title = f"Trade of {result.target}, change in percent (exports/imports)"
    table = _grid(title, "scenario", partners)
    rows = result.trade.set_index(["scenario", "partner"])
    start = rows.xs(next(iter(result.titles)), level="scenario")
    baseline = [
        f"{start.loc[p, 'exports_before'] / 1e3:,.1f}/{start.loc[p, 'imports_before'] / 1e3:,.1f}"
        for p in partners
    ]
    table.add_row("baseline, billion USD", *baseline, style="dim")
    for name, words in result.titles.items():
        cells = []
        for p in partners:
            row = rows.loc[(name, p)]
            sides = [_brief(row[f"{s}_percent"]) for s in ("exports", "imports")]
            cells.append(Text("/").join(sides))
        table.add_row(words, *cells)
    return table


def _sectors(result: Assessment) -> Table:
    title = f"Sectors of {result.target} that move most, gross output in million USD"
    table = _grid(title, "scenario", ["first", "second", "third"], wrap=True)
    for name, words in result.titles.items():
        top = result.top_sectors(name, 3)
        cells = [
            Text.assemble(_signed(r["after"] - r["before"], "{:+,.0f}"), f" {_short(r['name'])}")
            for _, r in top.iterrows()
        ]
        table.add_row(words, *cells)
    return table


def _short(name: str, length: int = 24) -> str:
    plain = name.removeprefix("Manufacture of ").removeprefix("basic ")
    plain = plain[:1].upper() + plain[1:]
    return plain if len(plain) <= length else plain[: length - 1].rstrip(" ,;") + "…"


def world_view(world: World, country: str | None = None) -> RenderableType:
    """A world in brief, or one of its countries."""
    if country is None:
        table = _grid(
            "Largest economies, billion USD", "country", ["value added", "exports", "imports"]
        )
        top = world.country_table().nlargest(10, "value added")
        for code, row in top.iterrows():
            cells = [f"{row[c] / 1e3:,.0f}" for c in ("value added", "exports", "imports")]
            table.add_row(f"{code} {world.name_of(str(code))}", *cells)
        return Group(Text(repr(world)), table)
    return Group(Text(repr(world)), *_country_tables(world, country))


def _country_tables(world: World, country: str) -> list[Table]:
    accounts = _grid(
        f"{country} {world.name_of(country)}, million {world.units.removeprefix('million ')}",
        "",
        ["value"],
    )
    for name, value in world.country_table().loc[country].items():
        form = f"{100 * value:.1f} %" if name == "openness" else f"{value:,.0f}"
        accounts.add_row(str(name), form)
    flows = world.trade.sum("sector")
    exports = flows.sel(origin=country).drop_sel(destination=country).to_series()
    imports = flows.sel(destination=country).drop_sel(origin=country).to_series()
    partners = _grid("Main partners, million USD", "partner", ["exports", "imports"])
    for code in (exports + imports).nlargest(8).index:
        partners.add_row(
            f"{code} {world.name_of(code)}", f"{exports[code]:,.0f}", f"{imports[code]:,.0f}"
        )
    sectors = _grid("Main export sectors, million USD", "sector", ["exports", "output", "theta"])
    sold = world.trade.sel(origin=country).drop_sel(destination=country).sum("destination")
    output = world.output.sel(country=country)
    for code in sold.to_series().nlargest(8).index:
        kind = "" if is_goods(code) else " (service)"
        sectors.add_row(
            f"{code} {_short(world.name_of(code), 40)}{kind}",
            f"{float(sold.sel(sector=code)):,.0f}",
            f"{float(output.sel(sector=code)):,.0f}",
            f"{float(world.data['theta'].sel(sector=code)):.2f}",
        )
    return [accounts, partners, sectors]


def leaks_view(found: Leaks) -> RenderableType:
    """Channels of welfare, routes, break-even and enforcement."""
    parts: list[RenderableType] = [
        Text(found.title, style="bold"),
        _channels(found),
        _routes(found),
    ]
    parts.append(_break_evens(found))
    parts.append(_enforcement(found))
    return Group(*parts)


def _channels(found: Leaks) -> Table:
    title = f"Why {found.country} gains or loses, percent of income (channels add up to the total)"
    columns = [str(c) for c in found.channels.columns]
    short = {"rest of general equilibrium": "rest of GE"}
    table = _grid(title, "scenario", [short.get(c, c) for c in columns])
    for name, words in found.titles.items():
        table.add_row(words, *[_signed(found.channels[c][name], "{:+.4f}") for c in columns])
    return table


def _routes(found: Leaks) -> Table:
    routes = list(dict.fromkeys(found.routes.index.get_level_values("route")))
    title = "Goods of the sanctioning countries bound for the lane's end, by way, million USD after"
    table = _grid(title, "scenario", [str(r) for r in routes])
    first = found.routes.loc[next(iter(found.titles))]
    before = [f"{first.loc[r, 'before']:,.0f}" for r in routes]
    table.add_row("baseline", *before, style="dim")
    for name, words in found.titles.items():
        table.add_row(words, *[f"{found.routes.loc[(name, r), 'after']:,.0f}" for r in routes])
    return table


def _break_evens(found: Leaks) -> Table:
    table = Table(title="Break-even", title_justify="left", title_style="bold", header_style="dim")
    table.add_column("scenario", no_wrap=True)
    table.add_column("")
    for name, words in found.titles.items():
        table.add_row(words, str(found.break_evens[name]))
    return table


def _enforcement(found: Leaks) -> Table:
    title = f"Enforcement at {found.hub}: {found.titles[found.drawn]}"
    columns = ["through hub, million USD", "share of the lane, %", f"welfare of {found.country}, %"]
    table = _grid(title, "handling cost", columns)
    for factor, row in found.enforcement.iterrows():
        table.add_row(
            f"{100 * (float(str(factor)) - 1):+.0f} %",
            f"{row['through_hubs']:,.0f}",
            f"{100 * row['share_through_hubs']:.2f}",
            _signed(row["welfare"], "{:+.4f}"),
        )
    return table
