"""Bands and points by row: how forecasts and what happened are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from detente.report.charts import titled

COLOURS = ["#0072B2", "#000000", "#D55E00", "#009E73"]
SHAPES = ["circle", "square", "triangle-up", "diamond"]


def banded_chart(
    rows: pd.DataFrame, points: Mapping[str, str], *, x: str, heading: str, description: str
) -> Any:
    """Bands from `low` to `high` with points on them, on a log scale.

    Parameters
    ----------
    rows
        With columns `label`, `low`, `high` and those of the points.
    points
        Column to the words of the legend.
    x, heading, description
        Title of the axis and of the chart, and what the chart is, for those who cannot see it.
    """
    rows = rows[["label", "low", "high", *points]]
    y = alt.Y("label:N", sort=list(rows["label"]), title=None, axis=alt.Axis(labelLimit=400))
    values = rows.drop(columns="label").to_numpy(float)
    domain = [float(np.nanmin(values)) * 0.9, float(np.nanmax(values)) * 1.1]
    scale = alt.Scale(type="log", domain=domain)
    marked = rows.melt(["label"], list(points), var_name="what", value_name="value").dropna()
    marked["what"] = marked["what"].map(points)
    kinds = list(points.values())
    legend = alt.Legend(orient="top", labelLimit=300, columns=2)
    bands = (
        alt.Chart(rows)
        .mark_bar(height=9, color="#56B4E9", opacity=0.5)
        .encode(x=alt.X("low:Q", scale=scale, title=x), x2="high:Q", y=y)
    )
    marks = (
        alt.Chart(marked)
        .mark_point(filled=True, opacity=1, size=55)
        .encode(
            x=alt.X("value:Q", scale=scale),
            y=y,
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=kinds, range=COLOURS[: len(kinds)]),
                title=None,
                legend=legend,
            ),
            shape=alt.Shape(
                "what:N",
                scale=alt.Scale(domain=kinds, range=SHAPES[: len(kinds)]),
                title=None,
                legend=legend,
            ),
        )
    )
    return (bands + marks).properties(
        width=420, height=alt.Step(19), title=titled(heading), description=description
    )
