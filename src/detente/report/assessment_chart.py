"""The chart of an assessment: what each scenario does to a country, with its band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from detente.errors import ScenarioError, nearest
from detente.report import text
from detente.report.charts import OKABE_ITO, of, titled
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.analysis.assess import Assessment

WIDTH = 420


def welfare_chart(found: Assessment, country: str | None = None) -> Any:
    """Real income of a country scenario by scenario: a point, and its band where draws were made.

    Parameters
    ----------
    found
        The assessment.
    country
        One of those it has, as they are spelled there; by default the target.
    """
    shown = country or found.target
    rows = found.welfare[found.welfare["country"] == shown]
    if rows.empty:
        known = found.welfare["country"].unique()
        raise ScenarioError(f"{shown!r} is not in the assessment; {nearest(shown, known)}")
    rows = rows.assign(
        title=rows["scenario"].map(found.titles),
        gains=rows["percent"] >= 0,
        label=rows["percent"].map(text.percent),
    )
    axis = alt.Axis(labelLimit=320)
    y = alt.Y("title:N", title=None, sort=list(found.titles.values()), axis=axis)
    x = alt.X("percent:Q", title="Real income, percent; the bar holds 90 percent of draws")
    shades = alt.Scale(domain=[True, False], range=OKABE_ITO[:2])
    colour = alt.Color("gains:N", scale=shades, legend=None)
    zero = of([{"percent": 0}]).mark_rule(color="#888888").encode(x=x)
    points = of(rows).mark_point(filled=True, size=40, opacity=1).encode(x=x, y=y, color=colour)
    labels = of(rows).mark_text(align="left", dx=8, fontSize=11)
    labels = labels.encode(x=alt.value(WIDTH), y=y, text="label:N")
    layers = [zero, points, labels]
    if "low" in rows:
        bands = of(rows).mark_bar(height=6, opacity=0.35)
        layers.insert(1, bands.encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour))
    told = "; ".join(f"{row['title']} {row['label']}" for row in rows.to_dict("records"))
    title = f"{found.title}: what happens to real income of {text.called(shown)}"
    return alt.layer(
        *layers,
        title=titled(title),
        description=f"Points with bands, percent of real income. {told}.",
        width=WIDTH,
        height=22 * len(rows),
    )
