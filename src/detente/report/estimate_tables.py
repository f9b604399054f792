"""Tables of an estimate from a panel, for the terminal, and what they say in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from detente.policy.kinds import KINDS
from detente.report import text
from detente.report.layout import Grid, grid

if TYPE_CHECKING:
    from detente.inference.strengths import Strengths

UNDER_WAY = 0.1
"""p-value below which trade is said to have moved before the measure."""
FEW_PAIRS = 10
"""Pairs with the measure below which errors clustered by pair are too small."""


def estimate_view(found: Strengths) -> RenderableType:
    """Effects by group of sectors, strengths, the event study, and measures for a case file."""
    yaml = found.yaml()
    heading = "For the section `measures` of a case:" if yaml else "No fall of trade was found."
    return Group(
        _effects(found),
        _strengths(found),
        _events(found),
        *[Text(words) for words in (*found.found.notes, *remarks(found))],
        Text(heading, style="bold"),
        Text(yaml),
        Text(_provenance(found), style="dim"),
    )


def remarks(found: Strengths) -> list[str]:
    """What a reader should know before the figures are used, in words."""
    told = []
    for row in found.found.effects.to_dict("records"):
        group, p, pairs = row["group"], row["pre_trend"], row["pairs"]
        if p < UNDER_WAY:
            told.append(
                f"{group}: before the measure trade strayed more than that with bystanders "
                f"(p = {p:.2f}): not all of the effect need be the measure's."
            )
        if pairs < FEW_PAIRS and math.isnan(row["placebo"]):
            told.append(
                f"{group}: {text.plural(pairs, 'pair has', 'pairs have')} the measure and there "
                "are too few bystanders for placebos: the standard error is too small."
            )
    return told


def _effects(found: Strengths) -> Grid:
    rows = [
        [
            found.words(row["group"]),
            text.signed(row["effect"], 3),
            text.plain(row["clustered"], 3),
            text.plain(row["placebo"], 3),
            text.plain(row["pre_trend"], 2),
            text.plain(row["pairs"]),
            text.plain(row["flows"]),
            text.plain(row["lost"], 1),
        ]
        for row in found.found.effects.to_dict("records")
    ]
    heads = [
        "effect (log)", "s.e. by pair", "s.e. of placebos", "p, none before", "pairs", "flows",
        "trade lost",
    ]  # fmt: skip
    return grid("What the measure did to trade, values as in the panel", ["trade", *heads], rows)


def _strengths(found: Strengths) -> Grid:
    rows = [
        [
            str(row["group"]),
            f"{text.signed(-row['fall'], 1)} ({text.signed(-row['fall high'], 1)} to "
            f"{text.signed(-row['fall low'], 1)})",
            f"{row['theta']:.2f}",
            *(f"{row[level]:.3f}" for level in ("low", "central", "high")),
        ]
        for row in found.table.to_dict("records")
    ]
    reading = "in the long run" if KINDS[found.kind].quantity else f"at {found.horizon}"
    heads = ["change of trade, %", f"elasticity {reading}", "low", "central", "high"]
    title = f"Strengths as {found.kind}: ad-valorem equivalents, 90 percent band"
    return grid(title, ["sectors", *heads], rows)


def _events(found: Strengths) -> Grid:
    events = found.found.events.assign(change=lambda e: e["effect"].map(math.expm1) * 100)
    wide = events.pivot_table(index="period", columns="group", values="change", sort=False)
    rows = [[str(p), *(text.signed(v, 1) for v in row)] for p, *row in wide.itertuples()]
    title = "Event study: change of trade against the mean before the measure, percent"
    return grid(title, ["period", *map(str, wide.columns)], rows)


def _provenance(found: Strengths) -> str:
    m = found.manifest
    return (
        f"Poisson gravity (pyfixest {m.get('pyfixest', '')}) on {m['panel']}, {m['periods']}; "
        f"elasticities {m['theta']}; detente {m.get('detente', '')}"
    )
