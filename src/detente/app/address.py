"""The state from an address, and back to one.

A link holds the starting point and what differs from it; a form, which browsers send whole, is told
apart by its field `a.full`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, cast, get_args
from urllib.parse import parse_qsl, urlencode

from detente.app.controls import MOST_NEW, MOST_STRENGTH, shown_hub_share, split
from detente.app.names import country_names
from detente.app.starts import DEFAULT, OWN, first_day
from detente.app.state import PERCENT, Deficits, NewMeasure, Panel, State
from detente.errors import ScenarioError, WorldError, nearest
from detente.policy.measures import Kind, Level
from detente.world import load_world
from detente.world.names import resolve_sectors

HUB_SHARES = (5, 300)
"""Hundredths of a percent between which the hub share can be moved."""
LAST_DAY = date(2035, 12, 31)


class Fields(dict[str, list[str]]):
    """The values of an address or a form, by field."""

    def text(self, key: str, default: str = "") -> str:
        """The last value of a field."""
        return self.get(key, [default])[-1]

    def under(self, prefix: str) -> Fields:
        """The fields whose names start with a prefix, without it."""
        return Fields({k.removeprefix(prefix): v for k, v in self.items() if k.startswith(prefix)})


def read_state(query: str) -> State:
    """Read what the page shall show.

    Raises
    ------
    ScenarioError
        A name or number that the page does not know.
    """
    fields = Fields()
    for key, value in parse_qsl(query, keep_blank_values=True, max_num_fields=2000):
        fields.setdefault(key, []).append(value)
    a = _panel(fields.under("a."))
    if fields.text("compare") == "on":
        return State(a, a)
    shown = "b.start" in fields and fields.text("compare") != "off"
    return State(a, _panel(fields.under("b.")) if shown else None)


def _panel(fields: Fields) -> Panel:
    start = fields.text("start", DEFAULT)
    default, _ = split(start, fields.text("own") if start == OWN else "")
    whole = "full" in fields
    if whole and (fields.text("full") != start or "reset" in fields):
        return default

    def chosen(name: str, allowed: Iterable[str]) -> str:
        return _one_of(fields.text(name, getattr(default, name)), allowed)

    target = chosen("target", load_world().countries)
    senders = default.senders
    if whole or "senders" in fields:
        given = dict.fromkeys(s for s in fields.get("senders", []) if s)
        senders = tuple(s for s in given if _one_of(s, country_names()) != target)
    routes = default.routes
    if whole or "routes" in fields:
        routes = fields.text("routes") == "on"
    found: dict[str, Any] = {
        "target": target,
        "senders": senders,
        "level": chosen("level", get_args(Level)),
        "deficits": chosen("deficits", get_args(Deficits)),
        "since": _day(fields.text("since")) if "since" in fields else default.since,
        "routes": routes,
        "hub_share": _hub_share(fields.text("hubs"), default),
        "new": _from_form(fields) if whole else _from_link(fields, default),
    }
    return _eased(fields, default, replace(default, **found))


def _eased(fields: Fields, default: Panel, panel: Panel) -> Panel:
    """Read the sliders: a measure follows its group unless it stands elsewhere than the group did.

    `was` says where the group stood when the form was written.
    """
    given, was = fields.under("ease."), fields.under("was.")
    eased: dict[str, int] = {}
    apart: dict[str, int] = {}
    for group in panel.groups:
        together = _percent(given, group.key, default.together(group))
        before = _percent(was, group.key, together)
        eased |= {group.key: together} if together else {}
        for name in group.measures:
            if group.key in was:
                own = _percent(given, name, before)
                own = together if own == before else own
            else:
                own = _percent(given, name, default.apart.get(name, together))
            apart |= {name: own} if own != together else {}
    return replace(panel, eased=eased, apart=apart)


def _from_link(fields: Fields, default: Panel) -> tuple[NewMeasure, ...]:
    if "new" not in fields:
        return default.new
    parts = ([*text.split(":"), "", "", ""][:4] for text in dict.fromkeys(fields["new"]) if text)
    return tuple(_row(*row) for row in parts)[:MOST_NEW]


def _from_form(fields: Fields) -> tuple[NewMeasure, ...]:
    written = fields.under("new.")
    numbered = (re.fullmatch(r"(\d{1,3})\.kind", key) for key in written)
    rows = []
    for number in sorted({int(found[1]) for found in numbered if found}):
        row = written.under(f"{number}.")
        strength = "ban" if row.text("ban") == "on" else row.text("strength", "20")
        rows.append(_row(row.text("kind"), row.text("sectors"), strength, row.text("by")))
    if "drop" in fields:
        dropped = _number(fields.text("drop"), 0, MOST_NEW)
        del rows[dropped : dropped + 1]
    if fields.text("add"):
        rows.append(NewMeasure())
    return tuple(rows[:MOST_NEW])


def _row(kind: str, sectors: str, strength: str, by: str) -> NewMeasure:
    found = cast(Kind, _one_of(kind, get_args(Kind)))
    try:
        resolve_sectors(sectors.split("+"), load_world().sectors)
    except WorldError as error:
        raise ScenarioError(str(error)) from error
    for sender in by.split("+") if by else []:
        _one_of(sender, country_names())
    banned = strength == "ban" and found not in ("tariff", "finance")
    size = 20 if strength == "ban" else _number(strength, 0, MOST_STRENGTH)
    return NewMeasure(found, sectors, None if banned else size, by)


def _one_of(value: str, allowed: Iterable[str]) -> str:
    if value not in allowed:
        raise ScenarioError(f"{value[:60]!r} is not known here: {nearest(value[:60], allowed)}")
    return value


def _number(text: str, low: int, high: int) -> int:
    try:
        found = int(text[:20])
    except ValueError as error:
        raise ScenarioError(f"{text[:20]!r} is not a whole number") from error
    return min(max(found, low), high)


def _percent(fields: Fields, key: str, default: int) -> int:
    return _number(fields.text(key), 0, PERCENT) if key in fields else default


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError as error:
        raise ScenarioError(f"{text[:20]!r} is no day, such as 2025-02-12") from error
    return min(max(found, first_day()), LAST_DAY)


def _hub_share(text: str, default: Panel) -> int | None:
    if not text:
        return None
    found = _number(text, *HUB_SHARES)
    return None if found == shown_hub_share(default) else found


def query_of(state: State) -> str:
    """The address that restores a state."""
    pairs = [
        (f"{name}.{key}", value)
        for name, panel in state.panels.items()
        for key, value in _pairs(panel)
    ]
    return urlencode(pairs, safe="/:,")


def _pairs(panel: Panel) -> Iterable[tuple[str, str]]:
    """The starting point and what differs from it."""
    default, _ = split(panel.start, panel.packed)
    yield "start", panel.start
    if panel.packed:
        yield "own", panel.packed
    yield from (pair for pair in _choices(panel) if pair not in _choices(default))
    if panel.senders != default.senders:
        yield from (("senders", sender) for sender in panel.senders or ("",))
    if panel.hub_share is not None:
        yield "hubs", str(panel.hub_share)
    yield from _eased_pairs(panel, default)
    if panel.new != default.new:
        yield from (("new", row) for row in ([_link(n) for n in panel.new] or [""]))


def _choices(panel: Panel) -> list[tuple[str, str]]:
    return [
        ("target", panel.target),
        ("level", panel.level),
        ("deficits", panel.deficits),
        ("since", panel.since.isoformat() if panel.since else ""),
        ("routes", "on" if panel.routes else "off"),
    ]


def _eased_pairs(panel: Panel, default: Panel) -> Iterable[tuple[str, str]]:
    for group in panel.groups:
        together = panel.together(group)
        if together != default.together(group):
            yield f"ease.{group.key}", str(together)
        for name in group.measures:
            if panel.degree(group, name) != default.apart.get(name, together):
                yield f"ease.{name}", str(panel.degree(group, name))


def _link(row: NewMeasure) -> str:
    strength = "ban" if row.strength is None else str(row.strength)
    return ":".join([row.kind, row.sectors, strength, row.by])
