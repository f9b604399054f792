"""Charts of weighed claims: where the metric lies, and which assumptions move it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.evidence import Evidence, WeighedClaim
from detente.arrays import Array
from detente.report import text
from detente.report.charts import HEADING, OKABE_ITO, scale, titled, write_charts
from detente.report.exports import write_table, write_text
from detente.report.extras import altair, fill

BARS = 6
"""Assumptions that a tornado shows."""

WIDTH = 560


def evidence_charts(found: Evidence) -> dict[str, Any]:
    """The distributions and the tornado diagrams, by name."""
    return {"densities": density_chart(found), "tornado": tornado_chart(found)}


def density_chart(found: Evidence) -> Any:
    """For every claim the distribution of its metric, the band, and where the claim turns."""
    words = "; ".join(
        f"{w.name}: holds in {text.probability(w)}, {text.band(w)}" for w in found.weighed.values()
    )
    return _stacked(
        [_density(w) for w in found.weighed.values()],
        f"{found.case.title}: claims under {text.plural(found.draws, 'draw', 'draws')} "
        "of the assumptions",
        f"Densities of the metrics of the claims. {words}.",
    )


def _stacked(panels: list[Any], title: str, description: str) -> Any:
    """One panel for each claim, each with its own scale."""
    stack = altair().vconcat(*panels, spacing=28).resolve_scale(x="independent", y="independent")
    return stack.properties(title=titled(title), description=description)


def _density(w: WeighedClaim) -> Any:
    alt = altair()
    low, median, high = w.band
    kinds = ["claim holds", "claim fails"]
    rows = _histogram(w.values)
    above = rows[["x", "x_end"]].mean(axis=1) > w.test.limit
    rows["holds"] = np.where(above == w.test.upward, *kinds)
    x, y = alt.X("x:Q", title=_axis(w)), alt.Y("y:Q", axis=None)
    color = alt.Color(
        "holds:N",
        title=None,
        scale=scale(kinds, [OKABE_ITO[0], "#BBBBBB"]),
        legend=alt.Legend(orient="top-right"),
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X("x:Q", title=_axis(w), bin="binned"),
            x2="x_end:Q",
            y=alt.Y("share:Q", axis=None),
            color=color,
        )
    )
    span = alt.Chart(pd.DataFrame({"x": [low], "end": [high], "y": [0.0]}))
    span = span.mark_rule(strokeWidth=3, color="black").encode(x=x, x2="end:Q", y=y)
    points = alt.Chart(pd.DataFrame({"x": [low, median, high], "y": 0.0}))
    points = points.mark_point(filled=True, color="black", size=45, opacity=1).encode(x=x, y=y)
    return alt.layer(bars, span, points, _limit(w)).properties(
        width=WIDTH, height=90, title=_heading(w, f"holds in {text.probability(w)}")
    )


def _limit(w: WeighedClaim) -> Any:
    """Where the claim turns."""
    alt = altair()
    rule = alt.Chart(pd.DataFrame({"x": [w.test.limit]}))
    rule = rule.mark_rule(strokeDash=[5, 4], color=OKABE_ITO[1], strokeWidth=2)
    return rule.encode(x=alt.X("x:Q", title=_axis(w)))


def _axis(w: WeighedClaim) -> str:
    return f"{w.test.metric}, {w.unit}"


def _histogram(values: Array) -> pd.DataFrame:
    """Shares of draws in bins between the 1 and 99 percent points."""
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.01, 0.99])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(finite, bins=60, range=(low, high))
    return pd.DataFrame(
        {"x": edges[:-1], "x_end": edges[1:], "share": counts / max(counts.sum(), 1)}
    )


def tornado_chart(found: Evidence) -> Any:
    """For every claim, the assumptions that move its metric most, one at a time."""
    words = "; ".join(f"{w.name}: {w.deciding}" for w in found.weighed.values())
    return _stacked(
        [_tornado(w) for w in found.weighed.values()],
        f"{found.case.title}: what moves the metrics, each assumption by itself",
        f"Tornado diagrams. Deciding assumption by claim: {words}.",
    )


def _tornado(w: WeighedClaim) -> Any:
    alt = altair()
    points = {"low": "5 percent point", "high": "95 percent point"}
    rows = w.swings.assign(width=(w.swings["high"] - w.swings["low"]).abs(), central=w.central)
    rows = rows.nlargest(BARS, "width").reset_index()
    ends = pd.concat(
        rows.assign(end=rows[side], at=words, value=rows[f"{side}_is"])
        for side, words in points.items()
    )
    order = list(rows["title"])
    x = alt.X("end:Q", title=_axis(w), scale=alt.Scale(zero=False))
    shades = scale([*points.values()], ["#FFFFFF", OKABE_ITO[0]])
    bars = (
        alt.Chart(ends)
        .mark_bar(height=13, stroke="black", strokeWidth=0.6)
        .encode(
            y=alt.Y("title:N", sort=order, title=None, axis=alt.Axis(labelLimit=420)),
            x=x,
            x2="central:Q",
            color=alt.Color("at:N", title="assumption at its", scale=shades),
            tooltip=["title:N", "at:N", "value:N", alt.Tooltip("end:Q", format="+.4f")],
        )
    )
    layers = alt.layer(bars, _limit(w))
    return layers.properties(width=420, title=_heading(w, w.verdict))


def _heading(w: WeighedClaim, what: str) -> Any:
    tested = textwrap.wrap(f"Tested: {w.claim.tested}", HEADING)
    return titled(w.claim.said, subtitle=[*tested, what], fontSize=12)


def write_evidence(found: Evidence, folder: Path, kind: str) -> list[Path]:
    """Write densities, tornados, and the claims table as a page and as CSV.

    Raises
    ------
    MissingExtraError
        Without the report extra.
    ScenarioError
        A format that is not svg, png or html.
    """
    page = fill("claims.html", found=found)
    return [
        *write_charts(evidence_charts(found), folder, kind),
        write_text(page, folder / "claims.html"),
        write_table(found.tables()["claims"], folder / "claims.csv"),
    ]
