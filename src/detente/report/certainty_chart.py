"""The chart of how certain relief packages are: gain and leak with bands, beside what is asked."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from detente.report import text
from detente.report.charts import OKABE_ITO, of
from detente.report.extras import alt

if TYPE_CHECKING:
    from detente.analysis.relief.relief import Relief

ROW, PANEL = 42, 250
"""Height of a package's row and width of a panel."""
LINE, LETTER = 46, 6
"""Characters in a line of a package's name, and room for one: Vega measures the first line only."""


def certainty_chart(found: Relief) -> Any:
    """Gain and leak of packages in draws, with what is asked; an Altair chart, or None without."""
    if found.certainty is None:
        return None
    rows, asked = found.certainty.iloc[::-1], found.requirements
    names = [
        "\n".join(textwrap.wrap(text.spelled(words, text.country), LINE)) for words in rows["words"]
    ]
    rows = rows.assign(name=names, does=[f"{100 * share:.0f} %" for share in rows["meets"]])
    target, rival = text.country(found.target), text.country(found.rival)
    does = "" if asked.min_gain is None and asked.max_leak is None else "share of draws that do so"
    panels = [
        _panel(rows, "gain", f"Gain of {target}, % of its income", asked.min_gain, named=True),
        _panel(rows, "leak", f"Leak: gain of {rival}, %", asked.max_leak, does=does),
    ]
    bands = "; ".join(
        f"{words.replace(chr(10), ' ')}: {text.percent_band(*points)}"
        for words, *points in rows[["name", "gain_low", "gain_median", "gain_high"]].itertuples(
            index=False
        )
    )
    told = "; dashed: what is asked, and the share of draws in which a package does so"
    return alt.hconcat(
        *panels,
        spacing=14,
        title=(
            f"Relief for {target} in {found.manifest['draws']} draws: medians, and where 90 "
            f"percent lie{told if does else ''}"
        ),
        description=f"Gain of {target} by package, in draws. {bands}.",
    )


def _panel(
    rows: pd.DataFrame,
    name: str,
    title: str,
    asked: float | None,
    *,
    named: bool = False,
    does: str = "",
) -> Any:
    """Bands of one outcome, a row to each package, with the line that is asked."""
    longest = max(len(line) for words in rows["name"] for line in words.split("\n"))
    axis = alt.Axis(
        labelLimit=400,
        labelExpr="split(datum.label, '\\n')",
        minExtent=LETTER * longest,
        ticks=False,
    )
    y = alt.Y("name:N", sort=list(rows["name"]), title=None, axis=axis if named else None)
    base, colour = of(rows).encode(y=y), OKABE_ITO[0]
    x = alt.X(f"{name}_low:Q", title=title, axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip(f"{name}_{end}:Q", format="+.4f") for end in ("low", "median", "high")]
    layers = [
        of([{"x": 0.0}]).mark_rule(color="#999999").encode(x="x:Q"),
        base.mark_rule(strokeWidth=3, opacity=0.55, color=colour).encode(x=x, x2=f"{name}_high:Q"),
        base.mark_point(filled=True, size=60, opacity=1, color=colour).encode(
            x=f"{name}_median:Q", tooltip=[alt.Tooltip("words:N"), *tips]
        ),
    ]
    if asked is not None:
        line = of([{"x": asked}]).mark_rule(strokeDash=[5, 4], color="black")
        layers.append(line.encode(x="x:Q"))
    if does:
        layers.append(
            base.mark_text(align="left", fontSize=12).encode(x=alt.value(PANEL + 8), text="does:N")
        )
    return alt.layer(*layers, width=PANEL, height=ROW * len(rows))
