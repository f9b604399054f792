"""Charts in Altair: files in SVG, PNG or HTML, without a browser and without a network.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; every chart has a title that
says what it shows and a description for screen readers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.leakage import Leaks
from detente.errors import MissingExtraError, ScenarioError

OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"]
COLUMNS = ((0.0, 1.0), (1.5, 2.1))
"""Where the ribbons of a Sankey diagram run; the names of the ways stand between the two."""

FORMATS = (".svg", ".png", ".html")


def _altair() -> Any:
    try:
        import altair
    except ImportError as error:
        raise MissingExtraError("altair", "report", "drawing charts") from error
    return altair


def leaks_charts(found: Leaks) -> dict[str, Any]:
    """Who supplies the lane's end, and the leakage curve, by name."""
    return {
        "supply": supply_chart(found.supply, found.country),
        "leakage": leakage_chart(found.enforcement, found.hub, f"goods bound for {found.country}"),
    }


def leakage_chart(curve: pd.DataFrame, hub: str, lane: str) -> Any:
    """Trade through hubs against enforcement, with the status quo marked; an Altair chart.

    Parameters
    ----------
    curve
        From `detente.analysis.channels.enforcement`.
    hub, lane
        Words for the title.
    """
    alt = _altair()
    rows = curve.reset_index()
    rows["cost"] = 100 * (rows["mu_hat"] - 1)
    rows["billion"] = rows["through_hubs"] / 1e3
    x = alt.X("cost:Q", title=f"Handling cost at {hub} raised by enforcement, percent")
    y = alt.Y("billion:Q", title=f"Trade through {hub}, billion US dollars a year")
    base = alt.Chart(rows).encode(x=x, y=y)
    line = base.mark_line(color=OKABE_ITO[0], strokeWidth=2.5)
    points = base.mark_point(color=OKABE_ITO[0], filled=True, size=50)
    first = alt.Chart(rows.head(1)).encode(x=x, y=y, text=alt.value("enforcement as today"))
    return alt.layer(line, points, first.mark_text(align="left", dx=8, fontSize=12)).properties(
        title=f"Leakage: {lane} through {hub}",
        description=(
            f"Line chart. {lane} through {hub} falls from {rows['billion'].iloc[0]:.2f} to "
            f"{rows['billion'].iloc[-1]:.2f} billion dollars as handling cost rises by "
            f"{rows['cost'].iloc[-1]:.0f} percent."
        ),
        width=520,
        height=300,
    )


def supply_chart(links: pd.DataFrame, destination: str) -> Any:
    """Sankey of who supplies a destination, directly and by hub, before and after.

    Parameters
    ----------
    links
        Columns `when` (before, after), `origin`, `route`, `value` in million USD.
    destination
        Words for the right-hand side.
    """
    alt = _altair()
    billion = links.assign(value=links["value"] / 1e3)
    top = float(billion.groupby("when")["value"].sum().max())
    panels = [
        _sankey(billion[billion["when"] == when], when.capitalize(), destination, top)
        for when in ("before", "after")
    ]
    totals = billion.groupby(["when", "route"], as_index=False)["value"].sum()
    words = "; ".join(f"{r['when']} {r['route']} {r['value']:.1f}" for _, r in totals.iterrows())
    return alt.hconcat(*panels, spacing=30).properties(
        title=f"Who supplies {destination} with goods, and by which way (billion US dollars)",
        description=f"Two Sankey diagrams, before and after. Billion dollars by way: {words}.",
    )


def _sankey(links: pd.DataFrame, title: str, destination: str, top: float) -> Any:
    """One diagram of three columns: origins, ways, destination."""
    alt = _altair()
    origins = links.groupby("origin")["value"].sum().sort_values(ascending=False)
    routes = links.groupby("route")["value"].sum().sort_values(ascending=False)
    gap = 0.03 * top
    left, middle = _stack(origins, gap), _stack(routes, gap)
    ribbons = _ribbons(links, left, middle)
    kinds = [*origins.index, "direct", "by hub"]
    shades = [*OKABE_ITO[: len(origins)], "#BBBBBB", "#444444"]
    areas = (
        alt.Chart(ribbons)
        .mark_area(opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, 2.5])),
            y=alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[1.28 * top, -0.02 * top])),
            y2="high:Q",
            detail="band:N",
            color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=kinds, range=shades)),
        )
    )
    total = pd.Series({destination: links["value"].sum()})
    texts = [
        _names(origins, left, 0.0, "right", top),
        _names(routes, middle, COLUMNS[0][1], "left", top),
        _names(total, {destination: 0.0}, COLUMNS[1][1], "left", top),
    ]
    return alt.layer(areas, *texts).properties(title=title, width=430, height=380)


def _stack(sizes: pd.Series, gap: float) -> dict[str, float]:
    """Top of each block when they are stacked with gaps."""
    tops = np.concatenate([[0.0], np.cumsum(sizes.to_numpy() + gap)[:-1]])
    return {str(k): float(t) for k, t in zip(sizes.index, tops, strict=True)}


def _ribbons(links: pd.DataFrame, left: dict[str, float], middle: dict[str, float]) -> pd.DataFrame:
    """Ribbons from origins to ways, and from ways to the destination."""
    bands, at_left, at_middle, at_right = [], dict(left), dict(middle), 0.0
    for origin in left:
        for route in middle:
            chosen = (links["origin"] == origin) & (links["route"] == route)
            size = float(links.loc[chosen, "value"].sum())
            bands.append(_ribbon(0, at_left[origin], at_middle[route], size, origin, route))
            at_left[origin] += size
            at_middle[route] += size
    for route, start in middle.items():
        size = float(links.loc[links["route"] == route, "value"].sum())
        kind = "direct" if route == "direct" else "by hub"
        bands.append(_ribbon(1, start, at_right, size, kind, route))
        at_right += size
    return pd.concat(bands, ignore_index=True)


def _ribbon(
    column: int, start: float, end: float, size: float, kind: str, route: str
) -> pd.DataFrame:
    """A ribbon along a smooth step."""
    s = np.linspace(0, 1, 30)
    low = start + (end - start) * s * s * (3 - 2 * s)
    left, right = COLUMNS[column]
    x = left + (right - left) * s
    return pd.DataFrame(
        {"x": x, "low": low, "high": low + size, "kind": kind, "band": f"{column}{kind}{route}"}
    )


def _names(sizes: pd.Series, tops: dict[str, float], x: float, side: str, top: float) -> Any:
    """Names and sizes beside the blocks of a column, pushed apart where they would overlap."""
    alt = _altair()
    rows, last = [], -np.inf
    for name, size in sizes.items():
        last = max(tops[str(name)] + size / 2, last + 0.05 * top)
        rows.append({"x": x, "y": last, "text": f"{name} {size:.1f}"})
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_text(align=side, dx=-6 if side == "right" else 6, fontSize=12)
        .encode(x="x:Q", y="y:Q", text="text:N")
    )


def write_charts(charts: dict[str, Any], folder: Path, kind: str) -> list[Path]:
    """Write charts to files of a folder that have their names; see `save_chart`.

    Parameters
    ----------
    charts
        By name.
    kind
        svg, png or html.
    """
    paths = [folder / f"{name}.{kind}" for name in charts]
    for path, chart in zip(paths, charts.values(), strict=True):
        save_chart(chart, path)
    return paths


def save_chart(chart: Any, path: Path) -> None:
    """Write a chart as SVG, PNG or self-contained HTML, by the ending of the path.

    Raises
    ------
    MissingExtraError
        Without altair or vl-convert.
    ScenarioError
        Another ending.
    """
    if path.suffix not in FORMATS:
        raise ScenarioError(f"{path}: a chart can be written as {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    styled = chart.configure_view(stroke=None).configure_axis(gridColor="#eeeeee")
    if path.suffix == ".html":
        styled.save(path, inline=True)
    else:
        styled.save(path, scale_factor=2.0 if path.suffix == ".png" else 1.0)
