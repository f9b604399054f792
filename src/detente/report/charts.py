"""Charts in Altair: files in SVG, PNG or HTML, without a browser and without a network.

Colours are Okabe and Ito's, which colour-blind readers can tell apart, and where it can be, what is
what shows in shape, size and fill before it shows in colour; every chart has a title that says
what it shows and a description for screen readers.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.errors import ScenarioError
from detente.report import text
from detente.report.extras import alt, vl_convert
from detente.report.leverage_tables import distinct_offers
from detente.simulation.store import Store
from detente.writing import whole_file

if TYPE_CHECKING:
    from detente.analysis.influence import Influence
    from detente.analysis.leakage import CaseLeakage
    from detente.analysis.relief.relief import Relief

WHEN = ["before", "after"]
OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"]
SENSES = {
    "trade_share": "Share of trade, percent",
    "passing": "Value added the partner buys at any stage, percent",
    "cut_off": "Cost of being cut off, percent of real income",
}
MOST_POINTS = 1024
"""Packages in the background of a frontier; others lie among them."""
MOST_SINGLE = 3
"""Parts of relief that are named by themselves where there is one sender."""
LONGEST = 48
"""Characters of a package's name."""
LEAST_APART = 13
"""Points of the page between the names of packages."""
FRONTIER = (560, 300)
"""Width and height of the chart of a frontier."""
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
NARROW = 28
"""Characters in a line below a narrow panel."""
HEADING = 80
"""Characters in a line of a title."""
FORMATS = (".svg", ".png", ".html")
PADDING = {"left": 24, "right": 24, "top": 5, "bottom": 5}
SMALL = {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"}
STYLE = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {"gridColor": "#eeeeee", **SMALL},
    "legend": SMALL,
}
"""Given to a chart at once, as Altair copies a chart whole for every word said of it."""


def write_charts(charts: dict[str, Any], folder: Path, kind: str) -> list[Path]:
    """Write charts to files of a folder that have their names; `kind` is svg, png or html."""
    paths = [folder / f"{name}.{kind}" for name in charts]
    for path, chart in zip(paths, charts.values(), strict=True):
        save_chart(chart, path)
    return paths


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
    return chart.properties(padding=PADDING, config=STYLE)


def heading_of(chart: Any) -> str:
    """The title of a chart in one line."""
    title = getattr(chart.title, "text", chart.title)
    return title if isinstance(title, str) else " ".join(title)


def svg(chart: Any, kept: Store | None = None) -> str:
    """A chart drawn, as text; it leaves Python's lock, so that others can work meanwhile.

    Where figures are kept, one that was drawn before is not drawn again.
    """
    spec = styled(chart).to_dict(validate=False)
    asked = json.dumps([vl_convert.__version__, spec], sort_keys=True)
    name = f"figure-{hashlib.sha256(asked.encode()).hexdigest()[:32]}"
    drawn = None if kept is None else kept.read(name)
    if drawn is None:
        drawn = str(vl_convert.vegalite_to_svg(spec)).encode()
        if kept is not None:
            kept.write(name, drawn)
    return drawn.decode()


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


def independent(*channels: str) -> Any:
    """Says that the panels of a chart have scales of their own in some channels."""
    return alt.Resolve(scale=dict.fromkeys(channels, "independent"))


def apart(places: Iterable[float], least: float) -> list[float]:
    """Ascending places of names, moved up where they would stand on each other.

    >>> apart([0.0, 1.0, 5.0], 2.0)
    [0.0, 2.0, 5.0]
    """
    return list(accumulate(places, lambda last, place: max(place, last + least)))


def leakage_chart(found: CaseLeakage) -> Any:
    """Trade through the hub against enforcement, with the status quo marked; an Altair chart."""
    hub, lane = text.called(found.hub), f"goods bound for {text.called(found.country)}"
    billion = found.enforcement["through_hubs"] / 1e3
    cost = 100 * (billion.index - 1)
    rows = pd.DataFrame({"cost": cost, "billion": billion.to_numpy()})
    at = {
        "x": alt.X("cost:Q", title=f"Handling cost at {hub} raised by enforcement, percent"),
        "y": alt.Y("billion:Q", title="Billion US dollars a year"),
    }
    line = of(rows).mark_line(color=OKABE_ITO[0], strokeWidth=2.5)
    points = of(rows).mark_point(color=OKABE_ITO[0], filled=True, size=50)
    label = of(rows.head(1)).mark_text(align="left", dx=8, fontSize=12, text="enforcement as today")
    return alt.layer(
        *(marks.encode(**at) for marks in (line, points, label)),
        title=f"Leakage: {lane} through {hub}, by how much dearer enforcement makes the way",
        description=(
            f"Line chart. {text.capitalised(lane)} through {hub} falls from {billion.iloc[0]:.2f} "
            f"to {billion.iloc[-1]:.2f} billion dollars as handling cost rises by {cost[-1]:.0f} "
            "percent."
        ),
        width=520,
        height=170,
    )


def frontier_chart(found: Relief) -> Any:
    """Gain against leak, the senders' cost as size; packages to choose from have their names.

    All others are small grey dots in the background; those on the frontier are open circles, and
    diamonds where the senders lose.
    """
    target, rival = text.called(found.target), text.called(found.rival)
    kinds = ["frontier, senders gain", "frontier, senders lose"]
    rows = _points(found.packages)
    rows["kind"] = np.where(rows["cost"] > 0, kinds[1], kinds[0])
    rows["size"] = rows["cost"].abs()
    best = rows.index.isin(found.frontier["package"].values)
    thinned = rows[~best].iloc[:: max(1, -(-len(rows) // MOST_POINTS))]
    words, count = text.spelled(str(found.chosen["words"].item()), text.country), len(rows)
    at = {
        "x": alt.X("leak:Q", title=f"Leak: gain of {rival}, percent of its income"),
        "y": alt.Y("gain:Q", title=f"Gain of {target}, percent of its income"),
    }
    tips = [
        alt.Tooltip("words:N", title="package"),
        alt.Tooltip("gain:Q", title=f"gain of {target}, %", format="+.3f"),
        alt.Tooltip("leak:Q", title=f"gain of {rival}, %", format="+.4f"),
        alt.Tooltip("cost:Q", title="senders' cost, million USD", format="+,.0f"),
    ]
    shape = alt.Shape("kind:N", title=None, scale=scale(kinds, ["circle", "diamond"]))
    title = "senders' gain or cost, m USD"
    size = alt.Size("size:Q", title=title, scale=alt.Scale(range=[25, 220]))
    grey = of(thinned).mark_circle(size=7, color="#cccccc", opacity=0.7, aria=False)
    open_ = of(rows[best]).mark_point(filled=False, color="#666666", strokeWidth=1.2)
    named = _named_packages(found, rows)
    square = of(named).mark_point(
        filled=True, shape="square", size=90, color=OKABE_ITO[1], opacity=1, stroke="black"
    )
    layers = [
        grey.encode(**at),
        open_.encode(**at, shape=shape, size=size, tooltip=tips),
        square.encode(**at, tooltip=tips),
        *_package_names(named, at),
    ]
    width, height = FRONTIER
    return alt.layer(
        *layers,
        title=f"Relief for {target}: gain against leak to {rival}, package by package",
        description=(
            f"Scatter chart of {text.plural(count, 'relief package', 'relief packages')}, "
            f"{found.frontier.sizes['package']} on the frontier. The chosen package, {words}, "
            f"gives {target} {text.percent(float(found.chosen['gain']), 3)} and "
            f"{rival} {text.percent(float(found.chosen['leak']), 4)}."
        ),
        width=width,
        height=height,
    )


def _named_packages(found: Relief, rows: pd.DataFrame) -> pd.DataFrame:
    """Packages with a name: what coalitions offer, those picked, and single parts of one sender."""
    picked = {"bargain": found.bargain, "least leak": found.least_leak, "chosen": found.chosen}
    numbers = {int(p["package"]): label for label, p in picked.items() if p is not None}
    offered = rows[rows["words"].isin(_spelled(distinct_offers(found)["words"]))]
    chosen = dict.fromkeys([*offered.index, *numbers])
    if len(found.offers) == 1:
        eased = (found.packages["degree"] > 0).sum("bundle").to_series()
        single = rows[rows.index.isin(eased.index[eased == 1])]
        chosen |= dict.fromkeys(single.nlargest(MOST_SINGLE, "gain").index)
    named = rows[rows.index.isin(list(chosen))]
    short = named["words"].map(lambda words: textwrap.shorten(words, LONGEST, placeholder=" …"))
    labels = [f"{w} ({numbers[k]})" if k in numbers else w for k, w in short.items()]
    return named.assign(label=labels)


def _package_names(named: pd.DataFrame, at: dict[str, Any]) -> list[Any]:
    """Names beside their points, on the side where there is room, and apart from each other."""
    middle = (named["leak"].max() + named["leak"].min()) / 2
    step = LEAST_APART / FRONTIER[1] * float(named["gain"].max())
    layers = []
    for align, side in (("left", named["leak"] <= middle), ("right", named["leak"] > middle)):
        rows = named[side].sort_values("gain")
        words = of(rows.assign(gain=apart(rows["gain"], step))).mark_text(
            align=align, dx=9 if align == "left" else -9, fontSize=11, fontWeight="bold"
        )
        layers.append(words.encode(**at, text="label:N"))
    return layers


def _points(packages: xr.Dataset) -> pd.DataFrame:
    names = ["words", "gain", "leak", "cost"]
    rows = packages[names].to_dataframe()[names]
    return rows.assign(words=_spelled(rows["words"]))


def _spelled(packages: pd.Series[Any]) -> list[str]:
    return [text.spelled(words, text.country) for words in packages]


def influence_chart(found: Influence) -> Any:
    """Dumbbells: each partner's influence before (open) and after (filled), in three senses."""
    data = found.data.assign(cut_off=-found.data["cut_off"])
    costs = zip(data["partner"].values, *data["cut_off"].values, strict=True)
    words = "; ".join(
        f"{text.country(p)} {before:.2f} to {after:.2f}" for p, before, after in costs
    )
    panels = [
        _dumbbells(data[s], title, named=not k) for k, (s, title) in enumerate(SENSES.items())
    ]
    return alt.hconcat(
        *panels,
        spacing=14,
        title=f"Influence over {text.called(found.target)}, before and after: {found.scenario}",
        description=(
            "Three dumbbell charts of influence by partner, before and after. Cost of being "
            f"cut off, percent of real income: {words}."
        ),
    )


def _dumbbells(values: xr.DataArray, title: str, named: bool) -> Any:
    """One sense of influence; partners that belong to another stand below it."""
    wide = values.to_series().unstack("when").loc[values["partner"].values].reset_index()
    names = text.nested(wide["partner"])
    wide["partner"], order = wide["partner"].map(names), list(names.values())
    axis = alt.Axis(labelLimit=160) if named else None
    y = alt.Y("partner:N", sort=order, title=None, axis=axis)
    heading = alt.Axis(title=textwrap.wrap(title, NARROW), tickCount=4)
    lines = of(wide).mark_rule(strokeWidth=2, color="black")
    lines = lines.encode(y=y, x=alt.X("before:Q", axis=heading), x2=alt.X2("after:Q"))
    points = of(wide.melt("partner", WHEN, "when", "value"))
    legend = alt.Legend(orient="top", direction="horizontal") if named else None
    points = points.mark_point(size=60, opacity=1, stroke="black", strokeWidth=1.4).encode(
        y=y,
        x=alt.X("value:Q"),
        shape=alt.Shape(
            "when:N", title=None, legend=legend, scale=scale(WHEN, ["circle", "diamond"])
        ),
        fill=alt.Fill("when:N", title=None, legend=legend, scale=scale(WHEN, ["white", "black"])),
        tooltip=[
            alt.Tooltip("partner:N"),
            alt.Tooltip("when:N"),
            alt.Tooltip("value:Q", format=".2f"),
        ],
    )
    return alt.layer(lines, points, width=165, height=18 * len(order))
