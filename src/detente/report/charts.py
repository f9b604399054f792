"""Charts in Altair: files in SVG, PNG or HTML, without a browser and without a network.

Colours are Okabe and Ito's, which colour-blind readers can tell apart, and where it can be, what is
what shows in shape, size and fill before it shows in colour; every chart has a title that says
what it shows and a description for screen readers.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.errors import ScenarioError
from detente.report import text
from detente.report.extras import alt, vl_convert
from detente.writing import whole_file

if TYPE_CHECKING:
    from detente.analysis.influence import Influence
    from detente.analysis.leakage import CaseLeakage
    from detente.analysis.relief.relief import Relief

WHEN = ["before", "after"]
OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"]
COLUMNS = ((0.0, 1.0), (1.5, 2.1))
"""Where the ribbons of a Sankey diagram run; the names of the ways stand between the two."""
SENSES = {
    "trade_share": "Share of trade, percent",
    "passing": "Value added the partner buys at any stage, percent",
    "cut_off": "Cost of being cut off, percent of real income",
}
MOST_POINTS = 4096
HEADING = 80
"""Characters in a line of a title."""
FORMATS = (".svg", ".png", ".html")


def write_charts(charts: dict[str, Any], folder: Path, kind: str) -> list[Path]:
    """Write charts to files of a folder that have their names; `kind` is svg, png or html."""
    paths = [folder / f"{name}.{kind}" for name in charts]
    for path, chart in zip(paths, charts.values(), strict=True):
        save_chart(chart, path)
    return paths


def drawing(**charts: Callable[[Any], Any]) -> Callable[[Any, Path, str], list[Path]]:
    """What writes charts of a result to a folder in a format, from what draws each, by name."""
    return lambda found, folder, kind: write_charts(
        {name: draw(found) for name, draw in charts.items()}, folder, kind
    )


def save_chart(chart: Any, path: Path) -> None:
    """Write a chart, whole or not at all, as SVG, PNG or HTML by the ending of the path.

    Raises
    ------
    MissingExtraError
        Without altair or vl-convert.
    ScenarioError
        Another ending.
    """
    if path.suffix not in FORMATS:
        raise ScenarioError(f"{path}: a chart can be written as {', '.join(FORMATS)}")
    options = {"inline": True} if path.suffix == ".html" else {}
    sharpness = 2.0 if path.suffix == ".png" else 1.0
    with whole_file(path) as partial:
        styled(chart).save(partial, format=path.suffix[1:], scale_factor=sharpness, **options)


def styled(chart: Any) -> Any:
    """A chart ready to be written: its margins leave room for fonts wider than those measured."""
    roomy = chart.properties(padding={"left": 60, "right": 60, "top": 5, "bottom": 5})
    return roomy.configure_view(stroke=None).configure_axis(gridColor="#eeeeee")


def svg(chart: Any) -> str:
    """A chart drawn, as text; it leaves Python's lock, so that others can work meanwhile."""
    return str(vl_convert.vegalite_to_svg(styled(chart).to_dict(validate=False)))


def of(rows: pd.DataFrame | list[dict[str, Any]]) -> Any:
    """A chart of some rows, to be marked; as JSON, which Altair does not look into.

    Of tables it makes several copies, which takes longer than to draw them.
    """
    table = rows if isinstance(rows, list) else rows.to_dict("records")
    coded = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
    return alt.Chart(alt.InlineData(coded, format=alt.DataFormat(type="json")))


def titled(words: str, **options: Any) -> Any:
    """A title over as many lines as it needs."""
    lines = textwrap.wrap(words, HEADING)
    return alt.TitleParams(text=lines, anchor="start", **options)


def scale(domain: list[str], values: list[Any]) -> Any:
    """A scale that gives each of some words its colour, shape or fill."""
    return alt.Scale(domain=domain, range=values)


def leakage_chart(found: CaseLeakage) -> Any:
    """Trade through the hub against enforcement, with the status quo marked; an Altair chart."""
    hub, lane = text.called(found.hub), f"goods bound for {text.called(found.country)}"
    billion = found.enforcement["through_hubs"] / 1e3
    cost = 100 * (billion.index - 1)
    rows = pd.DataFrame({"cost": cost, "billion": billion.to_numpy()})
    at = {
        "x": alt.X("cost:Q", title=f"Handling cost at {hub} raised by enforcement, percent"),
        "y": alt.Y("billion:Q", title=f"Trade through {hub}, billion US dollars a year"),
    }
    line = of(rows).mark_line(color=OKABE_ITO[0], strokeWidth=2.5)
    points = of(rows).mark_point(color=OKABE_ITO[0], filled=True, size=50)
    label = of(rows.head(1)).mark_text(align="left", dx=8, fontSize=12, text="enforcement as today")
    return alt.layer(*(marks.encode(**at) for marks in (line, points, label))).properties(
        title=f"Leakage: {lane} through {hub}",
        description=(
            f"Line chart. {text.capitalised(lane)} through {hub} falls from {billion.iloc[0]:.2f} "
            f"to {billion.iloc[-1]:.2f} billion dollars as handling cost rises by {cost[-1]:.0f} "
            "percent."
        ),
        width=520,
        height=300,
    )


def supply_chart(found: CaseLeakage) -> Any:
    """Sankey of who supplies the lane's end, directly and by hub, before and after."""
    destination = text.called(found.country)
    named = found.supply[["origin", "route"]].map(text.country)
    billion = found.supply.assign(value=found.supply["value"] / 1e3, **named)
    top = float(billion.groupby("when")["value"].sum().max())
    panels = [
        _sankey(billion[billion["when"] == when], when.capitalize(), destination, top)
        for when in WHEN
    ]
    totals = billion.groupby(["when", "route"], as_index=False)["value"].sum()
    words = "; ".join(f"{r['when']} {r['route']} {r['value']:.1f}" for _, r in totals.iterrows())
    chart = alt.hconcat(*panels, spacing=30)
    return chart.properties(
        title=f"Who supplies {destination} with goods, and by which way (billion US dollars)",
        description=f"Two Sankey diagrams, before and after. Billion dollars by way: {words}.",
    )


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
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, 2.5])),
            y=alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[1.28 * top, -0.02 * top])),
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
    return alt.layer(areas, *names).properties(title=title, width=430, height=380)


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
    rows, last = [], -np.inf
    for name, size in zip(map(str, sizes.index), sizes, strict=True):
        last = max(tops[name] + size / 2, last + 0.05 * top)
        rows.append({"x": x, "y": last, "text": f"{text.capitalised(name)} {size:.1f}"})
    names = of(rows).mark_text(align=side, dx=-6 if side == "right" else 6, fontSize=12)
    return names.encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), text=alt.Text("text:N"))


def frontier_chart(found: Relief) -> Any:
    """Gain against leak, the senders' cost as size; each point names its package.

    All packages are small grey dots; those on the frontier are open circles, and diamonds where
    the senders lose; the package chosen is a filled square with its name.
    """
    target, rival = text.called(found.target), text.called(found.rival)
    kinds = ["frontier, senders gain", "frontier, senders lose"]
    rows = _points(found.packages)
    rows["kind"] = np.where(rows["cost"] > 0, kinds[1], kinds[0])
    rows["size"] = rows["cost"].abs()
    best = rows.index.isin(found.frontier["package"].values)
    chosen = rows[rows.index == int(found.chosen["package"])]
    words, count = "".join(chosen["words"]), found.packages.sizes["package"]
    at = {
        "x": alt.X("leak:Q", title=f"Leak: gain of {rival}, percent of its income"),
        "y": alt.Y("gain:Q", title=f"Gain of {target}, percent of its income"),
    }
    tips = [
        alt.Tooltip("words:N", title="package"),
        alt.Tooltip("gain:Q", title=f"gain of {target}, %", format="+.3f"),
        alt.Tooltip("leak:Q", title=f"gain of {rival}, %", format="+.4f"),
        alt.Tooltip("cost:Q", title="senders' cost, million USD", format="+,.0f"),
        alt.Tooltip("through_hubs:Q", title="goods through hubs, million USD", format=",.0f"),
        alt.Tooltip("rival_share:Q", title=f"share of {rival} in trade, %", format=".1f"),
    ]
    shape = alt.Shape("kind:N", title=None, scale=scale(kinds, ["circle", "diamond"]))
    title = "senders' gain or cost, m USD"
    size = alt.Size("size:Q", title=title, scale=alt.Scale(range=[25, 260]))
    grey = of(rows[~best]).mark_circle(size=9, color="#bbbbbb", opacity=0.7, aria=False)
    open_ = of(rows[best]).mark_point(filled=False, color="black", strokeWidth=1.4)
    square = of(chosen).mark_point(
        filled=True, shape="square", size=150, color=OKABE_ITO[1], opacity=1, stroke="black"
    )
    name = of(chosen).mark_text(align="right", dx=-12, fontWeight="bold", text="chosen")
    layers = [
        grey.encode(**at, tooltip=tips),
        open_.encode(**at, shape=shape, size=size, tooltip=tips),
        square.encode(**at, tooltip=tips),
        name.encode(**at),
    ]
    return alt.layer(*layers).properties(
        title={
            "text": f"Relief for {target}: gain against leak to {rival}",
            "subtitle": f"Chosen: {words}",
        },
        description=(
            f"Scatter chart of {text.plural(count, 'relief package', 'relief packages')}, "
            f"{found.frontier.sizes['package']} on the frontier. The chosen package, {words}, "
            f"gives {target} {text.percent(float(found.chosen['gain']), 3)} and "
            f"{rival} {text.percent(float(found.chosen['leak']), 4)}."
        ),
        width=560,
        height=380,
    )


def _points(packages: xr.Dataset) -> pd.DataFrame:
    names = ["words", "gain", "leak", "cost", "through_hubs", "rival_share"]
    rows = packages[names].isel(package=slice(MOST_POINTS)).to_dataframe()[names]
    return rows.assign(words=[text.spelled(words, text.country) for words in rows["words"]])


def influence_chart(found: Influence) -> Any:
    """Dumbbells: each partner's influence before (open) and after (filled), in three senses."""
    data = found.data.assign(cut_off=-found.data["cut_off"])
    data["partner"] = [text.country(p) for p in data["partner"].values.tolist()]
    costs = zip(data["partner"].values, *data["cut_off"].values, strict=True)
    words = "; ".join(f"{partner} {before:.2f} to {after:.2f}" for partner, before, after in costs)
    chart = alt.vconcat(*(_dumbbells(data[sense], title) for sense, title in SENSES.items()))
    return chart.properties(
        title=f"Influence over {text.called(found.target)}: {found.scenario}",
        description=(
            "Three dumbbell charts of influence by partner, before and after. Cost of being "
            f"cut off, percent of real income: {words}."
        ),
    )


def _dumbbells(values: xr.DataArray, title: str) -> Any:
    wide = values.to_series().unstack("when").reset_index()
    order = wide.sort_values("before", ascending=False)["partner"].tolist()
    y = alt.Y("partner:N", sort=order, title=None)
    lines = of(wide).mark_rule(strokeWidth=2, color="black")
    lines = lines.encode(y=y, x=alt.X("before:Q", title=title), x2=alt.X2("after:Q"))
    points = of(wide.melt("partner", WHEN, "when", "value"))
    points = points.mark_point(size=80, opacity=1, stroke="black", strokeWidth=1.4).encode(
        y=y,
        x=alt.X("value:Q"),
        shape=alt.Shape("when:N", title=None, scale=scale(WHEN, ["circle", "diamond"])),
        fill=alt.Fill("when:N", title=None, scale=scale(WHEN, ["white", "black"])),
        tooltip=[
            alt.Tooltip("partner:N"),
            alt.Tooltip("when:N"),
            alt.Tooltip("value:Q", format=".2f"),
        ],
    )
    return alt.layer(lines, points).properties(width=460, height=18 * len(order))
