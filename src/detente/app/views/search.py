"""Countries, branches and measures by words that somebody looks for, with what the page says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from detente.app.address import query_of
from detente.app.names import country_names, sector_names
from detente.app.state import Panel, State
from detente.app.views.contents import View, fine, signed
from detente.app.views.measures import title, told
from detente.errors import WorldError
from detente.policy.measures import Measure
from detente.world.countries import also_understood
from detente.world.names import resolve_countries, resolve_sectors

MOST = 12
"""Hits of a sort that are shown."""


class Hit(NamedTuple):
    """Something that was found: its name, what is said of it, and where more is."""

    name: str
    says: str
    address: str


def found(state: State, view: View) -> dict[str, list[Hit]]:
    """What the words of a state are about, in the first scenario shown; nothing without words."""
    if not state.find:
        return {}
    hits = {
        "Countries": [*_countries(state, view)],
        "Branches": [*_sectors(state.find, view)],
        "Measures": [*_measures(state.find, view.panel)],
    }
    return {sort: some[:MOST] for sort, some in hits.items() if some}


def _countries(state: State, view: View) -> Iterator[Hit]:
    rows, named = view.results.rows["countries"], _meant(state.find, view)
    for code, row in rows.items():
        name = country_names()[code]
        if code in named or _matches(state.find, name, code, *also_understood(code)):
            says = f"{fine(row.percent)} % of income, {signed(row.million_usd)} million dollars"
            yield Hit(name, says, f"/?{query_of(replace(state, why=code))}&bands=on#why")


def _meant(words: str, view: View) -> list[str]:
    """Countries that have these words as a name, or are members of a group that has."""
    try:
        return resolve_countries(words, list(view.results.rows["countries"]))
    except WorldError:
        return []


def _sectors(words: str, view: View) -> Iterator[Hit]:
    rows = view.results.rows["sectors"]
    names = sector_names(view.results.scenario.world)
    try:
        meant = resolve_sectors(words, list(rows))
    except WorldError:
        meant = []
    for code, row in rows.items():
        if code in meant or _matches(words, names[code], code):
            change = f"{signed(row.after - row.before, 1)} million dollars"
            yield Hit(
                names[code], f"Output {change}, {signed(row.percent, 1)} %", "#sectors-heading"
            )


def _measures(words: str, panel: Panel) -> Iterator[Hit]:
    for place, name, measure in _controlled(panel):
        if _matches(words, title(measure), measure.instrument, name):
            yield Hit(title(measure), told(measure).does, f"#a-about-{place}{name}")


def _controlled(panel: Panel) -> Iterator[tuple[str, str, Measure]]:
    """Measures that have a slider: where, by name."""
    for group in panel.groups:
        yield from (("", name, measure) for name, measure in group.measures.items())
    yield from (("i-", name, panel.measure(name)) for name in panel.imposed)
    yield from (("h-", name, panel.measure(name)) for name in panel.hardened)


def _matches(words: str, *names: str) -> bool:
    """Whether every word begins a word of one of some names, whatever its accents and capitals."""
    begins = [re.compile(rf"\b{re.escape(word)}") for word in _plain(words).split()]
    return any(all(b.search(_plain(name)) for b in begins) for name in names)


def _plain(words: str) -> str:
    parts = unicodedata.normalize("NFKD", words.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).replace("ı", "i")
