"""Chart of an estimate: event studies by group of sectors, with the effect of the measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detente.report import text
from detente.report.charts import OKABE_ITO, of, scale, titled
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.inference.strengths import Strengths

AFTER = OKABE_ITO[1]
BEFORE = OKABE_ITO[0]


def estimate_chart(found: Strengths) -> Any:
    """Change of trade by period against the mean before the measure, one panel for each group."""
    groups = [str(g) for g in found.table["group"]]
    panels = [_event_study(found, group) for group in groups]
    falls = text.listed(
        f"{row['group']} {text.signed(-row['fall'], 0)} percent"
        for row in found.table.to_dict("records")
    )
    words = found.words(groups[0]) if len(groups) == 1 else found.words("").removesuffix(": ")
    trade = text.capitalised(text.spelled(words))
    return alt.vconcat(
        *panels,
        spacing=24,
        title=titled(f"{trade}; change against the mean before the measure"),
        description=(
            f"Event study with 90 percent bands. Over all periods with the measure: {falls}. "
            "Before it, changes near zero speak for the comparison."
        ),
    )


def _event_study(found: Strengths, group: str) -> Any:
    """Points with bands by period, and the effect over all periods with the measure."""
    events = found.found.events
    rows = events[events["group"] == group]
    percent = rows.assign(
        **{end: 100 * np.expm1(rows[end]) for end in ("effect", "low", "high")},
        when=np.where(rows["since"] < 0, "before", "with the measure"),
    )
    kinds = ["before", "with the measure"]
    legend = alt.Legend(orient="top", title=None)
    look = {
        "color": alt.Color("when:N", scale=scale(kinds, [BEFORE, AFTER]), legend=legend),
        "shape": alt.Shape("when:N", scale=scale(kinds, ["circle", "square"]), legend=legend),
    }
    order = list(percent["period"])
    x = alt.X("period:O", title=None, sort=order, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("low:Q", title="Change of trade, percent")
    base = of(percent[["period", "effect", "low", "high", "when"]])
    bars = base.mark_rule(strokeWidth=2).encode(x=x, y=y, y2="high:Q", color=look["color"])
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y="effect:Q", **look)
    zero = of([{"y": 0}]).mark_rule(color="#555555").encode(y="y:Q")
    layers = [_effect_band(found, group, percent, x), zero, bars, points]
    return alt.layer(
        *layers,
        width=520,
        height=220,
        title=titled(_heading(found, group), fontSize=11, fontWeight="normal"),
    )


def _effect_band(found: Strengths, group: str, events: pd.DataFrame, x: Any) -> Any:
    """Band of the one effect, over the periods with the measure."""
    row = _row(found, group)
    with_it = events.loc[events["since"] >= 0, ["period"]]
    band = with_it.assign(low=-row["fall low"], high=-row["fall high"], effect=-row["fall"])
    area = of(band).mark_bar(color=AFTER, opacity=0.18, width={"band": 1.1})
    return area.encode(x=x, y="low:Q", y2="high:Q")


def _heading(found: Strengths, group: str) -> str:
    row = _row(found, group)
    fall, low, high = (text.signed(-row[c], 0) for c in ("fall", "fall high", "fall low"))
    return (
        f"{text.capitalised(group)}: {fall} percent over all periods with "
        f"the measure, 90 percent band {low} to {high} (shaded)"
    )


def _row(found: Strengths, group: str) -> dict[Any, Any]:
    return next(r for r in found.table.to_dict("records") if r["group"] == group)
