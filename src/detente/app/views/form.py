"""Words and choices of the controls."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from detente.app.controls import rest_of
from detente.app.names import country_names, in_sectors, sector_names
from detente.app.starts import case, cases_here, drafted_folder, measures_in_force
from detente.app.state import Group, NewMeasure, Panel
from detente.policy.measures import Level, Measure
from detente.report.text import called, plural

KINDS = {
    "export-ban": "Hinder exports to {target}",
    "import-ban": "Hinder imports from {target}",
    "tariff": "Tariff on imports from {target}",
    "finance": "Hinder payments with {target}",
    "transit": "Close ports to {target}",
    "war": "Break off all trade with {target}, both ways",
    "withdrawal": "Withdraw firms from {target}",
    "supply-cut": "Stop deliveries from {target}, by its own firms",
}
DEFICITS = {
    "share": "Deficits grow with the world economy",
    "value": "Deficits stay the same in dollars",
    "zero": "Trade is balanced",
}

HORIZONS = {
    "first-year": "The first year",
    "three-years": "Three years",
    "long-run": "The long run",
}

Choices = list[tuple[str, str]]


def worded(pattern: str, value: int) -> str:
    """A slider's value in words: `#` is the value, `@` a hundredth of it.

    >>> worded("# % eased", 40), worded("@ %", 85)
    ('40 % eased', '0.85 %')
    """
    return pattern.replace("#", str(value)).replace("@", f"{value / 100:.2f}")


def group_title(group: Group) -> str:
    """A group of measures, for its slider."""
    return "Goods" if group.of == "goods" else "Banks and payments"


def kinds(target: str) -> Choices:
    """Kinds of measures against a target that a strength in percent says all about."""
    return [(kind, words.format(target=called(target))) for kind, words in KINDS.items()]


def strength(measure: Measure, level: Level) -> str:
    """How much a measure adds to cost."""
    ave = measure.strength(level)
    if ave == float("inf"):
        return "prohibited"
    shares = measure.share.values() if isinstance(measure.share, dict) else [measure.share]
    covered = 100 * np.mean(list(shares))
    cover = "" if measure.share == 1 else f" on {covered:.0f} % of the goods"
    return f"{100 * ave:.1f}".removesuffix(".0") + f" %{cover}"


def by_sender(panel: Panel) -> list[tuple[str, list[Group]]]:
    """Groups of measures in force, by who took them."""
    names = country_names()
    return [
        (", ".join(names[s] for s in senders), list(groups))
        for senders, groups in groupby(panel.groups, key=lambda g: g.senders)
    ]


def options(panel: Panel) -> list[tuple[str, int]]:
    """Measures that the starting point knows and that can be imposed, and how much of each is."""
    on = {name for group in panel.groups for name in group.measures}
    return [(name, percent) for name, percent in panel.imposed.items() if name not in on]


def offered(panel: Panel) -> list[str]:
    """Senders to choose from: those with measures on file, and those chosen."""
    on_file = measures_in_force(panel.target, panel.day, panel.own).values()
    known = {s for m in on_file for s in m.senders} | set(panel.senders)
    return [c for c in country_names() if c in known]


def parties(panel: Panel) -> str:
    """Who moves measures on whom."""
    names = country_names()
    senders = [names[s] for s in panel.senders] or ["nobody"]
    more = f" and {len(senders) - 2} more" if senders[2:] else ""
    return f"{', '.join(senders[:2])}{more} on {names[panel.target]}"


def assumptions(panel: Panel) -> str:
    """The assumptions that matter most."""
    parts = [f"{panel.level} strength"]
    if panel.since:
        parts.append(f"{panel.since.day} {panel.since:%B %Y}")
    if panel.routes:
        parts.append("with detours")
    return ", ".join(parts)


def sectors_for(chosen: str) -> Choices:
    """Sectors to choose from, and what is chosen."""
    found = sector_names()
    extra = {} if chosen in found else {chosen: in_sectors(chosen.split("+"))}
    return list((extra | found).items())


def by_whom(panel: Panel, row: NewMeasure) -> Choices:
    """Senders of a new measure to choose from, and what is chosen."""
    names = country_names()
    found = {"": "All chosen"} | {s: names[s] for s in panel.senders}
    extra = {} if row.by in found else {row.by: ", ".join(names[s] for s in row.by.split("+"))}
    return list((found | extra).items())


def left_over(panel: Panel) -> str:
    """What of the starting point has no control, and is computed all the same."""
    rest = rest_of(panel)
    parts = {
        ("measure lifted", "measures lifted"): rest.lift,
        ("measure eased", "measures eased"): rest.ease,
        ("measure imposed", "measures imposed"): rest.impose,
        ("measure changed", "measures changed"): rest.harden,
        ("change of cost", "changes of cost"): rest.costs,
        ("transfer", "transfers"): rest.transfers,
    }
    found = ", ".join(plural(len(part), *words) for words, part in parts.items() if part)
    return f"Also part of this scenario: {found}." if found else ""


def cases() -> list[tuple[str, Choices]]:
    """Titles of the cases, with their scenarios."""
    return [
        (case(name).title, [(f"{name}/{k}", s.title) for k, s in case(name).scenarios.items()])
        for name in cases_here()
    ]


def open_points(start: str) -> str:
    """How many points of a starting point's case are open, in words; nothing if none."""
    folder = drafted_folder(start)
    if folder is None:
        return ""
    from detente.cases.drafting.review import open_points

    left = len(open_points(folder))
    return plural(left, "point", "points") if left else ""
