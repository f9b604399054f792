"""The chart of a report's first screen: who gains and who loses, with bands."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from detente.report import text
from detente.report.answer import changes_of, headlines
from detente.report.charts import OKABE_ITO, of, scale
from detente.report.commodity_tables import money
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.report.report import Report

ROW, PANEL, NARROW, NUMBERS = 26, 246, 110, 100
"""Height of a row; width of all panels together, of one on a telephone, and of its numbers."""
LEAST = 0.01
"""Percent of income below which no percentage is shown."""
LINE = 26
"""Characters in a line of a scenario's title."""
BANDED = ": median and band; open circles may be either"
SURE = {1: "gains", -1: "loses", 0: "may be either"}


def gains_chart(r: Report, stacked: bool = False) -> Any:
    """Million dollars a year by country, a panel to each headline scenario; an Altair chart.

    Panels stand one below the other if `stacked`, for narrow screens.
    """
    shown = headlines(r)
    rows = {name: _rows(r, name) for name in shown}
    width = NARROW if stacked else PANEL // len(shown)
    titles = {name: r.case.scenarios[name].title for name in shown}
    panels = [
        _panel(rows[name], titles[name], width, named=stacked or not k)
        for k, name in enumerate(shown)
    ]
    words = "; ".join(
        f"{titles[name]}: {', '.join(found['country'] + ' ' + found['label'])}"
        for name, found in rows.items()
    )
    together = alt.vconcat if stacked else alt.hconcat
    return together(*panels, spacing=12).properties(
        title=(
            "Change of real income, million US dollars a year (percent of income in brackets)"
            f"{BANDED if 'low' in r.assessment.welfare else ''}"
            f"{'. Each panel has its own scale' if len(shown) > 1 else ''}"
        ),
        description=f"Change of real income by country, million dollars a year. {words}.",
    )


def _rows(r: Report, name: str) -> pd.DataFrame:
    """Million dollars with their bands, by country; members of a group listed below it."""
    found = changes_of(r, name)
    names = text.nested(found.index).values()
    found = found.assign(country=list(names))
    for end in ("low", "high"):
        found[end] = (found[end] / 100 * found["income"]).fillna(found["million_usd"])
    found["sure"] = found["sign"].map(SURE)
    pairs = zip(found["million_usd"], found["percent"], strict=True)
    found["label"] = [_label(*pair) for pair in pairs]
    return found[["country", "million_usd", "low", "high", "sure", "label"]]


def _label(million: float, percent: float) -> str:
    """Money, and its percentage where that says something."""
    share = f" ({text.brief(percent)})".replace("-", "−")
    return money(million) + (share if abs(percent) >= LEAST else "")


def _panel(rows: pd.DataFrame, title: str, width: int, named: bool) -> Any:
    axis = alt.Axis(labelLimit=130, labelFontSize=12, ticks=False, domain=False) if named else None
    base = of(rows).encode(y=alt.Y("country:N", sort=list(rows["country"]), title=None, axis=axis))
    x = alt.X(
        "low:Q",
        title=None,
        axis=alt.Axis(tickCount=2, format=",~r", labelOverlap=True, labelSeparation=8),
    )
    kinds = list(SURE.values())
    shades = scale(kinds, [*OKABE_ITO[:2], "#777777"])
    colour = alt.Color("sure:N", title=None, scale=shades, legend=None)
    zero = of([{"zero": 0}]).mark_rule(color="#999999").encode(x=alt.X("zero:Q"))
    bands = base.mark_rule(strokeWidth=3, opacity=0.55).encode(x=x, x2="high:Q", color=colour)
    fill = alt.Fill("sure:N", scale=scale(kinds, [*OKABE_ITO[:2], "white"]), legend=None)
    points = base.mark_point(size=48, opacity=1, strokeWidth=1.6).encode(
        x=alt.X("million_usd:Q"), color=colour, fill=fill
    )
    labels = base.mark_text(align="right", fontSize=12).encode(
        x=alt.value(width + NUMBERS), text="label:N"
    )
    heading = alt.TitleParams(text=textwrap.wrap(title, LINE), fontSize=12, anchor="start")
    return alt.layer(
        zero, bands, points, labels, title=heading, width=width, height=ROW * len(rows)
    )
