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
from detente.report.charts import HEADING, OKABE_ITO, of, scale, titled, write_charts
from detente.report.extras import alt, fill
from detente.results import write_table, write_text

BARS = 6
"""Assumptions that a tornado shows."""


def densities_chart(found: Evidence) -> Any:
    """For every claim the distribution of its metric, and where it turns; an Altair chart."""
    claims = found.weighed.values()
    bands = (f"{w.name}: holds in {text.probability(w)}, {text.band(w)}" for w in claims)
    return _stacked(
        [_density(w) for w in claims],
        f"{found.case.title}: claims under {text.plural(found.draws, 'draw', 'draws')} of the "
        "assumptions",
        f"Densities of the metrics of the claims. {'; '.join(bands)}.",
    )


def tornado_chart(found: Evidence) -> Any:
    """For every claim its tornado diagram; an Altair chart."""
    claims = found.weighed.values()
    deciding = (f"{w.name}: {w.deciding}" for w in claims)
    return _stacked(
        [_tornado(w) for w in claims],
        f"{found.case.title}: what moves the metrics, each assumption by itself",
        f"Tornado diagrams. Deciding assumption by claim: {'; '.join(deciding)}.",
    )


def _stacked(panels: list[Any], title: str, description: str) -> Any:
    """One panel for each claim, each with its own scale."""
    stack = alt.vconcat(*panels, spacing=28).resolve_scale(x="independent", y="independent")
    return stack.properties(title=titled(title), description=description)


def _density(w: WeighedClaim) -> Any:
    kinds = ["claim holds", "claim fails"]
    rows = _histogram(w.values)
    above = rows[["x", "x_end"]].mean(axis=1) > w.test.limit
    rows["holds"] = np.where(above == w.test.upward, *kinds)
    shades = scale(kinds, [OKABE_ITO[0], "#BBBBBB"])
    legend = alt.Legend(orient="top-right")
    bars = (
        of(rows)
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X("x:Q", title=_axis(w), bin="binned"),
            x2=alt.X2("x_end:Q"),
            y=alt.Y("share:Q", axis=None),
            color=alt.Color("holds:N", title=None, scale=shades, legend=legend),
        )
    )
    low, _, high = w.band
    at = {"x": alt.X("x:Q", title=_axis(w)), "y": alt.Y("y:Q", axis=None)}
    span = of([{"x": low, "end": high, "y": 0.0}]).mark_rule(strokeWidth=3, color="black")
    points = of([{"x": x, "y": 0.0} for x in w.band])
    points = points.mark_point(filled=True, color="black", size=45, opacity=1)
    return alt.layer(
        bars, span.encode(**at, x2=alt.X2("end:Q")), points.encode(**at), _limit(w)
    ).properties(width=560, height=90, title=_heading(w, f"holds in {text.probability(w)}"))


def _limit(w: WeighedClaim) -> Any:
    """Where the claim turns."""
    rule = of([{"x": w.test.limit}]).mark_rule(strokeDash=[5, 4], color=OKABE_ITO[1], strokeWidth=2)
    return rule.encode(x=alt.X("x:Q", title=_axis(w)))


def _axis(w: WeighedClaim) -> str:
    return f"{w.test.metric}, {w.unit}"


def _heading(w: WeighedClaim, what: str) -> Any:
    tested = textwrap.wrap(f"Tested: {w.claim.tested}", HEADING)
    return titled(w.claim.said, subtitle=[*tested, what], fontSize=12)


def _histogram(values: Array) -> pd.DataFrame:
    """Shares of draws in bins between the 1 and 99 percent points."""
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.01, 0.99])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(finite, bins=60, range=(low, high))
    shares = counts / max(counts.sum(), 1)
    return pd.DataFrame({"x": edges[:-1], "x_end": edges[1:], "share": shares})


def _tornado(w: WeighedClaim) -> Any:
    points = {"low": "5 percent point", "high": "95 percent point"}
    rows = w.swings.assign(width=(w.swings["high"] - w.swings["low"]).abs(), central=w.central)
    rows = rows.nlargest(BARS, "width").reset_index()
    ends = pd.concat(
        rows.assign(end=rows[side], at=words, value=rows[f"{side}_is"])
        for side, words in points.items()
    )
    shades = scale([*points.values()], ["#FFFFFF", OKABE_ITO[0]])
    order, axis = list(rows["title"]), alt.Axis(labelLimit=420)
    bars = (
        of(ends)
        .mark_bar(height=13, stroke="black", strokeWidth=0.6)
        .encode(
            y=alt.Y("title:N", sort=order, title=None, axis=axis),
            x=alt.X("end:Q", title=_axis(w), scale=alt.Scale(zero=False)),
            x2=alt.X2("central:Q"),
            color=alt.Color("at:N", title="assumption at its", scale=shades),
            tooltip=[
                alt.Tooltip("title:N"),
                alt.Tooltip("at:N"),
                alt.Tooltip("value:N"),
                alt.Tooltip("end:Q", format="+.4f"),
            ],
        )
    )
    return alt.layer(bars, _limit(w)).properties(width=420, title=_heading(w, w.verdict))


def write_evidence(found: Evidence, folder: Path, kind: str) -> list[Path]:
    """Write densities, tornados (`kind` is svg, png or html), and the claims as page and CSV.

    Raises
    ------
    MissingExtraError
        Without the report extra.
    """
    page = fill("claims.html", found=found)
    charts = {"densities": densities_chart(found), "tornado": tornado_chart(found)}
    return [
        *write_charts(charts, folder, kind),
        write_text(page, folder / "claims.html"),
        write_table(found.tables()["claims"], folder / "claims.csv"),
    ]
