"""The state from an address, and back to one.

A link holds the starting point and what differs from it; a form, which browsers send whole, is told
apart by its field `a.full`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import cast, get_args
from urllib.parse import parse_qsl, urlencode

from detente.app.controls import MOST_NEW, MOST_STRENGTH, shown_hub_share, split
from detente.app.starts import OWN, country_names, default_start, embedded_world
from detente.app.state import PERCENT, Deficits, Name, NewMeasure, Panel, State
from detente.errors import ScenarioError, WorldError, nearest
from detente.policy import Scenario
from detente.policy.measures import Kind, Level
from detente.world.names import resolve_sectors

HUB_SHARES = (5, 300)
"""Hundredths of a percent between which the hub share can be moved."""
LAST_DAY = date(2035, 12, 31)


def read_state(query: str) -> State:
    """Read what the page shall show.

    Raises
    ------
    ScenarioError
        A name or number that the page does not know.
    """
    fields: dict[str, list[str]] = {}
    for key, value in parse_qsl(query, keep_blank_values=True, max_num_fields=2000):
        fields.setdefault(key, []).append(value)
    one = Fields(fields)
    a = _panel("a", one)
    if one.text("compare") == "on":
        return State(a, a)
    shown = "b.start" in fields and one.text("compare") != "off"
    return State(a, _panel("b", one) if shown else None)


class Fields:
    """The fields of an address or a form; the last of several wins unless all are asked for."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def __contains__(self, key: str) -> bool:
        return key in self._fields

    def text(self, key: str, default: str = "") -> str:
        """The value of a field."""
        return self._fields.get(key, [default])[-1]

    def all(self, key: str) -> list[str]:
        """All values that are not empty, each once."""
        return list(dict.fromkeys(v for v in self._fields.get(key, []) if v))

    def under(self, prefix: str) -> dict[str, str]:
        """Fields whose names go on after a prefix."""
        found = {k: v[-1] for k, v in self._fields.items() if k.startswith(prefix)}
        return {k.removeprefix(prefix): v for k, v in found.items()}


def _panel(p: Name, fields: Fields) -> Panel:
    start = fields.text(f"{p}.start", default_start())
    packed = fields.text(f"{p}.own") if start == OWN else ""
    default, _ = split(start, packed)
    whole = f"{p}.full" in fields
    if whole and fields.text(f"{p}.full") != start:
        return default
    target = _one_of(fields.text(f"{p}.target", default.target), embedded_world().countries)
    senders = default.senders
    if whole or f"{p}.senders" in fields:
        given = fields.all(f"{p}.senders")
        senders = tuple(s for s in (_one_of(x, country_names()) for x in given) if s != target)
    routes = fields.text(f"{p}.routes") == "on" if whole else default.routes
    if not whole and f"{p}.routes" in fields:
        routes = fields.text(f"{p}.routes") == "on"
    panel = replace(
        default,
        target=target,
        senders=senders,
        level=cast(Level, _one_of(fields.text(f"{p}.level", default.level), get_args(Level))),
        deficits=cast(
            Deficits, _one_of(fields.text(f"{p}.deficits", default.deficits), get_args(Deficits))
        ),
        since=_day(fields, f"{p}.since", default.since),
        routes=routes,
        hub_share=_hub_share(fields, f"{p}.hubs", default),
        new=_new(p, fields, default, whole),
    )
    return _eased(p, fields, default, panel)


def _eased(p: Name, fields: Fields, default: Panel, panel: Panel) -> Panel:
    """Read the sliders: a measure follows its group unless it stands elsewhere than the group did.

    `was` says where the group stood when the form was written.
    """
    given, was = fields.under(f"{p}.ease."), fields.under(f"{p}.was.")
    eased: dict[str, int] = {}
    apart: dict[str, int] = {}
    for group in panel.groups:
        together = _percent(given.get(group.key), default.eased.get(group.key, 0))
        before = _percent(was.get(group.key), together)
        eased |= {group.key: together} if together else {}
        for name in group.measures:
            if group.key in was:
                own = _percent(given.get(name), before)
                own = together if own == before else own
            else:
                own = _percent(given.get(name), default.apart.get(name, together))
            apart |= {name: own} if own != together else {}
    return replace(panel, eased=eased, apart=apart)


def _new(p: Name, fields: Fields, default: Panel, whole: bool) -> tuple[NewMeasure, ...]:
    if not whole:
        key = f"{p}.new"
        found = [_from_link(text) for text in fields.all(key)] if key in fields else default.new
        return tuple(found)[:MOST_NEW]
    written = " ".join(fields.under(f"{p}.new."))
    numbers = sorted({int(n) for n in re.findall(r"\d{1,3}(?=\.kind)", written)})
    rows = [_from_form(fields.under(f"{p}.new.{n}.")) for n in numbers]
    dropped = fields.text(f"{p}.drop")
    if dropped.isdigit() and int(dropped) < len(rows):
        rows.pop(int(dropped))
    if fields.text(f"{p}.add"):
        rows.append(NewMeasure())
    return tuple(rows[:MOST_NEW])


def _from_form(row: Mapping[str, str]) -> NewMeasure:
    strength = "ban" if row.get("ban") == "on" else row.get("strength", "20")
    return _row(row.get("kind", ""), row.get("sectors", ""), strength, row.get("by", ""))


def _from_link(text: str) -> NewMeasure:
    kind, sectors, strength, by, *_ = [*text.split(":"), "", "", "", ""]
    return _row(kind, sectors, strength, by)


def _row(kind: str, sectors: str, strength: str, by: str) -> NewMeasure:
    found = cast(Kind, _one_of(kind, get_args(Kind)))
    try:
        resolve_sectors(sectors.split("+"), embedded_world().sectors)
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


def _percent(text: str | None, default: int) -> int:
    return default if text is None else _number(text, 0, PERCENT)


def _day(fields: Fields, key: str, default: date | None) -> date | None:
    if key not in fields:
        return default
    text = fields.text(key)
    if not text:
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError as error:
        raise ScenarioError(f"{text[:20]!r} is no day, such as 2025-02-12") from error
    first = Scenario(title="").start
    return min(max(found, first), LAST_DAY)


def _hub_share(fields: Fields, key: str, default: Panel) -> int | None:
    if not fields.text(key):
        return None
    found = _number(fields.text(key), *HUB_SHARES)
    return None if found == shown_hub_share(default) else found


def query_of(state: State) -> str:
    """The address that restores a state."""
    pairs = [pair for name, panel in state.panels.items() for pair in _pairs(name, panel)]
    return urlencode(pairs, safe="/:,")


def _pairs(p: Name, panel: Panel) -> Iterable[tuple[str, str]]:
    """The starting point and what differs from it."""
    default, _ = split(panel.start, panel.packed)
    yield f"{p}.start", panel.start
    if panel.packed:
        yield f"{p}.own", panel.packed
    for name in ("target", "level", "deficits"):
        if getattr(panel, name) != getattr(default, name):
            yield f"{p}.{name}", getattr(panel, name)
    if panel.since != default.since:
        yield f"{p}.since", "" if panel.since is None else panel.since.isoformat()
    if panel.senders != default.senders:
        yield from ((f"{p}.senders", s) for s in panel.senders or ("",))
    if panel.routes != default.routes:
        yield f"{p}.routes", "on" if panel.routes else "off"
    if panel.hub_share is not None:
        yield f"{p}.hubs", str(panel.hub_share)
    yield from _eased_pairs(p, panel, default)
    if panel.new != default.new:
        yield from ((f"{p}.new", row) for row in ([_link(n) for n in panel.new] or [""]))


def _eased_pairs(p: Name, panel: Panel, default: Panel) -> Iterable[tuple[str, str]]:
    for group in panel.groups:
        together = panel.eased.get(group.key, 0)
        if together != default.eased.get(group.key, 0):
            yield f"{p}.ease.{group.key}", str(together)
        for name in group.measures:
            if panel.degree(group, name) != default.apart.get(name, together):
                yield f"{p}.ease.{name}", str(panel.degree(group, name))


def _link(row: NewMeasure) -> str:
    strength = "ban" if row.strength is None else str(row.strength)
    return ":".join([row.kind, row.sectors, strength, row.by])
