"""The state from an address, and back to one.

A link holds the starting point and what differs from it; a form, which browsers send whole, is told
apart by its field `a.full`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import QueryParams

from detente.app.controls import MOST_NEW, MOST_STRENGTH, shown_hub_share, split
from detente.app.names import country_names
from detente.app.starts import DEFAULT, OWN, first_day
from detente.app.state import PERCENT, Deficits, NewMeasure, Panel, State
from detente.errors import ScenarioError, WorldError, nearest
from detente.policy.horizon import HorizonName
from detente.policy.kinds import KINDS
from detente.policy.measures import Kind, Level
from detente.world import load_world
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
    fields = QueryParams(parse_qsl(query, keep_blank_values=True, max_num_fields=2000))
    a, compare = _panel(_under(fields, "a.")), fields.get("compare")
    if compare == "on":
        return State(a, a)
    shown = "b.start" in fields and compare != "off"
    return State(a, _panel(_under(fields, "b.")) if shown else None)


def _under(fields: QueryParams, prefix: str) -> QueryParams:
    """The fields whose names start with a prefix, without it."""
    pairs = [(k.removeprefix(prefix), v) for k, v in fields.multi_items() if k.startswith(prefix)]
    return QueryParams(pairs)


def _panel(fields: QueryParams) -> Panel:
    start = fields.get("start", DEFAULT)
    default, _ = split(start, fields.get("own", "") if start == OWN else "")
    whole = "full" in fields
    if whole and (fields["full"] != start or "reset" in fields):
        return default

    def chosen(name: str, allowed: Iterable[str]) -> Any:
        return _one_of(fields.get(name, getattr(default, name)), allowed)

    target, senders, routes = chosen("target", load_world().countries), default.senders, None
    if whole or "senders" in fields:
        named = dict.fromkeys(s for s in fields.getlist("senders") if s)
        senders = tuple(s for s in named if _one_of(s, country_names()) != target)
    if whole or "routes" in fields:
        routes = fields.get("routes") == "on"
    panel = replace(
        default,
        target=target,
        senders=senders,
        level=chosen("level", get_args(Level)),
        deficits=chosen("deficits", get_args(Deficits)),
        horizon=chosen("horizon", get_args(HorizonName)),
        since=_day(fields["since"]) if "since" in fields else default.since,
        routes=default.routes if routes is None else routes,
        hub_share=_hub_share(fields.get("hubs"), default),
        new=_from_form(fields) if whole else _from_link(fields, default),
    )
    return _eased(fields, default, panel)


def _eased(fields: QueryParams, default: Panel, panel: Panel) -> Panel:
    """Read the sliders: a measure follows its group unless it stands elsewhere than the group did.

    `was` says where the group stood when the form was written.
    """
    given, was = _under(fields, "ease."), _under(fields, "was.")
    eased: dict[str, int] = {}
    apart: dict[str, int] = {}
    for group in panel.groups:
        together = _percent(given, group.key, default.together(group))
        before = _percent(was, group.key, together)
        eased |= {group.key: together} if together else {}
        for name in group.measures:
            stood = before if group.key in was else default.apart.get(name, together)
            own = _percent(given, name, stood)
            if own not in (together, before if group.key in was else together):
                apart[name] = own
    return replace(panel, eased=eased, apart=apart)


def _from_link(fields: QueryParams, default: Panel) -> tuple[NewMeasure, ...]:
    if "new" not in fields:
        return default.new
    parts = ([*x.split(":"), "", "", ""][:4] for x in dict.fromkeys(fields.getlist("new")) if x)
    return tuple(_row(*row) for row in parts)[:MOST_NEW]


def _from_form(fields: QueryParams) -> tuple[NewMeasure, ...]:
    written = _under(fields, "new.")
    numbered = (re.fullmatch(r"(\d{1,3})\.kind", key) for key in written)
    rows = []
    for number in sorted({int(found[1]) for found in numbered if found}):
        row = _under(written, f"{number}.")
        strength = "ban" if row.get("ban") == "on" else row.get("strength", "20")
        rows.append(_row(row["kind"], row.get("sectors", ""), strength, row.get("by", "")))
    if "drop" in fields:
        dropped = _number(fields["drop"], 0, MOST_NEW)
        del rows[dropped : dropped + 1]
    return tuple([*rows, *([NewMeasure()] if fields.get("add") else [])][:MOST_NEW])


def _row(kind: str, sectors: str, strength: str, by: str) -> NewMeasure:
    found: Kind = _one_of(kind, get_args(Kind))
    try:
        resolve_sectors(sectors.split("+"), load_world().sectors)
    except WorldError as error:
        raise ScenarioError(str(error)) from error
    for sender in by.split("+") if by else []:
        _one_of(sender, country_names())
    banned = strength == "ban" and KINDS[found].may_ban
    size = 20 if strength == "ban" else _number(strength, 0, MOST_STRENGTH)
    return NewMeasure(found, sectors, None if banned else size, by)


def _one_of(value: str, allowed: Iterable[str]) -> Any:
    if value not in allowed:
        raise ScenarioError(f"{value[:60]!r} is not known here: {nearest(value[:60], allowed)}")
    return value


def _number(text: str, low: int, high: int) -> int:
    try:
        return min(max(int(text[:20]), low), high)
    except ValueError as error:
        raise ScenarioError(f"{text[:20]!r} is not a whole number") from error


def _percent(fields: QueryParams, key: str, default: int) -> int:
    return _number(fields[key], 0, PERCENT) if key in fields else default


def _day(text: str) -> date | None:
    try:
        return min(max(date.fromisoformat(text[:10]), first_day()), LAST_DAY) if text else None
    except ValueError as error:
        raise ScenarioError(f"{text[:20]!r} is no day, such as 2025-02-12") from error


def _hub_share(text: str | None, default: Panel) -> int | None:
    found = _number(text, *HUB_SHARES) if text else None
    return None if found == shown_hub_share(default) else found


def query_of(state: State) -> str:
    """The address that restores a state."""
    panels = state.panels.items()
    pairs = [(f"{name}.{key}", value) for name, panel in panels for key, value in _pairs(panel)]
    return urlencode(pairs, safe="/:,")


def _pairs(panel: Panel) -> Iterator[tuple[str, str]]:
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
    for group in panel.groups:
        together = panel.together(group)
        if together != default.together(group):
            yield f"ease.{group.key}", str(together)
        for name in group.measures:
            if panel.degree(group, name) != default.apart.get(name, together):
                yield f"ease.{name}", str(panel.degree(group, name))
    if panel.new != default.new:
        yield from (("new", row) for row in [_link(n) for n in panel.new] or [""])


def _choices(panel: Panel) -> list[tuple[str, str]]:
    return [
        ("target", panel.target),
        ("level", panel.level),
        ("deficits", panel.deficits),
        ("horizon", panel.horizon),
        ("since", panel.since.isoformat() if panel.since else ""),
        ("routes", "on" if panel.routes else "off"),
    ]


def _link(row: NewMeasure) -> str:
    strength = "ban" if row.strength is None else str(row.strength)
    return ":".join([row.kind, row.sectors, strength, row.by])
