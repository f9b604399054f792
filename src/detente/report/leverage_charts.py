"""Charts of influence and of relief packages; readable in black and white.

What is what shows in shape, size and fill before it shows in colour.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.analysis.influence import WHEN
from detente.analysis.relief.findings import Findings
from detente.report.charts import OKABE_ITO, _altair

SENSES = {
    "trade_share": "Share of trade, percent",
    "passing": "Value added the partner buys at any stage, percent",
    "cut_off": "Cost of being cut off, percent of real income",
}
MOST_POINTS = 4096


def frontier_chart(found: Findings) -> Any:
    """Gain against leak, the senders' cost as size; each point names its package.

    All packages are small grey dots; those on the frontier are open circles, and diamonds where
    the senders lose; the package chosen is a filled square with its name.
    """
    alt = _altair()
    best = set(found.frontier["package"].values.tolist())
    rows = _points(found.packages)
    rows["kind"] = np.where(rows["cost"] > 0, "frontier, senders lose", "frontier, senders gain")
    rows["size"] = rows["cost"].abs()
    on, off = rows[rows["package"].isin(best)], rows[~rows["package"].isin(best)]
    chosen = rows[rows["package"] == int(found.chosen["package"])].head(1)
    x = alt.X("leak:Q", title=f"Leak: gain of {found.rival}, percent of its income")
    y = alt.Y("gain:Q", title=f"Gain of {found.target}, percent of its income")
    tips = [
        alt.Tooltip("words:N", title="package"),
        alt.Tooltip("gain:Q", title=f"{found.target} gain, %", format="+.3f"),
        alt.Tooltip("leak:Q", title=f"{found.rival} gain, %", format="+.4f"),
        alt.Tooltip("cost:Q", title="senders' cost, million USD", format="+,.0f"),
        alt.Tooltip("through_hubs:Q", title="goods through hubs, million USD", format=",.0f"),
        alt.Tooltip("rival_share:Q", title=f"{found.rival} share of trade, %", format=".1f"),
    ]
    kinds = ["frontier, senders gain", "frontier, senders lose"]
    shape = alt.Shape(
        "kind:N", title=None, scale=alt.Scale(domain=kinds, range=["circle", "diamond"])
    )
    size = alt.Size(
        "size:Q", title="senders' gain or cost, m USD", scale=alt.Scale(range=[25, 260])
    )
    grey = alt.Chart(off).mark_circle(size=9, color="#bbbbbb", opacity=0.7, aria=False)
    open_ = alt.Chart(on).mark_point(filled=False, color="black", strokeWidth=1.4)
    square = alt.Chart(chosen).mark_point(
        filled=True, shape="square", size=150, color=OKABE_ITO[1], opacity=1, stroke="black"
    )
    name = alt.Chart(chosen.assign(label="chosen")).mark_text(
        align="right", dx=-12, fontWeight="bold"
    )
    layers = [
        grey.encode(x=x, y=y, tooltip=tips),
        open_.encode(x=x, y=y, shape=shape, size=size, tooltip=tips),
        square.encode(x=x, y=y, tooltip=tips),
        name.encode(x=x, y=y, text="label:N"),
    ]
    words = str(chosen["words"].iloc[0]) if len(chosen) else ""
    return alt.layer(*layers).properties(
        title={
            "text": f"Relief for {found.target}: gain against leak to {found.rival}",
            "subtitle": f"Chosen: {words}",
        },
        description=(
            f"Scatter chart of {found.packages.sizes['package']} relief packages, of which "
            f"{len(best)} are on the frontier. The chosen package, {words}, gives {found.target} "
            f"{float(found.chosen['gain']):.3f} percent and {found.rival} "
            f"{float(found.chosen['leak']):.4f} percent."
        ),
        width=560,
        height=380,
    )


def _points(packages: xr.Dataset) -> pd.DataFrame:
    names = ["words", "gain", "leak", "cost", "through_hubs", "rival_share"]
    rows = pd.DataFrame({k: packages[k].values for k in names})
    rows.insert(0, "package", packages["package"].values)
    return rows.head(MOST_POINTS)


def influence_chart(found: xr.Dataset) -> Any:
    """Dumbbells: each partner's influence before (open) and after (filled), in three senses."""
    alt = _altair()
    panels = [_dumbbells(alt, found, sense, title) for sense, title in SENSES.items()]
    words = "; ".join(
        f"{partner} {-before:.2f} to {-after:.2f}"
        for partner, before, after in zip(
            found["partner"].values, *found["cut_off"].values, strict=True
        )
    )
    target = found.attrs["target"]
    return alt.vconcat(*panels).properties(
        title=f"Influence over {target}: {found.attrs['scenario']}",
        description=(
            "Three dumbbell charts of influence by partner, before and after. Cost of being cut "
            f"off, percent of real income: {words}."
        ),
    )


def _dumbbells(alt: Any, found: xr.Dataset, sense: str, title: str) -> Any:
    sign = -1.0 if sense == "cut_off" else 1.0
    wide = pd.DataFrame(sign * found[sense].values.T, columns=list(WHEN))
    wide.insert(0, "partner", found["partner"].values)
    long = wide.melt("partner", ["before", "after"], "when", "value")
    order = wide.sort_values("before", ascending=False)["partner"].tolist()
    y = alt.Y("partner:N", sort=order, title=None)
    line = alt.Chart(wide).mark_rule(strokeWidth=2, color="black")
    lines = line.encode(y=y, x=alt.X("before:Q", title=title), x2="after:Q")
    points = (
        alt.Chart(long)
        .mark_point(size=80, opacity=1, stroke="black", strokeWidth=1.4)
        .encode(
            y=y,
            x="value:Q",
            shape=_by_when(alt, "Shape", ["circle", "diamond"]),
            fill=_by_when(alt, "Fill", ["white", "black"]),
            tooltip=["partner:N", "when:N", alt.Tooltip("value:Q", format=".2f")],
        )
    )
    return alt.layer(lines, points).properties(width=460, height=18 * len(order))


def _by_when(alt: Any, channel: str, values: list[str]) -> Any:
    scale = alt.Scale(domain=["before", "after"], range=values)
    return getattr(alt, channel)("when:N", title=None, scale=scale)
