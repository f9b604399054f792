"""How the strengths were made, and how well they fit what they were made from."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from detente.cases import load_case
from detente.inference.moments import Moments
from detente.inference.observations import RATIOS
from detente.inference.priors import priors_of
from detente.policy.contained import estimates
from detente.report.charts import titled
from validation.page import Section, banded, change, percent, ratio, table
from validation.states import Record, band, from_prior, quantiles, simulated

DOUBTS = {
    "eu-russia-machines": (
        "the same strengths serve for EU machines to Belarus, of which less stopped on record; the "
        "posterior takes the middle of the two"
    ),
    "eu-russia-uncovered": (
        "goods under no ban fell with Russian demand in spring 2022 too, which is not in the model"
    ),
    "eu-belarus-technology": "the codes are Russia's, and Belarus's bans cover fewer until 2024",
    "eu-russia-offset": "Georgia, Armenia, Kyrgyzstan and Uzbekistan are not in the world",
    "belarus-potash": (
        "tonnes fall about as they did, but in the model the cost of the way round is paid to the "
        "seller, so that its dollars fall less (see potash below)"
    ),
    "eu-belarus-fuels-imports": (
        "trade stopped nearly altogether, payments and deliveries of crude with it; two bans on "
        "file cover nine tenths of it, and count by their months of 2022"
    ),
    "us-belarus-imports": (
        "what was bought before wind-downs ended is in the record of 2022, and the Belneftekhim "
        "companies blocked are not all that sells these goods"
    ),
    "us-russia-exports": "firms that left weigh more in American exports than the range allows",
    "uk-russia-imports": "buyers left before their bans came into force",
}
"""Why a moment may be out of reach (judgement); shown only for those that are not matched."""


def section(record: Record) -> Section:
    """What the table contains, observations, fit and diagnostics."""
    fit = fitted(record)
    missed = fit[~fit["matched"]]
    values = {
        "cells": len(estimates()),
        "contained": contained_table(),
        "observations": len(fit),
        "matched": int(fit["matched"].sum()),
        "missed": [
            (row.title, DOUBTS.get(str(row.name), "no reason is known"))
            for row in missed.itertuples(index=False)
        ],
        "fit": fit_table(fit),
        "sampling": sampling(record),
        "r_hat": record.posterior.manifest.get("max_r_hat"),
        "parameters": parameters_table(record),
    }
    return Section(values, {"fit": fit_chart(fit)})


def contained_table() -> str:
    """Fall of trade by sender, target and direction that is in the table."""
    found = estimates()
    found["fall"] = np.maximum(np.minimum(-found["effect"], -found["beside"]), 0)
    found["without"] = found["trade_2022"] * np.exp(found["fall"])
    keys = ["sender", "target", "direction"]
    sums = found.groupby(keys)[["trade_2022", "without"]].sum().reset_index()
    sums = sums[sums["sender"].isin(["EU27", "USA", "GBR"])]
    rows = sums[keys].assign(
        **{
            "trade of 2022, million USD": sums["trade_2022"].map("{:,.0f}".format),
            "fall in the table, percent": [
                percent(t / w - 1) for t, w in zip(sums["trade_2022"], sums["without"], strict=True)
            ],
        }
    )
    return table(rows)


def fitted(record: Record) -> pd.DataFrame:
    """Observed, prior and posterior by observation, as log changes (an offset as a ratio)."""
    case = load_case("belarus-2025")
    moments = Moments(case.observations, record.assumptions)
    prior = band(simulated(moments, from_prior(priors_of(case.assumptions))))
    posterior = band(simulated(moments, record.values()))
    rows = pd.DataFrame(
        {
            "name": list(moments.observations),
            "title": [o.title for o in moments.observations.values()],
            "of": [o.of for o in moments.observations.values()],
            "observed": moments.values,
            "error": moments.errors,
        }
    )
    for when, found in (("prior", prior), ("posterior", posterior)):
        rows[[f"{when} low", f"{when} median", f"{when} high"]] = found.T
    rows["matched"] = np.abs(rows["observed"] - rows["posterior median"]) <= 2 * rows["error"]
    return rows


def _shown(row: Any, *columns: str) -> list[float]:
    """Values for a reader: relative changes, ratios as they are."""
    values = [row[c] for c in columns]
    return values if row["of"] in RATIOS else [float(change(v)) for v in values]


def fit_table(fit: pd.DataFrame) -> str:
    """The fit in percent."""
    rows = []
    for _, row in fit.iterrows():
        (observed,) = _shown(row, "observed")
        low, high = (row["observed"] + s * row["error"] for s in (-2, 2))
        if row["of"] not in RATIOS:
            low, high = float(change(low)), float(change(high))
        bands = [
            banded(_shown(row, *(f"{when} {q}" for q in ("low", "median", "high"))), percent)
            for when in ("prior", "posterior")
        ]
        rows.append(
            [
                row["title"],
                f"{percent(observed)} ({percent(low)} to {percent(high)})",
                *bands,
                "yes" if row["matched"] else "**no**",
            ]
        )
    columns = ["percent", "observed (two errors)", "prior", "posterior", "matched"]
    return table(pd.DataFrame(rows, columns=columns))


def sampling(record: Record) -> str:
    """What the posterior's manifest says about how it was sampled."""
    return "; ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in record.posterior.manifest.items()
        if isinstance(value, (str, int, float))
    )


def parameters_table(record: Record) -> str:
    """Prior and posterior of each parameter."""
    priors = priors_of(load_case("belarus-2025").assumptions)
    rows = []
    for name, values in record.posterior.summary.items():
        before = band(np.asarray(priors[name].value(quantiles())))
        rows.append([name, *(banded((v[0], v[1], v[2]), ratio) for v in (before, values))])
    return table(pd.DataFrame(rows, columns=["parameter", "prior", "posterior"]))


def fit_chart(fit: pd.DataFrame) -> Any:
    """Observed with two errors, and bands of prior and posterior."""
    rows = []
    for _, row in fit.iterrows():
        observed = row["observed"] + np.array([-2, 0, 2]) * row["error"]
        rows.append(("observed, two errors", row["title"], *observed))
        for when in ("prior", "posterior"):
            quantiles = [row[f"{when} {q}"] for q in ("low", "median", "high")]
            rows.append((when, row["title"], *quantiles))
    data = pd.DataFrame(rows, columns=["what", "title", "low", "median", "high"])
    kinds = ["observed, two errors", "posterior", "prior"]
    look = alt.Scale(domain=kinds, range=["#000000", "#0072B2", "#999999"])
    shapes = alt.Scale(domain=kinds, range=["circle", "square", "triangle-up"])
    legend = alt.Legend(orient="top")
    base = alt.Chart(data).encode(
        y=alt.Y("title:N", sort=list(fit["title"]), title=None, axis=alt.Axis(labelLimit=420)),
        yOffset=alt.YOffset("what:N", sort=kinds),
        color=alt.Color("what:N", scale=look, title=None, legend=legend),
    )
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="log change of trade (offset: ratio)"), x2="high:Q"
    )
    points = base.mark_point(filled=True, opacity=1, size=45).encode(
        x="median:Q",
        shape=alt.Shape("what:N", scale=shapes, title=None, legend=legend),
    )
    return (bars + points).properties(
        width=420,
        height=alt.Step(13),
        title=titled("What happened to trade, and what the model says"),
        description="Each observation with two standard errors, and bands of prior and posterior.",
    )
