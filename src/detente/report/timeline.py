"""Measures in force over time, with events, as a chart."""

from __future__ import annotations

from typing import Any

import pandas as pd

from detente.cases import Case
from detente.policy.measures import Measure
from detente.policy.register import register
from detente.report import text
from detente.report.charts import OKABE_ITO, scale
from detente.report.extras import altair

DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
"""Line patterns, to tell senders apart without colour."""


def measures_of(case: Case) -> dict[str, Measure]:
    """Measures on the case's target, of the register and of the case, that have a first day."""
    known = {**register().measures, **case.measures}
    return {k: m for k, m in known.items() if m.target == case.target and m.start is not None}


def measures_in_force(case: Case) -> pd.DataFrame:
    """Number of measures on the target by sender and day of change: `day`, `sender`, `measures`."""
    steps = []
    for m in measures_of(case).values():
        for sender in m.senders[:1]:
            steps.append((m.start, sender, 1))
            if m.end is not None:
                steps.append((m.end, sender, -1))
    if not steps:
        return pd.DataFrame(columns=["day", "sender", "measures"])
    rows = pd.DataFrame(steps, columns=["day", "sender", "step"]).groupby(["sender", "day"]).sum()
    counts = rows.groupby("sender")["step"].cumsum().rename("measures").reset_index()
    last = max(e.date for e in case.events.values()) if case.events else counts["day"].max()
    ends = counts.groupby("sender", as_index=False).last().assign(day=last)
    return pd.concat([counts, ends], ignore_index=True)


def timeline_chart(case: Case) -> Any:
    """Measures in force on the target by sender, and the events as marks; an Altair chart."""
    alt = altair()
    counts = measures_in_force(case)
    counts["day"] = pd.to_datetime(counts["day"])
    counts["sender"] = counts["sender"].map(text.country)
    senders = list(counts["sender"].unique())
    events = pd.DataFrame(
        {
            "day": pd.to_datetime([e.date for e in case.events.values()]),
            "number": range(1, 1 + len(case.events)),
        }
    )
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%Y", tickCount="year"))
    lines = (
        alt.Chart(counts)
        .mark_line(interpolate="step-after", strokeWidth=2.2)
        .encode(
            x=x,
            y=alt.Y("measures:Q", title="Measures in force"),
            color=alt.Color("sender:N", title=None, scale=scale(senders, OKABE_ITO)),
            strokeDash=alt.StrokeDash("sender:N", title=None, scale=scale(senders, [*DASHES])),
        )
    )
    marks = alt.Chart(events).encode(x=x)
    rules = marks.mark_rule(strokeDash=[2, 3], color="#999999")
    numbers = marks.mark_text(dy=-6, fontSize=11).encode(text="number:N", y=alt.value(0))
    most = counts.groupby("sender", sort=False)["measures"].max()
    words = "; ".join(f"{sender} {count}" for sender, count in most.items())
    return alt.layer(rules, lines, numbers).properties(
        title=f"Measures on {text.called(case.target)} in force, and events by number",
        description=f"Step lines of measures in force over time. Most at once: {words}.",
        width=640,
        height=200,
    )
