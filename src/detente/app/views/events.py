"""Events of the case that the page shows, and the chart of them with the measures in force."""

from __future__ import annotations

from typing import NamedTuple

from detente.app.starts import case_of
from detente.app.state import Panel
from detente.app.views.measures import Piece, day, linked
from detente.policy.register import register


class Told(NamedTuple):
    """An event in words."""

    date: str
    what: str
    source: list[Piece]
    url: list[Piece]
    note: str


class Story(NamedTuple):
    """The events of a case, and the address of the chart of them, if it can be drawn."""

    events: list[Told]
    timeline: str


def told_of(panel: Panel) -> Story:
    """What happened in the case of a panel."""
    case = case_of(panel.start)
    if case is None:
        return Story([], "")
    events = [
        Told(day(e.date), e.what, [*linked(e.source)], [*linked(e.url or "")], e.note)
        for e in case.events.values()
    ]
    known = {**register().measures, **case.measures}.values()
    drawn = events and any(m.target == case.target and m.start is not None for m in known)
    address = f"/chart.svg?a.start={panel.start}&chart=timeline"
    return Story(events, address if drawn else "")
