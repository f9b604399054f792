"""Chart of a calibration: what was observed beside prior and posterior, and the parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.inference.observations import RATIOS
from detente.report.calibration_tables import WHENS, parameter_title
from detente.report.charts import OKABE_ITO, independent, of, scale, titled
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.cases import Case
    from detente.inference.priors import Prior
    from detente.inference.sampler import Calibration

BINS = 24
TICKS = (-99.9, -99, -95, -90, -75, -50, -25, 0, 5, 10, 25, 50, 100, 200)
"""Changes in percent that may stand at the axis, which is logarithmic."""
SHADES = {"prior": "#BBBBBB", "posterior": OKABE_ITO[0]}


def calibration_chart(found: Calibration, case: Case) -> Any:
    """Left, every observation within two errors beside the bands; right, every parameter."""
    parameters = alt.vconcat(
        *(_parameter(found, case, k) for k in range(len(found.priors))), spacing=12
    )
    matched, total = int(found.fit["matched"].sum()), len(found.fit)
    return alt.hconcat(
        _fit(found.fit, case),
        parameters,
        spacing=40,
        resolve=independent("color", "x", "y"),
        title=titled(f"{case.title}: what trade did, and what it says about strengths"),
        description=(
            f"Left: {total} observations with two standard errors beside the 90 percent bands "
            f"of prior and posterior; {matched} are matched. Right: densities of "
            f"{len(found.priors)} parameters before and after the observations."
        ),
    )


def _fit(fit: pd.DataFrame, case: Case) -> Any:
    """Observations by row: a point with its errors, and below it the two bands."""
    bands = [band for row in fit.to_dict("records") for band in _bands(row, case)]
    kinds = ["observed", *WHENS]
    legend = alt.Legend(orient="top", symbolOpacity=1)
    shades = alt.Color(
        "what:N", title=None, scale=scale(kinds, ["black", *SHADES.values()]), legend=legend
    )
    base = of(bands).encode(y=alt.Y("what:N", sort=kinds, title=None, axis=None), color=shades)
    ends = [b[k] for b in bands for k in ("low", "high")]
    ticks = [t for t in (math.log1p(p / 100) for p in TICKS) if min(ends) <= t <= max(ends)]
    percent = "format(100 * (exp(datum.value) - 1), '+.4~r')"
    axis = alt.Axis(values=ticks, labelExpr=percent, labelOverlap=True)
    words = "Change beside bystanders, percent (offset: percent of the fall)"
    x = alt.X("low:Q", title=words, axis=axis, scale=alt.Scale(zero=False))
    rule = base.mark_rule(strokeWidth=5).encode(x=x, x2=alt.X2("high:Q"))
    shapes = scale(kinds, ["diamond", "circle", "square"])
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("middle:Q"), shape=alt.Shape("what:N", scale=shapes, legend=None)
    )
    heading = alt.Header(labelAngle=0, labelAlign="left", labelLimit=460, title=None)
    row = alt.Row("title:N", header=heading, sort=[*dict.fromkeys(b["title"] for b in bands)])
    return alt.layer(rule, points, width=330, height=42).facet(row=row, spacing=8)


def _bands(row: dict[Any, Any], case: Case) -> list[dict[str, Any]]:
    """What was observed, and both bands, as logarithms: of a ratio, that of one plus it."""
    o, value, error = case.observations[row["observation"]], row["observed"], row["error"]
    ends = {"observed": (value - 2 * error, value + 2 * error, value)}
    ends |= {w: (row[f"{w} low"], row[f"{w} high"], row[f"{w} median"]) for w in WHENS}
    if o.of in RATIOS:
        ends = {what: tuple(np.log1p(np.maximum(band, 0.0))) for what, band in ends.items()}
    return [
        {"title": o.title, "what": what, "low": low, "high": high, "middle": middle}
        for what, (low, high, middle) in ends.items()
    ]


def _parameter(found: Calibration, case: Case, k: int) -> Any:
    """Prior and posterior of a parameter: two densities over the prior's range."""
    name, prior = list(found.priors.items())[k]
    edges = np.linspace(prior.range.low, prior.range.high, BINS + 1)
    counts, _ = np.histogram(found.posterior.draws[:, k], bins=edges)
    x = alt.X("low:Q", title=None, bin="binned", scale=alt.Scale(nice=False))
    densities = {"prior": _shares(prior, edges), "posterior": counts / counts.sum()}
    layers = [
        of(pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": share}))
        .mark_bar(color=SHADES[what], opacity=0.7, binSpacing=0)
        .encode(x=x, x2=alt.X2("high:Q"), y=alt.Y("share:Q", axis=None))
        for what, share in densities.items()
    ]
    heading = titled(parameter_title(name, case), fontSize=11, fontWeight="normal")
    return alt.layer(*layers, width=300, height=44, title=heading)


def _shares(prior: Prior, edges: Array) -> Array:
    """Share of the prior in each bin."""
    r = prior.range
    below: Array = np.interp(edges, [r.low, r.central, r.high], [0.0, 0.5, 1.0])
    return np.diff(below)
