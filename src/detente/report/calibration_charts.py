"""Chart of a calibration: what was observed beside prior and posterior, and the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.report.calibration_tables import WHENS, change_observed, parameter_title
from detente.report.charts import OKABE_ITO, of, scale, titled
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.cases import Case
    from detente.inference.priors import Prior
    from detente.inference.sampler import Calibration

BINS = 24
SHADES = {"prior": "#BBBBBB", "posterior": OKABE_ITO[0]}


def calibration_chart(found: Calibration, case: Case) -> Any:
    """Left, every observation within two errors beside the bands; right, every parameter."""
    parameters = alt.vconcat(
        *(_parameter(found, case, k) for k in range(len(found.priors))), spacing=12
    )
    matched, total = int(found.fit["matched"].sum()), len(found.fit)
    return (
        alt.hconcat(_fit(found.fit, case), parameters, spacing=40)
        .resolve_scale(color="independent", x="independent", y="independent")
        .properties(
            title=titled(f"{case.title}: what trade did, and what it says about strengths"),
            description=(
                f"Left: {total} observations with two standard errors beside the 90 percent bands "
                f"of prior and posterior; {matched} are matched. Right: densities of "
                f"{len(found.priors)} parameters before and after the observations."
            ),
        )
    )


def _fit(fit: pd.DataFrame, case: Case) -> Any:
    """Observations by row: a point with its errors, and below it the two bands."""
    bands = []
    for row in fit.to_dict("records"):
        o = case.observations[str(row["observation"])]
        errors = {"error low": row["observed"] - 2 * row["error"]}
        errors["error high"] = row["observed"] + 2 * row["error"]
        at = {k: change_observed({**row, **errors}, k, o.of) for k in {**row, **errors} if _is(k)}
        ends = {"observed": ("error low", "error high", "observed")}
        ends |= {w: (f"{w} low", f"{w} high", f"{w} median") for w in WHENS}
        for what, (low, high, middle) in ends.items():
            values = {"low": at[low], "high": at[high], "middle": at[middle]}
            bands.append({"title": o.title, "what": what, **values})
    kinds = ["observed", *WHENS]
    shades = scale(kinds, ["black", *SHADES.values()])
    base = of(bands).encode(
        y=alt.Y("what:N", sort=kinds, title=None, axis=None),
        color=alt.Color("what:N", title=None, scale=shades, legend=alt.Legend(orient="top")),
    )
    x = alt.X("low:Q", title="Change beside bystanders, percent (offset: percent of the fall)")
    rule = base.mark_rule(strokeWidth=5).encode(x=x, x2=alt.X2("high:Q"))
    points = base.mark_point(filled=True, size=55, opacity=1).encode(
        x=alt.X("middle:Q"),
        shape=alt.Shape("what:N", scale=scale(kinds, ["diamond", "circle", "square"]), legend=None),
    )
    heading = alt.Header(labelAngle=0, labelAlign="left", labelLimit=330, title=None)
    row = alt.Row("title:N", header=heading, sort=[*dict.fromkeys(b["title"] for b in bands)])
    return alt.layer(rule, points).properties(width=330, height=42).facet(row=row, spacing=8)


def _is(name: str) -> bool:
    return name.endswith(("low", "high", "median", "observed"))


def _parameter(found: Calibration, case: Case, k: int) -> Any:
    """Prior and posterior of a parameter: two densities over the prior's range."""
    name, prior = list(found.priors.items())[k]
    edges = np.linspace(prior.range.low, prior.range.high, BINS + 1)
    counts, _ = np.histogram(found.posterior.draws[:, k], bins=edges)
    after = pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "share": counts / max(counts.sum(), 1)}
    )
    before = after.assign(share=_shares(prior, edges))
    x, y = alt.X("low:Q", title=None, scale=alt.Scale(nice=False)), alt.Y("share:Q", axis=None)
    bars = of(after).mark_bar(color=SHADES["posterior"], opacity=0.8)
    steps = of(before).mark_area(interpolate="step-after", color=SHADES["prior"], opacity=0.55)
    heading = titled(parameter_title(name, case), fontSize=11, fontWeight="normal")
    return alt.layer(steps.encode(x=x, y=y), bars.encode(x=x, x2=alt.X2("high:Q"), y=y)).properties(
        width=300, height=44, title=heading
    )


def _shares(prior: Prior, edges: Array) -> Array:
    """Share of the prior in each bin."""
    r = prior.range
    below: Array = np.interp(edges, [r.low, r.central, r.high], [0.0, 0.5, 1.0])
    return np.diff(below)
