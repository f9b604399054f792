"""Charts of weighed claims: where the metric lies, and which assumptions move it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.claims import Evidence, WeighedClaim
from detente.arrays import Array
from detente.report.charts import OKABE_ITO, _altair, write_charts
from detente.report.claims_tables import band, write_page
from detente.report.files import whole_file

BARS = 6
"""Assumptions that a tornado shows."""

WIDTH = 560


def evidence_charts(found: Evidence) -> dict[str, Any]:
    """The distributions and the tornado diagrams, by name."""
    return {"densities": density_chart(found), "tornado": tornado_chart(found)}


def density_chart(found: Evidence) -> Any:
    """For every claim the distribution of its metric, the band, and where the claim turns."""
    alt = _altair()
    panels = [_density(w) for w in found.weighed.values()]
    words = "; ".join(
        f"{w.name}: holds in {100 * w.probability:.0f} percent, {band(w)}"
        for w in found.weighed.values()
    )
    return (
        alt.vconcat(*panels, spacing=28)
        .resolve_scale(x="independent", y="independent")
        .properties(
            title=f"{found.case.title}: claims under {found.draws} draws of the assumptions",
            description=f"Densities of the metrics of the claims. {words}.",
        )
    )


def _density(w: WeighedClaim) -> Any:
    alt = _altair()
    low, median, high = w.band
    rows = _histogram(w.values)
    above = rows[["x", "x_end"]].mean(axis=1) > w.test.limit
    rows["holds"] = np.where(above == w.test.upward, "claim holds", "claim fails")
    x = alt.X("x:Q", title=f"{w.test.metric}, {w.unit}")
    bars = (
        alt.Chart(rows)
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X("x:Q", title=f"{w.test.metric}, {w.unit}", bin="binned"),
            x2="x_end:Q",
            y=alt.Y("share:Q", axis=None),
            color=alt.Color(
                "holds:N",
                title=None,
                scale=alt.Scale(
                    domain=["claim holds", "claim fails"], range=[OKABE_ITO[0], "#BBBBBB"]
                ),
                legend=alt.Legend(orient="top-right"),
            ),
        )
    )
    marks = pd.DataFrame({"x": [low, median, high], "y": 0.0})
    span = (
        alt.Chart(pd.DataFrame({"x": [low], "end": [high], "y": [0.0]}))
        .mark_rule(strokeWidth=3, color="black")
        .encode(x=x, x2="end:Q", y=alt.Y("y:Q", axis=None))
    )
    points = (
        alt.Chart(marks)
        .mark_point(filled=True, color="black", size=45, opacity=1)
        .encode(x=x, y=alt.Y("y:Q", axis=None))
    )
    limit = (
        alt.Chart(pd.DataFrame({"x": [w.test.limit]}))
        .mark_rule(strokeDash=[5, 4], color=OKABE_ITO[1], strokeWidth=2)
        .encode(x=x)
    )
    return alt.layer(bars, span, points, limit).properties(
        width=WIDTH, height=90, title=_heading(w, f"holds in {100 * w.probability:.0f} %")
    )


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
    alt = _altair()
    panels = [_tornado(w) for w in found.weighed.values()]
    words = "; ".join(f"{w.name}: {w.deciding}" for w in found.weighed.values())
    return (
        alt.vconcat(*panels, spacing=28)
        .resolve_scale(x="independent", y="independent")
        .properties(
            title=f"{found.case.title}: what moves the metrics, each assumption by itself",
            description=f"Tornado diagrams. Deciding assumption by claim: {words}.",
        )
    )


def _tornado(w: WeighedClaim) -> Any:
    alt = _altair()
    rows = w.swings.assign(width=(w.swings["high"] - w.swings["low"]).abs())
    rows = rows.nlargest(BARS, "width").reset_index()
    ends = pd.concat(
        [
            rows.assign(end=rows[side], at=f"{words} point", value=rows[f"{side}_is"])
            for side, words in (("low", "5 percent"), ("high", "95 percent"))
        ]
    )
    ends["central"] = w.central
    order = list(rows["title"])
    x = alt.X("end:Q", title=f"{w.test.metric}, {w.unit}", scale=alt.Scale(zero=False))
    bars = (
        alt.Chart(ends)
        .mark_bar(height=13, stroke="black", strokeWidth=0.6)
        .encode(
            y=alt.Y("title:N", sort=order, title=None, axis=alt.Axis(labelLimit=420)),
            x=x,
            x2="central:Q",
            color=alt.Color(
                "at:N",
                title="assumption at its",
                scale=alt.Scale(
                    domain=["5 percent point", "95 percent point"],
                    range=["#FFFFFF", OKABE_ITO[0]],
                ),
            ),
            tooltip=["title:N", "at:N", "value:N", alt.Tooltip("end:Q", format="+.4f")],
        )
    )
    limit = (
        alt.Chart(pd.DataFrame({"end": [w.test.limit]}))
        .mark_rule(strokeDash=[5, 4], color=OKABE_ITO[1], strokeWidth=2)
        .encode(x="end:Q")
    )
    return alt.layer(bars, limit).properties(width=420, title=_heading(w, w.verdict))


def _heading(w: WeighedClaim, what: str) -> Any:
    alt = _altair()
    lines = textwrap.wrap(w.claim.statement, 95)
    return alt.TitleParams(text=lines, subtitle=what, anchor="start", fontSize=12)


def write_evidence(found: Evidence, folder: Path, kind: str) -> list[Path]:
    """Write densities, tornados, and the claims table as a page and as CSV.

    Raises
    ------
    MissingExtraError
        Without the report extra.
    ScenarioError
        A format that is not svg, png or html.
    """
    paths = write_charts(evidence_charts(found), folder, kind)
    page, table = folder / "claims.html", folder / "claims.csv"
    write_page(found, page)
    with whole_file(table) as (_, partial):
        found.table().to_csv(partial, lineterminator="\n")
    return [*paths, page, table]
