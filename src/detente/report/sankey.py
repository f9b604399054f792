"""The Sankey diagram of who supplies a country, directly and through hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detente.report import text
from detente.report.charts import OKABE_ITO, WHEN, apart, of, scale
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.analysis.leakage import CaseLeakage

COLUMNS = ((0.0, 1.0), (3.0, 3.45))
"""Where ribbons run; the names of the ways stand between the two, and off both."""
MOST_HUBS = 4
"""Hubs that are shown by name."""


def supply_chart(found: CaseLeakage) -> Any:
    """Sankey of who supplies the lane's end, directly and by hub, before and after."""
    destination = text.called(found.country)
    named = found.supply[["origin", "route"]].map(text.country)
    billion = found.supply.assign(value=found.supply["value"] / 1e3, **named)
    billion["route"] = _few(billion)
    billion = billion.groupby(["when", "origin", "route"], sort=False).sum().reset_index()
    top = float(billion.groupby("when")["value"].sum().max())
    after = found.titles.get(found.drawn, "")
    titles = ["Before: status quo", f"After: {after}" if after else "After"]
    panels = [
        _sankey(billion[billion["when"] == when], title, destination, top)
        for when, title in zip(WHEN, titles, strict=True)
    ]
    totals = billion.groupby(["when", "route"], as_index=False)["value"].sum()
    words = "; ".join(f"{r['when']} {r['route']} {r['value']:.1f}" for _, r in totals.iterrows())
    chart = alt.hconcat(*panels, spacing=10)
    return chart.properties(
        title=f"Who supplies {destination} with goods, and by which way, billion US dollars a year",
        description=f"Two Sankey diagrams, before and after. Billion dollars by way: {words}.",
    )


def _few(billion: pd.DataFrame) -> pd.Series[str]:
    """The way of each flow, with the small hubs as one."""
    hubs = billion[billion["route"] != "direct"].groupby("route")["value"].sum()
    small = list(hubs.index.drop(hubs.nlargest(MOST_HUBS).index))
    if len(small) < 2:
        return billion["route"]
    return billion["route"].where(~billion["route"].isin(small), f"{len(small)} other hubs")


def _sankey(links: pd.DataFrame, title: str, destination: str, top: float) -> Any:
    """One diagram of three columns: origins, ways, destination."""
    origins, routes = (
        links.groupby(column)["value"].sum().sort_values(ascending=False)
        for column in ("origin", "route")
    )
    left, middle = _stack(origins, 0.03 * top), _stack(routes, 0.03 * top)
    kinds = [*origins.index, "direct", "by hub"]
    shades = scale(kinds, [*OKABE_ITO[: len(origins)], "#BBBBBB", "#444444"])
    areas = (
        of(_ribbons(links, left, middle))
        .mark_area(opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1.5, 4.4])),
            y=alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[1.25 * top, -0.02 * top])),
            y2=alt.Y2("high:Q"),
            detail=alt.Detail("band:N"),
            color=alt.Color("kind:N", legend=None, scale=shades),
        )
    )
    total = pd.Series({destination: links["value"].sum()})
    names = [
        _names(origins, left, 0.0, "right", top),
        _names(routes, middle, COLUMNS[0][1], "left", top),
        _names(total, total * 0, COLUMNS[1][1], "left", top),
    ]
    return alt.layer(areas, *names, title=title, width=350, height=250)


def _stack(sizes: pd.Series, gap: float) -> pd.Series:
    """Top of each block when they are stacked with gaps."""
    return (sizes + gap).cumsum() - sizes - gap


def _ribbons(links: pd.DataFrame, left: pd.Series, middle: pd.Series) -> pd.DataFrame:
    """Ribbons from origins to ways, and from ways to the destination, along a smooth step."""
    every = pd.MultiIndex.from_product([left.index, middle.index], names=["kind", "route"])
    sizes = links.groupby(["origin", "route"])["value"].sum().rename_axis(every.names)
    flows = sizes.reindex(every, fill_value=0.0).reset_index(name="size").assign(column=0)
    flows["start"] = flows["kind"].map(left) + _before(flows, "kind")
    flows["end"] = flows["route"].map(middle) + _before(flows, "route")
    on = flows.groupby("route", sort=False)["size"].sum().reset_index().assign(column=1)
    on["kind"] = on["route"].where(on["route"] == "direct", "by hub")
    on["start"], on["end"] = on["route"].map(middle), _before(on, "column")
    steps = pd.DataFrame({"s": np.linspace(0, 1, 30)})
    rows = pd.concat([flows, on]).merge(steps, how="cross")
    begin, stop = np.array(COLUMNS)[rows["column"]].T
    low = rows["start"] + (rows["end"] - rows["start"]) * rows["s"] ** 2 * (3 - 2 * rows["s"])
    band = rows["column"].astype(str) + rows["kind"] + rows["route"]
    return pd.DataFrame(
        {"x": begin + (stop - begin) * rows["s"], "low": low, "high": low + rows["size"]}
    ).assign(kind=rows["kind"], band=band)


def _before(flows: pd.DataFrame, block: str) -> pd.Series:
    """What of a block the ribbons above take up."""
    return flows.groupby(block)["size"].cumsum() - flows["size"]


def _names(sizes: pd.Series, tops: pd.Series, x: float, side: str, top: float) -> Any:
    """Names and sizes beside the blocks of a column, pushed apart where they would overlap."""
    places = apart(tops[sizes.index] + sizes / 2, 0.065 * top)
    words = [f"{text.capitalised(str(name))} {size:.1f}" for name, size in sizes.items()]
    rows = pd.DataFrame({"x": x, "y": places, "text": words})
    names = of(rows).mark_text(align=side, dx=-6 if side == "right" else 6, fontSize=11)
    return names.encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), text=alt.Text("text:N"))
