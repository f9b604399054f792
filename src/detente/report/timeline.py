"""Measures in force over time, with events, as a chart."""

from __future__ import annotations

from typing import Any

import pandas as pd

from detente.cases import Case
from detente.policy.register import register
from detente.report import text
from detente.report.charts import OKABE_ITO, of, scale
from detente.report.extras import alt

DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
"""Line patterns, to tell senders apart without colour."""
NUMBER_WIDTH = 0.03
"""Part of the time axis that the number of an event takes."""
FIRST_LINE, LINE = -6, 12
"""Where numbers stand above the chart, and how far apart their lines are, in points."""


def measures_in_force(case: Case) -> pd.DataFrame:
    """Number of measures on the target by sender and day of change: `day`, `sender`, `measures`.

    Measures of the register and of the case that have a first day; each counts for its first
    sender.
    """
    known = {**register().measures, **case.measures}.values()
    on_target = [m for m in known if m.target == case.target and m.start is not None]
    steps = [(m.start, m.senders[0], 1) for m in on_target]
    steps += [(m.end, m.senders[0], -1) for m in on_target if m.end is not None]
    if not steps:
        return pd.DataFrame(columns=["day", "sender", "measures"])
    rows = pd.DataFrame(steps, columns=["day", "sender", "step"]).groupby(["sender", "day"]).sum()
    counts = rows.groupby("sender")["step"].cumsum().rename("measures").reset_index()
    last = max((e.date for e in case.events.values()), default=counts["day"].max())
    ends = counts.groupby("sender", as_index=False).last().assign(day=last)
    return pd.concat([counts, ends], ignore_index=True)


def timeline_chart(case: Case) -> Any:
    """Measures in force on the target by sender, and the events as marks; an Altair chart."""
    counts = measures_in_force(case)
    counts["day"], counts["sender"] = _coded(counts["day"]), counts["sender"].map(text.country)
    most = counts.groupby("sender")["measures"].max().sort_values(ascending=False)
    words = "; ".join(f"{sender} {count}" for sender, count in most.items())
    senders = list(most.index)
    years = (pd.to_datetime(counts["day"]).max() - pd.to_datetime(counts["day"]).min()).days / 365
    axis = (
        {"format": "%Y", "tickCount": "year"} if years > 2 else {"format": "%b %Y", "tickCount": 6}
    )
    x = alt.X("day:T", title=None, axis=alt.Axis(**axis, labelOverlap=True))
    lines = (
        of(counts)
        .mark_line(interpolate="step-after", strokeWidth=2.2)
        .encode(
            x=x,
            y=alt.Y("measures:Q", title="Measures in force", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("sender:N", title=None, scale=scale(senders, OKABE_ITO)),
            strokeDash=alt.StrokeDash("sender:N", title=None, scale=scale(senders, DASHES)),
        )
    )
    events = of(_numbered(case)).encode(x=x)
    rules = events.mark_rule(strokeDash=[2, 3], color="#999999")
    numbers = events.mark_text(fontSize=11).encode(
        text=alt.Text("number:N"), y=alt.Y("y:Q", scale=None)
    )
    return alt.layer(
        rules,
        lines,
        numbers,
        title=f"Measures on {text.called(case.target)} in force, and events by number",
        description=f"Step lines of measures in force over time. Most at once: {words}.",
        width=640,
        height=200,
    )


def _numbered(case: Case) -> pd.DataFrame:
    """Day, number and height of every event: a number that would cover another stands above it."""
    days = pd.to_datetime([e.date for e in case.events.values()])
    wide, heights = NUMBER_WIDTH * (days.max() - days.min()), []
    free: list[pd.Timestamp] = []
    for day in days:
        line = next((k for k, since in enumerate(free) if since <= day), len(free))
        free[line : line + 1] = [day + wide]
        heights.append(FIRST_LINE - LINE * line)
    return pd.DataFrame({"day": _coded(days), "number": range(1, 1 + len(days)), "y": heights})


def _coded(days: Any) -> Any:
    """Days as a chart reads them: text without a time is read as midnight elsewhere."""
    return pd.DatetimeIndex(days).strftime("%Y-%m-%dT00:00:00")
