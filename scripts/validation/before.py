"""Back to before: lifting every sanction should return trade of before the sanctions."""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from detente.policy.kinds import KINDS
from detente.policy.register import register
from detente.report import text
from detente.report.charts import titled
from detente.simulation.run import simulate
from detente.world.names import resolve_countries, resolve_sectors
from detente.world.world import World
from validation.page import Section, banded, percent, ratio, table, within
from validation.panel import Panel
from validation.states import SENDERS, TOLERANCE, Record, at, band, sectors_at

DAY = date(2025, 2, 12)
BASE = range(2018, 2021)
SMALLEST = 25.0
CELL, TOTAL = (0.7, 1.5), (0.9, 1.2)
PARTIES = ("EU27", "USA", "GBR")
TARGETS = ("BLR", "RUS")
KEYS = ["sender", "target", "direction"]


def section(record: Record, panel: Panel) -> Section:
    """Ratios of trade with all sanctions lifted to trade of 2018 to 2020."""
    cells = cells_of(record, panel)
    large = cells[cells["past"] > SMALLEST].copy()
    large["why"] = [_why(row) for _, row in large.iterrows()]
    outside = large[large["why"] != ""]
    values = {
        "day": f"{DAY:%-d %B %Y}",
        "smallest": f"{SMALLEST:.0f}",
        "cell": CELL,
        "total": TOTAL,
        **summary(cells),
        "totals": totals_table(cells),
        "shares": shares_table(large),
        "reasons": reasons_table(outside),
        "outside": len(outside),
        "potash": _american_potash(cells),
        "cells_outside": outside_table(outside),
    }
    return Section(values, {"before": chart(large)})


def cells_of(record: Record, panel: Panel) -> pd.DataFrame:
    """One row per sender, target, direction and sector; draws as arrays."""
    now = {n: m for n, m in register().measures.items() if m.in_force(DAY)}
    sanctions = [n for n, m in now.items() if KINDS[m.kind].sanction]
    lifting = {"sanctions": sanctions, "everything": list(now)}
    scenarios = {
        name: record.scenario(title=name, status_quo=DAY, lift=lift)
        for name, lift in lifting.items()
    }
    simulation = simulate(scenarios, record.parameters(friction=False), tolerance=TOLERANCE)
    states = {
        "status quo": simulation.before,
        **{name: simulation.outcome(name).after for name in lifting},
    }
    unsanctioned = _unsanctioned(panel.world)
    touched = _touched(panel.world)
    sectors = [sectors_at(panel.world, s) for s in panel.sectors]
    rows = []
    for sender in PARTIES:
        for target in TARGETS:
            for direction in ("imports", "exports"):
                flow = (target, sender) if direction == "imports" else (sender, target)
                apart = (unsanctioned, sender) if direction == "imports" else (sender, unsanctioned)
                origins, destinations = (at(panel.world, names) for names in flow)
                found = {
                    name: [e.sales(j, destinations, origins).sum((0, 1, 2)) for j in sectors]
                    for name, e in states.items()
                }
                past = panel.mean(BASE, *flow)
                growth = panel.growth(BASE, [2022], *apart)
                for k, sector in enumerate(panel.sectors):
                    rows.append(
                        {
                            "sender": sender,
                            "target": target,
                            "direction": direction,
                            "sector": sector,
                            "past": past[k],
                            "table": panel.flow(2022, *flow)[k],
                            "growth": growth[k],
                            "measured": (sender, target, direction, sector) in touched,
                            **{name: values[k] for name, values in found.items()},
                        }
                    )
    return pd.DataFrame(rows)


def _unsanctioned(world: World) -> list[str]:
    apart = {*resolve_countries(SENDERS, world.countries), *TARGETS, "UKR"}
    return [c for c in world.countries if c not in apart]


def _touched(world: World) -> set[tuple[str, str, str, str]]:
    """Cells with a measure on their own products."""
    found = set()
    for m in register().in_force(DAY).measures.values():
        if m.kind in ("export-ban", "import-ban", "tariff"):
            direction = "exports" if m.kind == "export-ban" else "imports"
            for sector in resolve_sectors(m.sectors, world.sectors):
                found |= {(sender, m.target, direction, sector) for sender in m.senders}
    return found


def _total(cells: pd.DataFrame, column: str) -> Any:
    return np.sum(list(cells[column]), axis=0)


def summary(cells: pd.DataFrame) -> dict[str, Any]:
    """What comes back in total, and how many flows are within the target."""
    flows = [part for _, part in cells.groupby(KEYS)]
    lifted, returned = (
        [float(np.median(_total(part, name) / part["past"].sum())) for part in (cells, *flows)]
        for name in ("sanctions", "everything")
    )
    inside = [sum(TOTAL[0] <= r <= TOTAL[1] for r in found[1:]) for found in (lifted, returned)]
    return {
        "overall": ratio(lifted[0]),
        "overall_firms": ratio(returned[0]),
        "flows": len(flows),
        "flows_inside": inside[0],
        "flows_inside_firms": inside[1],
    }


def _american_potash(cells: pd.DataFrame) -> tuple[str, str]:
    """American imports of Belarusian chemicals, past and with sanctions lifted, million dollars."""
    key = ("USA", "BLR", "imports", "C20")
    (cell,) = (r for _, r in cells.iterrows() if (*r[KEYS], r["sector"]) == key)
    return text.plain(cell["past"]), text.plain(float(np.median(cell["sanctions"])))


def totals_table(cells: pd.DataFrame) -> str:
    """Totals by sender, target and direction."""
    rows = []
    for keys, part in [*cells.groupby(KEYS, sort=False), (("all", "all", "both"), cells)]:
        past, grown = part["past"].sum(), (part["past"] * part["growth"].fillna(1)).sum()
        lifted, returned = _total(part, "sanctions"), _total(part, "everything")
        rows.append(
            [
                *keys,
                text.plain(past),
                text.plain(float(np.median(_total(part, "status quo")))),
                banded(band(lifted / past), ratio),
                banded(band(lifted / grown), ratio),
                ratio(float(np.median(returned / past))),
                within(float(np.median(lifted / past)), *TOTAL),
            ]
        )
    columns = [
        *KEYS,
        "2018-20, million USD",
        "status quo",
        "lifted / 2018-20",
        "growth taken off",
        "and firms back",
        f"within {TOTAL[0]} to {TOTAL[1]}",
    ]
    return table(pd.DataFrame(rows, columns=columns))


def _medians(row: pd.Series) -> tuple[float, float, float]:
    """Raw ratio, ratio after growth, and raw ratio with the firms back."""
    lifted, returned = (float(np.median(row[name])) for name in ("sanctions", "everything"))
    return lifted / row["past"], lifted / row["past"] / row["growth"], returned / row["past"]


def _inside(value: float) -> bool:
    return CELL[0] <= value <= CELL[1]


def _why(row: pd.Series) -> str:
    """Why a cell is outside, the first reason that holds; nothing for one that is inside."""
    raw, adjusted, returned = _medians(row)
    in_table = row["table"] / row["past"]
    fell, stood_above = raw < 1 and in_table < CELL[0], raw > 1 and in_table > CELL[1]
    reasons = {
        "": _inside(raw),
        "no measure on it: the table itself is outside": not (row["measured"] or _inside(in_table)),
        "prices and demand grew as much elsewhere": _inside(adjusted),
        "firms that left stay away": _inside(returned) or _inside(returned / row["growth"]),
        "the table stood above before anything is lifted": stood_above,
        "the table fell by more than the measures of 2022 can have taken": fell,
        "more is given back than was there": raw > 1,
        "less is given back than was there": True,
    }
    return next(reason for reason, holds in reasons.items() if holds)


def shares_table(large: pd.DataFrame) -> str:
    """How many cells are inside, with measures and without."""
    rows = []
    for words, part in (
        ("under a measure on their products", large[large["measured"]]),
        ("under no measure on their products", large[~large["measured"]]),
        ("all", large),
    ):
        raw, adjusted, returned = np.array([_medians(r) for _, r in part.iterrows()]).T
        trade = part["past"].to_numpy()
        inside = [(CELL[0] <= r) & (r <= CELL[1]) for r in (raw, adjusted, returned)]
        rows.append(
            [
                words,
                len(part),
                *(
                    f"{percent(x.mean())} ({percent((x * trade).sum() / trade.sum())})"
                    for x in inside
                ),
            ]
        )
    columns = ["cells", "number", "lifted", "growth taken off", "and firms back"]
    return table(pd.DataFrame(rows, columns=columns).replace(r"\+", "", regex=True))


def reasons_table(outside: pd.DataFrame) -> str:
    """Why cells are outside, counted."""
    counts = outside.groupby("why").agg(cells=("past", "size"), trade=("past", "sum")).reset_index()
    counts = counts.sort_values("trade", ascending=False)
    counts["trade"] = counts["trade"].map("{:,.0f}".format)
    columns = {"why": "why outside", "trade": "trade 2018-20, million USD"}
    return table(counts.rename(columns=columns))


def outside_table(outside: pd.DataFrame) -> str:
    """Every cell outside."""
    rows = []
    for _, row in outside.sort_values("past", ascending=False).iterrows():
        raw, adjusted, returned = _medians(row)
        rows.append(
            [
                *(row[k] for k in KEYS),
                f"{row['sector']} {text.sector(row['sector']).lower()}",
                text.plain(row["past"]),
                ratio(row["table"] / row["past"]),
                ratio(raw),
                ratio(adjusted),
                ratio(returned),
                row["why"],
            ]
        )
    columns = [*KEYS, "sector", "2018-20", "table", "lifted", "growth off", "firms back", "why"]
    return table(pd.DataFrame(rows, columns=columns))


def chart(large: pd.DataFrame) -> Any:
    """Log-log scatter, raw and with growth taken off."""
    rows = []
    for _, row in large.iterrows():
        lifted, returned = (float(np.median(row[n])) for n in ("sanctions", "everything"))
        kind = "under a measure" if row["measured"] else "under no measure"
        for panel, value in (
            ("sanctions lifted", lifted),
            ("growth of trade elsewhere taken off", lifted / row["growth"]),
            ("sanctions lifted, firms back", returned),
        ):
            rows.append((panel, kind, text.country(row["target"]), row["past"], value))
    data = pd.DataFrame(rows, columns=["panel", "kind", "target", "past", "lifted"])
    low, high = SMALLEST * 0.4, float(data[["past", "lifted"]].max().max()) * 1.5
    lines = pd.DataFrame(
        [(f, x, x * f) for f in (*CELL, 1.0) for x in (low, high)], columns=["f", "past", "lifted"]
    )
    axis = alt.Scale(type="log", domain=[low, high])
    kinds = ["under a measure", "under no measure"]
    drawn = []
    for panel in dict.fromkeys(data["panel"]):
        guide = (
            alt.Chart(lines)
            .mark_line(color="#999999", strokeWidth=1, clip=True)
            .encode(x=alt.X("past:Q", scale=axis), y="lifted:Q", detail="f:N")
        )
        points = (
            alt.Chart(data[data["panel"] == panel])
            .mark_point(size=30, opacity=0.85, clip=True)
            .encode(
                x=alt.X("past:Q", scale=axis, title="mean of 2018 to 2020, million USD"),
                y=alt.Y("lifted:Q", scale=axis, title="simulated, million USD"),
                color=alt.Color(
                    "kind:N",
                    scale=alt.Scale(domain=kinds, range=["#0072B2", "#999999"]),
                    title=None,
                ),
                shape=alt.Shape("target:N", title="target"),
            )
        )
        drawn.append((guide + points).properties(width=270, height=270, title=panel))
    heading = "Trade with all sanctions lifted; lines at 0.7, 1 and 1.5 times trade of before"
    return alt.hconcat(*drawn).properties(
        title=titled(heading),
        description="Each point is a sender's trade with a target in one direction and sector.",
    )
