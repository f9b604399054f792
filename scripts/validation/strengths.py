"""How the strengths were made, and how well they fit what they were made from."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from detente.cases import load_case
from detente.inference.moments import Moments
from detente.inference.priors import priors_of
from detente.policy.contained import estimates
from detente.report.charts import titled
from validation.page import Section, banded, change, percent, picture, table
from validation.states import Record, band, from_prior, simulated

DOUBTS = {
    "eu-russia-uncovered": (
        "goods under no ban fell too, because firms left, payments failed and the rouble collapsed in "
        "spring; the model has only the first two"
    ),
    "eu-russia-machines": (
        "in the first year's elasticity a cost high enough to stop nine tenths of these goods lies "
        "outside the register's ranges, and the list counts goods in their wind-down period"
    ),
    "eu-belarus-technology": "the codes are Russia's; Belarus's bans cover fewer of them until 2024",
    "eu-russia-offset": (
        "the record is the middle of two sources, and Georgia, Armenia, Kyrgyzstan and Uzbekistan are "
        "not in the world"
    ),
    "russia-third-imports": "mirror data: customs values and a dollar rate of the year's mean",
    "belarus-potash": (
        "potash is one product of sector C20; the loss of the port took half of its volume, and no "
        "sector of the table can fall that far for a measure on ports"
    ),
    "eu-belarus-fuels-imports": (
        "refined petroleum fell because crude was no longer delivered and payments stopped, as much as "
        "by the ban; a first-year elasticity cannot carry a fall of 97 percent"
    ),
    "us-russia-exports": "firms that left weigh more in American than in European exports",
    "uk-russia-imports": "British buyers left before their bans came into force, by months",
}
"""Why a moment may be out of reach; shown only for those that are not matched."""


def section(record: Record) -> Section:
    """What the table contains, observations, fit and diagnostics."""
    fit = fitted(record)
    matched = int(fit["matched"].sum())
    missed = fit[~fit["matched"]]
    blocks = [
        CONTAINED.format(rows=len(estimates())),
        contained_table(),
        OBSERVED.format(n=len(fit)),
        f"**{matched} of {len(fit)} moments are matched**, which is to say that the median of the "
        "posterior is within two standard errors of the record. "
        + (_named(missed) if len(missed) else ""),
        fit_table(fit),
        picture("fit", "Observed changes of trade beside those of prior and posterior"),
        diagnostics(record),
    ]
    return Section("How the strengths were made", blocks, {"fit": fit_chart(fit)})


CONTAINED = """**What the table contains.** The table of 2022 already has part of its year's measures in it.
Structural gravity (Poisson pseudo maximum likelihood by sector, 2011 to 2022, effects of exporter and
year, importer and year and pair, trade at home included) measures the fall in each cell of sender,
target, direction and sector ({rows} cells); beside it stands the plain change beside the sender's trade with countries
that nobody sanctions. The smaller of the two counts, and never more than the measures took in their
months. Standard errors are those of placebos. `scripts/estimate_contained.py` makes the table. The largest
senders, trade in 2022 and how far it fell, by the smaller fall:"""

OBSERVED = """**What was observed.** {n} falls of trade, each against bystanders where there are any, in
`cases/belarus-2025/observations.yaml` with their sources. The same comparison is run on simulated
trade, and strengths by group of measures, payments, hubs and the first year's horizon are as likely as
the two are near (emcee; errors as stated, which include doubts about what a model of sectors can say)."""


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


def _named(missed: pd.DataFrame) -> str:
    reasons = [
        f"*{row.title}*: {DOUBTS.get(str(row.name), 'no reason is known')}"
        for row in missed.itertuples(index=False)
    ]
    return "Not matched: " + "; ".join(reasons) + "."


def _shown(row: Any, *columns: str) -> list[float]:
    """Values for a reader: relative changes, an offset as it is."""
    values = [row[c] for c in columns]
    return values if row["of"] == "offset" else [float(change(v)) for v in values]


def fit_table(fit: pd.DataFrame) -> str:
    """The fit in percent."""
    rows = []
    for _, row in fit.iterrows():
        (observed,) = _shown(row, "observed")
        low, high = (row["observed"] + s * row["error"] for s in (-2, 2))
        if row["of"] != "offset":
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


def diagnostics(record: Record) -> str:
    """What the posterior's manifest says about how it was sampled."""
    manifest = record.posterior.manifest
    sampled = {k: v for k, v in manifest.items() if k not in ("observations", "diagnostics")}
    words = ", ".join(
        f"{key.replace('_', ' ')}: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in sampled.items()
    )
    rows = [
        [name, *(f"{v:.2f}" for v in values)] for name, values in record.posterior.summary.items()
    ]
    summary = pd.DataFrame(rows, columns=["parameter", "5 percent", "median", "95 percent"])
    return (
        f"**Sampling.** {words or 'The manifest of the posterior is empty.'}\n\n"
        "Strengths and payments are ranks in the register's ranges (0 weak, 0.5 central, 1 strong).\n\n"
        f"{table(summary)}"
    )


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
    base = alt.Chart(data).encode(
        y=alt.Y(
            "title:N", sort=list(fit["title"]), title=None, axis=alt.Axis(labelLimit=420)
        ),
        yOffset=alt.YOffset("what:N", sort=kinds),
        color=alt.Color("what:N", scale=look, sort=kinds, title=None, legend=alt.Legend(orient="top")),
    )
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="log change of trade (offset: ratio)"), x2="high:Q"
    )
    points = base.mark_point(filled=True, opacity=1, size=45).encode(
        x="median:Q",
        shape=alt.Shape("what:N", sort=kinds, title=None, legend=alt.Legend(orient="top")),
    )
    return (bars + points).properties(
        width=420,
        height=alt.Step(13),
        title=titled("What happened to trade, and what the model says under prior and posterior"),
        description="For each observation, the record with two standard errors and 90 percent bands.",
    )
