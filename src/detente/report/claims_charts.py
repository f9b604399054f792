"""Charts of weighed claims: where the metric lies, and which assumptions move it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.evidence import Evidence, WeighedClaim
from detente.arrays import Array
from detente.cases import Case
from detente.report import text
from detente.report.charts import (
    HEADING,
    OKABE_ITO,
    independent,
    of,
    scale,
    titled,
    write_charts,
)
from detente.report.extras import alt, fill
from detente.report.sections import claim_row
from detente.results import write_table, write_text

BARS = 4
"""Assumptions that a tornado shows."""
NAMES, PANEL, NAME_LINE = 175, 140, 32
"""Width of the names of assumptions, and of what stands beside them, alike in every panel;
characters in a line of a name."""
LINE = 44
"""Characters in a line above a panel."""


def densities_chart(found: Evidence) -> Any:
    """For every claim the distribution of its metric, and where it turns; an Altair chart."""
    titles = text.scenario_titles(found.case)
    claims = found.weighed.values()
    bands = (f"{w.claim.said} {text.probability(w)}, {text.band(w, titles)}" for w in claims)
    return _stacked(
        [_density(w, titles).properties(title=_heading(w, HEADING)) for w in claims],
        f"{found.case.title}: claims under {text.plural(found.draws, 'draw', 'draws')} of the "
        "assumptions",
        f"Densities of the metrics of the claims, with how often each holds. {'; '.join(bands)}.",
    )


def tornado_chart(found: Evidence, most: int | None = None) -> Any:
    """For every claim its tornado diagram, or for those least sure; an Altair chart."""
    titles = text.scenario_titles(found.case)
    claims = sorted(found.weighed.values(), key=lambda w: abs(w.probability - 0.5))[:most]
    panels = [_tornado(w, titles).properties(title=_heading(w, LINE)) for w in claims]
    which = "all claims" if most is None else "the claims that are least sure"
    return _stacked(
        panels,
        f"What moves {which}: each assumption by itself, from its 5 to its 95 percent point "
        "(dashed: where the claim turns)",
        f"Tornado diagrams. What decides: {'; '.join(map(text.deciding, claims))}.",
        columns=2,
    )


def claim_chart(w: WeighedClaim, case: Case) -> Any:
    """The distribution of a claim's metric, and what moves it; an Altair chart."""
    titles = text.scenario_titles(case)
    parts = _density(w, titles).properties(width=PANEL), _tornado(w, titles)
    return alt.hconcat(
        *parts,
        spacing=16,
        resolve=independent("x", "color"),
        title="Its draws, and what moves it",
        description=(
            f"Density of the draws and tornado diagram. Holds in {text.probability(w)}; "
            f"{text.band(w, titles)}. {text.deciding(w)}."
        ),
    )


def _stacked(panels: list[Any], title: str, description: str, columns: int = 1) -> Any:
    """One panel for each claim, each with its own scale."""
    return alt.concat(
        *panels,
        columns=columns,
        spacing={"row": 14, "column": 16},
        resolve=independent("x", "y"),
        title=titled(title),
        description=description,
    )


def _density(w: WeighedClaim, titles: Mapping[str, str]) -> Any:
    kinds = ["claim holds", "claim fails"]
    rows = _histogram(w.values)
    above = rows[["x", "x_end"]].mean(axis=1) > w.test.limit
    rows["holds"] = np.where(above == w.test.upward, *kinds)
    shades = scale(kinds, [OKABE_ITO[0], "#BBBBBB"])
    legend = alt.Legend(orient="top", direction="horizontal")
    axis = _axis(w, titles)
    bars = (
        of(rows)
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X("x:Q", axis=axis, bin="binned"),
            x2=alt.X2("x_end:Q"),
            y=alt.Y("share:Q", axis=None),
            color=alt.Color("holds:N", title=None, scale=shades, legend=legend),
        )
    )
    low, _, high = w.band
    at = {"x": alt.X("x:Q", axis=axis), "y": alt.Y("y:Q", axis=None)}
    span = of([{"x": low, "end": high, "y": 0.0}]).mark_rule(strokeWidth=3, color="black")
    points = of([{"x": x, "y": 0.0} for x in w.band])
    points = points.mark_point(filled=True, color="black", size=45, opacity=1)
    layers = bars, span.encode(**at, x2=alt.X2("end:Q")), points.encode(**at), _limit(w, axis)
    return alt.layer(*layers, width=560, height=80)


def _limit(w: WeighedClaim, axis: Any) -> Any:
    """Where the claim turns."""
    rule = of([{"x": w.test.limit}]).mark_rule(strokeDash=[5, 4], color=OKABE_ITO[1], strokeWidth=2)
    return rule.encode(x=alt.X("x:Q", axis=axis))


def _axis(w: WeighedClaim, titles: Mapping[str, str]) -> Any:
    return alt.Axis(
        title=textwrap.wrap(text.measured(w, titles), LINE),
        tickCount=4,
        labelOverlap=True,
        labelSeparation=6,
    )


def _heading(w: WeighedClaim, line: int) -> Any:
    """What was tested, the verdict below it."""
    words = f"{text.capitalised(w.verdict)}: holds in {text.probability(w)}"
    tested = textwrap.wrap(str(w.claim.tested), line)
    return alt.TitleParams(
        text=tested, subtitle=textwrap.wrap(words, line), anchor="start", fontSize=11, offset=8
    )


def _histogram(values: Array) -> pd.DataFrame:
    """Shares of draws in bins between the 1 and 99 percent points."""
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.01, 0.99])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(finite, bins=60, range=(low, high))
    shares = counts / max(int(counts.sum()), 1)
    return pd.DataFrame({"x": edges[:-1], "x_end": edges[1:], "share": shares})


def _tornado(w: WeighedClaim, titles: Mapping[str, str]) -> Any:
    """Bars about the central value; names take the same room in every panel."""
    points, axis = {"low": "5 percent point", "high": "95 percent point"}, _axis(w, titles)
    rows = w.swings.assign(width=(w.swings["high"] - w.swings["low"]).abs(), central=w.central)
    rows = rows.nlargest(BARS, "width").reset_index()
    ends = pd.concat(
        rows.assign(end=rows[side], at=words, value=rows[f"{side}_is"])
        for side, words in points.items()
    )
    shades = scale([*points.values()], ["#FFFFFF", OKABE_ITO[0]])
    ends["title"] = [
        "\n".join(textwrap.wrap(words, NAME_LINE, max_lines=2, placeholder="…"))
        for words in ends["title"]
    ]
    order = list(dict.fromkeys(ends["title"]))
    lines = {"labelExpr": "split(datum.label, '\\n')", "labelLineHeight": 11, "labelFontSize": 10}
    names = alt.Axis(labelLimit=NAMES, minExtent=NAMES, maxExtent=NAMES, **lines)
    legend = alt.Legend(orient="top", direction="horizontal")
    bars = (
        of(ends)
        .mark_bar(height=13, stroke="black", strokeWidth=0.6)
        .encode(
            y=alt.Y("title:N", sort=order, title=None, axis=names),
            x=alt.X("end:Q", axis=axis, scale=alt.Scale(zero=False)),
            x2=alt.X2("central:Q"),
            color=alt.Color("at:N", title=None, scale=shades, legend=legend),
            tooltip=[
                alt.Tooltip("title:N"),
                alt.Tooltip("at:N"),
                alt.Tooltip("value:N"),
                alt.Tooltip("end:Q", format="+.4f"),
            ],
        )
    )
    return alt.layer(bars, _limit(w, axis), width=PANEL, height=26 * len(order))


def write_evidence(found: Evidence, folder: Path, kind: str) -> list[Path]:
    """Write densities, tornados (`kind` is svg, png or html), and the claims as page and CSV.

    Raises
    ------
    MissingExtraError
        Without the report extra.
    """
    rows = [claim_row(w, found.case) for w in found.weighed.values()]
    page = fill("claims.html", found=found, rows=rows)
    charts = {"densities": densities_chart(found), "tornado": tornado_chart(found)}
    return [
        *write_charts(charts, folder, kind),
        write_text(page, folder / "claims.html"),
        write_table(found.tables()["claims"], folder / "claims.csv"),
    ]
