"""Charts of a commodity's market: who earns and who pays, and by which way it leaves."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd

from detente.analysis.commodity import OTHERS, Commodity
from detente.report import text
from detente.report.charts import OKABE_ITO, of
from detente.report.commodity_tables import STATUS_QUO, money
from detente.report.extras import alt

MOST_SCENARIOS = 4
LINE = 24
"""Characters in a line of a scenario's title."""


def earners_chart(found: Commodity) -> Any:
    """Bars of what each party earns more, a panel to each scenario about the commodity alone."""
    rows = pd.concat([_earned(found, name) for name in _shown(found)])
    order = list(dict.fromkeys(rows["who"]))
    rows["sign"] = rows["million"] > 0
    rows["label"] = rows["million"].map(money)
    reach = 1.45 * rows["million"].abs().max()
    panels = [
        _panel(rows[rows["scenario"] == name], found.titles[name], order, reach, first=not k)
        for k, name in enumerate(_shown(found))
    ]
    goods = text.sector(found.market.goods, found.name)
    words = "; ".join(
        f"{found.titles[name]}: most by {_most(rows[rows['scenario'] == name], 'nlargest')}, "
        f"least by {_most(rows[rows['scenario'] == name], 'nsmallest')}"
        for name in _shown(found)
    )
    return alt.hconcat(
        *panels,
        spacing=12,
        title=f"{goods}: who earns more and who less, million US dollars a year",
        description=(
            "Bar charts of what owners of mines and of the ways earn more or less, and of what "
            f"buyers are spared, million dollars a year. {words}."
        ),
    )


def ways_chart(found: Commodity) -> Any:
    """Bars of the trade by corridor, the status quo above the scenarios about it alone."""
    shown = _shown(found)
    table = found.ways
    start = table[table["scenario"] == shown[0]].assign(value=table["before"], when=STATUS_QUO)
    after = [
        table[table["scenario"] == name].assign(value=table["after"], when=found.titles[name])
        for name in shown
    ]
    rows = pd.concat([start, *after])[["title", "value", "when"]]
    rows = rows.reset_index(drop=True)
    rows["value"] /= 1e3
    corridors = list(dict.fromkeys(rows["title"]))
    when = [STATUS_QUO, *(found.titles[name] for name in shown)]
    bars = (
        of(rows)
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(
            x=alt.X("sum(value):Q", title="Sold overseas by each way, billion US dollars a year"),
            y=alt.Y("when:N", sort=when, title=None, axis=alt.Axis(labelLimit=330)),
            color=alt.Color(
                "title:N",
                title=None,
                scale=alt.Scale(domain=corridors, range=OKABE_ITO[: len(corridors)]),
                legend=alt.Legend(orient="bottom", columns=1, labelLimit=320),
            ),
            tooltip=[alt.Tooltip("title:N"), alt.Tooltip("value:Q", format=".2f")],
        )
    )
    told = rows.groupby("when", sort=False)[["title", "value"]]
    words = "; ".join(
        f"{name} {part['value'].sum():.2f}, most by {_main(part)}" for name, part in told
    )
    goods = text.sector(found.market.goods, found.name)
    return bars.properties(
        title=f"{goods}: the ways it takes from {text.called(found.market.exporter)}",
        description=f"Stacked bars of overseas sales by way, billion dollars a year. {words}.",
        width=420,
        height=34 * len(when),
    )


def _main(ways: pd.DataFrame) -> str:
    """The way that carries most, in words."""
    top = ways.nlargest(1, "value").iloc[0]
    return f"{top['title']} ({top['value']:.2f})"


def _most(rows: pd.DataFrame, which: str) -> str:
    """Two parties who earn most or least, in words."""
    ends = getattr(rows, which)(2, "million")
    return " and ".join(f"{r.who} ({r.label})" for r in ends.itertuples())


def _shown(found: Commodity) -> list[str]:
    """Scenarios about the commodity alone, or the first of all."""
    return (found.alone or list(found.titles))[:MOST_SCENARIOS]


def _earned(found: Commodity, name: str) -> pd.DataFrame:
    """What each party earns more, or pays less, in a scenario."""
    supply, owners, buyers = (
        table[table["scenario"] == name] for table in (found.supply, found.owners, found.buyers)
    )
    mines = {
        f"{'Others' if c == OTHERS else text.country(c)}, mines": x
        for c, x in zip(
            supply["country"], supply["rents_after"] - supply["rents_before"], strict=True
        )
    }
    ways = {
        f"{text.country(c)}, ways": x
        for c, x in zip(owners["country"], owners["after"] - owners["before"], strict=True)
    }
    spared = {
        f"{text.country(c)}, buyers": -x
        for c, x in zip(buyers["country"], buyers["bill"], strict=True)
    }
    parties = {**mines, **ways, **spared}
    return pd.DataFrame({"scenario": name, "who": parties.keys(), "million": parties.values()})


def _panel(rows: pd.DataFrame, title: str, order: list[str], reach: float, first: bool) -> Any:
    axis = alt.Axis(labelLimit=180) if first else None
    y = alt.Y("who:N", sort=order, title=None, axis=axis)
    x = alt.X(
        "million:Q",
        title=None,
        scale=alt.Scale(domain=[-reach, reach]),
        axis=alt.Axis(tickCount=3, format=",.0f"),
    )
    colours = alt.Scale(domain=[True, False], range=OKABE_ITO[:2])
    bars = (
        of(rows).mark_bar().encode(x=x, y=y, color=alt.Color("sign:N", scale=colours, legend=None))
    )
    right, left = rows[rows["sign"]], rows[~rows["sign"]]
    names = [
        of(part)
        .mark_text(align=align, dx=3 if align == "left" else -3, fontSize=10)
        .encode(x=x, y=y, text=alt.Text("label:N"))
        for part, align in ((right, "left"), (left, "right"))
        if len(part)
    ]
    heading = alt.TitleParams(text=textwrap.wrap(title, LINE), fontSize=11, anchor="start")
    return alt.layer(bars, *names, title=heading, width=150, height=17 * len(order))
