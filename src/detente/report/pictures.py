"""The figures of a report, drawn side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from detente.progress import Progress
from detente.report import charts, claims_charts, commodity_charts, maps, sankey, timeline
from detente.report.certainty_chart import certainty_chart
from detente.report.extras import alt
from detente.report.gains_chart import gains_chart
from detente.report.sections import claim_picture
from detente.simulation.store import Store

if TYPE_CHECKING:
    from detente.report.report import Report

Draw: TypeAlias = Callable[[], Any]

MOST_PANELS = 4
"""Tornado diagrams in the figure of those claims that are least sure."""


class Figure(NamedTuple):
    """A chart as the report shows it: SVG as a data address, its title, and what it shows in words.

    `narrow` is the same chart for a telephone, if there is one.
    """

    address: str
    title: str
    words: str
    narrow: str = ""


def illustrate(r: Report, progress: Progress, kept: Store | None = None) -> dict[str, Figure]:
    """Draw the figures of a report, by name; told after each how many of how many.

    Those that are kept are not drawn again.
    """
    charts_, found, draw = _charts(r), {}, partial(_figure, kept=kept)
    with ThreadPoolExecutor() as pool:
        for name, figure in zip(charts_, pool.map(draw, charts_.values()), strict=True):
            found[name] = figure
            progress(len(found), len(charts_))
    narrow = draw(partial(gains_chart, r, stacked=True))
    return {**found, "answer": found["answer"]._replace(narrow=narrow.address)}


def _charts(r: Report) -> dict[str, Draw]:
    title = r.case.scenarios[r.drawn].title
    found: dict[str, Draw] = {
        "answer": partial(gains_chart, r),
        "map": partial(maps.world_map, r.welfare, f"{title}: change of real income (all central)"),
        "influence": partial(charts.influence_chart, r.influence),
    }
    if r.case.events:
        found["timeline"] = partial(timeline.timeline_chart, r.case)
    if r.evidence is not None:
        found["tornado"] = partial(claims_charts.tornado_chart, r.evidence, MOST_PANELS)
        for name, weighed in r.evidence.weighed.items():
            found[claim_picture(name)] = partial(claims_charts.claim_chart, weighed, r.case)
    for market in r.commodities:
        goods = market.market.goods
        found[f"{goods}-earners"] = partial(commodity_charts.earners_chart, market)
        if len(market.ways):
            found[f"{goods}-ways"] = partial(commodity_charts.ways_chart, market)
    if r.leakage is not None:
        found["supply"] = partial(sankey.supply_chart, r.leakage)
        found["leakage"] = partial(charts.leakage_chart, r.leakage)
    if r.relief is not None:
        found["frontier"] = partial(charts.frontier_chart, r.relief)
        if r.relief.certainty is not None:
            found["certainty"] = partial(certainty_chart, r.relief)
    return found


def _figure(draw: Draw, kept: Store | None) -> Figure:
    """An image apart from the page: charts drawn into one page would share names of their parts.

    The title stands below it, in the page.
    """
    chart = draw()
    heading, chart.title = charts.heading_of(chart), alt.Undefined
    coded = base64.b64encode(charts.svg(chart, kept).encode()).decode()
    return Figure(f"data:image/svg+xml;base64,{coded}", heading, str(chart.description))
