"""The charts of the page as files: SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from detente.app.address import one_of
from detente.app.bands import banded_channels
from detente.app.names import sector_names
from detente.app.starts import case_of
from detente.app.state import State
from detente.app.views.contents import SECTORS, View, movers_of, views_of
from detente.app.views.events import told_of
from detente.app.views.why import WORDS, channels
from detente.errors import ScenarioError
from detente.policy.routes import DIRECT
from detente.report import text
from detente.report.charts import OKABE_ITO, of, styled, titled
from detente.report.extras import alt, vl_convert
from detente.report.maps import world_map
from detente.report.timeline import timeline_chart

SHARPNESS = 2.0
NUMBERS = 0.14
"""Part of a chart's width that the numbers beside its bars take."""
GAIN, LOSS = OKABE_ITO[:2]


class Chart(NamedTuple):
    """A chart of the page: what it shows, and what draws it, or None where there is nothing."""

    title: str
    draw: Callable[[View], Any]
    explained: bool = False


def _map(view: View) -> Any:
    return world_map(view.results.countries["percent"], view.headline)


def _gains(view: View) -> Any:
    rows = view.results.rows["countries"]
    named = {text.country(c): rows[c].million_usd for c in movers_of([view.results])}
    who = text.called(view.results.target)
    return bars(named, f"Most gained and lost beyond {who}: {view.title}", "Million dollars a year")


def _trade(side: str, words: str) -> Callable[[View], Any]:
    def draw(view: View) -> Any:
        found = view.results.partners
        change = found[f"{side}_after"] - found[f"{side}_before"]
        named = {text.country(str(code)): float(x) for code, x in change.items()}
        who = text.capitalised(text.called(view.results.target))
        title = f"Change of what {who} {words} partners: {view.title}"
        return bars(named, title, "Million dollars a year")

    return draw


def _sectors(view: View) -> Any:
    found = view.results.sectors
    change = (found["after"] - found["before"]).sort_values(key=abs, ascending=False)[:SECTORS]
    names = sector_names(view.results.scenario.world)
    named = {names[str(code)]: float(x) for code, x in change.sort_values(ascending=False).items()}
    who = text.called(view.results.target)
    return bars(
        named, f"Branches of {who} that change most: {view.title}", "Million dollars a year"
    )


def _ways(view: View) -> Any:
    if view.results.leak is None:
        return None
    ways = view.results.leak.ways
    named = {
        "Directly" if way == DIRECT else f"Through {text.called(str(way))}": float(x)
        for way, x in ways["change"].items()
    }
    ends = view.results.leak.origins, view.results.leak.destinations
    there = " to ".join(text.countries(codes) for codes in ends)
    return bars(named, f"Change of goods from {there}, by way: {view.title}", "Million dollars")


def _channels(view: View) -> Any:
    if view.channels is None:
        return None
    shown = view.channels.loc[[*channels([view.channels]), "total"], "percent"]
    named = {WORDS.get(str(c), "All together"): float(x) for c, x in shown.items()}
    title = f"Why {text.called(view.explained)} gains or loses: {view.title}"
    return bars(named, title, "Percent of income", digits=4)


def _timeline(view: View) -> Any:
    case = case_of(view.panel.start)
    if case is None or not told_of(view.panel).timeline:
        return None
    return timeline_chart(case)


CHARTS = {
    "map": Chart("Map", _map),
    "gains": Chart("Most gained and lost", _gains),
    "why": Chart("Channels", _channels, explained=True),
    "exports": Chart("Exports", _trade("exports", "sells to")),
    "imports": Chart("Imports", _trade("imports", "buys from")),
    "sectors": Chart("Branches", _sectors),
    "ways": Chart("Goods by way", _ways),
    "timeline": Chart("Timeline", _timeline),
}
"""By name in addresses."""


def bars(values: Mapping[str, float], title: str, unit: str, digits: int = 1) -> Any:
    """A bar for each number, gains and losses told apart by side, colour and sign."""
    rows = [
        {"name": name, "value": value, "words": text.signed(value, digits, "−")}
        for name, value in values.items()
    ]
    base = of(rows).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=320, domain=False)),
        x=alt.X("value:Q", title=unit, scale=_room(values), axis=alt.Axis(tickCount=5)),
    )
    shade = alt.condition("datum.value < 0", alt.value(LOSS), alt.value(GAIN))
    numbers = [
        base.transform_filter(f"datum.value {sign} 0").mark_text(align=side, dx=shift)
        for sign, side, shift in ((">=", "left", 5), ("<", "right", -5))
    ]
    words = "; ".join(f"{row['name']} {row['words']}" for row in rows)
    return alt.layer(
        base.mark_bar(height=14).encode(color=shade),
        *(layer.encode(text="words:N") for layer in numbers),
        title=titled(title),
        description=f"{title}. {unit}: {words}.",
        width=520,
        height=26 * len(rows),
    )


def _room(values: Mapping[str, float]) -> Any:
    """A scale with room for the numbers beside the bars."""
    low, high = min([0.0, *values.values()]), max([0.0, *values.values()])
    room = NUMBERS * ((high - low) or 1.0)
    ends = [low - room if low else low, high + room if high or not low else high]
    return alt.Scale(domain=ends, nice=False)


def drawn(state: State, name: str, panel: str = "a") -> dict[str, Any]:
    """A chart of one of the scenarios shown, as Vega-Lite.

    Raises
    ------
    ScenarioError
        There is no such chart here.
    """
    explain = banded_channels if CHARTS[one_of("chart", name, CHARTS)].explained else None
    views = {view.name: view for view in views_of(state, True, explain)}
    return drawn_of(views.get(panel, views["a"]), name)


def drawn_of(view: View, name: str) -> dict[str, Any]:
    """A chart of a scenario, as Vega-Lite; raises as `drawn`."""
    chart = CHARTS[name].draw(view)
    if chart is None:
        raise ScenarioError(f"There is no chart {CHARTS[name].title!r} in what this link shows.")
    return dict(styled(chart).to_dict(validate=False))


def as_svg(spec: dict[str, Any]) -> str:
    """Draw as SVG."""
    return str(vl_convert.vegalite_to_svg(spec))


def as_png(spec: dict[str, Any]) -> bytes:
    """Draw as PNG, on white."""
    return bytes(vl_convert.vegalite_to_png(spec, scale=SHARPNESS))
