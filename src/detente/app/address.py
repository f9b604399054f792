"""The state from an address, and back to one.

A link holds the starting point and what differs from it; a form, which browsers send whole, is told
apart by its field `a.full`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import QueryParams

from detente.app.controls import (
    MOST_HARDENED,
    MOST_NEW,
    MOST_STRENGTH,
    rest_of,
    shown_hub_share,
    split,
)
from detente.app.names import countries_of, country_names
from detente.app.starts import OWN, first_day, first_shown
from detente.app.state import PARTS, PERCENT, Deficits, NewMeasure, Panel, State
from detente.errors import ScenarioError, WorldError, nearest
from detente.policy.horizon import HorizonName
from detente.policy.kinds import KINDS
from detente.policy.measures import Kind, Level
from detente.policy.register import register
from detente.world import load_world
from detente.world.names import resolve_sectors

HUB_SHARES = (5, 300)
"""Hundredths of a percent between which the hub share can be moved."""
MOST_FIND = 60
"""Characters of what is looked for."""
LAST_DAY = date(2035, 12, 31)
COMMON = ("compare", "of", "table", "chart", "bands", "shape", "why", "find")
OF_PANEL = (
    "start", "own", "full", "reset", "target", "senders", "level", "deficits", "horizon", "since",
    "routes", "hubs", "new", "add", "drop",
)  # fmt: skip
OF_MANY = re.compile(
    r"[ab]\.((ease|was|impose|harden)\..+|new\.\d{1,3}\.(kind|sectors|strength|ban|by))"
)
"""Fields that there are many of: for each measure in force, known or new."""


def read_state(query: str) -> State:
    """Read what the page shall show.

    Raises
    ------
    ScenarioError
        A name or number that the page does not know.
    """
    fields = QueryParams(parse_qsl(query, keep_blank_values=True, max_num_fields=2000))
    _refuse_unknown(fields)
    a, compare = _panel(_under(fields, "a.")), fields.get("compare")
    find = fields.get("find", "").strip()[:MOST_FIND]
    shown = "b.start" in fields and compare != "off"
    b = a if compare == "on" else _panel(_under(fields, "b.")) if shown else None
    return State(a, b, _explained(fields.get("why", ""), a), find)


def _explained(country: str, panel: Panel) -> str:
    """Whose gain is explained; a country that another world has is left out with that world."""
    known = countries_of(rest_of(panel).world)
    if country not in known and country not in ("", *countries_of()):
        one_of("why", country, known)
    return country if country in known and country != panel.target else ""


def _refuse_unknown(fields: QueryParams) -> None:
    """Raise for a field that the page does not have: what it was to say would be lost."""
    known = [*COMMON, *(f"{panel}.{field}" for panel in "ab" for field in OF_PANEL)]
    for name in fields:
        if name not in known and not OF_MANY.fullmatch(name):
            raise ScenarioError(
                f"This page has no field {name[:60]!r}: {nearest(name[:60], known)}"
            )
        if name.startswith("b.") and "b.start" not in fields:
            raise ScenarioError(f"{name[:60]!r} needs 'b.start', where the second scenario starts")
    for name, allowed in (
        ("compare", ("on", "off")),
        ("of", ("a", "b")),
        ("bands", ("first", "on")),
    ):
        if name in fields:
            one_of(name, fields[name], allowed)


def _under(fields: QueryParams, prefix: str) -> QueryParams:
    """The fields whose names start with a prefix, without it."""
    pairs = [(k.removeprefix(prefix), v) for k, v in fields.multi_items() if k.startswith(prefix)]
    return QueryParams(pairs)


def _panel(fields: QueryParams) -> Panel:
    start = fields.get("start", first_shown())
    default, rest = split(start, fields.get("own", "") if start == OWN else "")
    known = country_names(rest.world)
    whole = "full" in fields
    if whole and (fields["full"] != start or "reset" in fields):
        return default

    def chosen(name: str, allowed: Iterable[str]) -> Any:
        return one_of(name, fields.get(name, getattr(default, name)), allowed)

    target, senders, routes = chosen("target", countries_of(rest.world)), default.senders, None
    if whole or "senders" in fields:
        named = dict.fromkeys(s for s in fields.getlist("senders") if s)
        senders = tuple(s for s in named if one_of("senders", s, known) != target)
    if whole or "routes" in fields:
        routes = one_of("routes", fields.get("routes", "off"), ("on", "off")) == "on"
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
    panel = replace(
        panel,
        imposed=_moved(_under(fields, "impose."), default.imposed, PERCENT, "impose"),
        hardened=_moved(_under(fields, "harden."), default.hardened, MOST_HARDENED, "change"),
    )
    return _eased(fields, default, panel)


def _moved(fields: QueryParams, default: Mapping[str, int], most: int, verb: str) -> dict[str, int]:
    """Read the sliders of measures that a starting point names."""
    for name in fields:
        if name not in default:
            hint = nearest(name[:60], default)
            raise ScenarioError(f"Nothing to {verb} is called {name[:60]!r}: {hint}")
    return {
        name: _number(name, fields[name], 0, most) if name in fields else value
        for name, value in default.items()
    }


def _eased(fields: QueryParams, default: Panel, panel: Panel) -> Panel:
    """Read the sliders: a measure follows its group unless it stands elsewhere than the group did.

    `was` says where the group stood when the form was written.
    """
    given, was = _under(fields, "ease."), _under(fields, "was.")
    _refuse_uneased([*given, *was], panel)
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


def _refuse_uneased(names: Iterable[str], panel: Panel) -> None:
    """Raise for what is no measure on file, nor a sender's measures of a kind.

    Those of another target or day stay in a form whose target or day changes, and say nothing.
    """
    shown = [key for group in panel.groups for key in (group.key, *group.measures)]
    for name in names:
        senders, _, part = name.rpartition(".")
        grouped = part in PARTS and all(s in country_names() for s in senders.split("+"))
        if not (grouped or name in shown or name in panel.own or name in register().measures):
            raise ScenarioError(f"Nothing to ease is called {name[:60]!r}: {nearest(name, shown)}")


def _from_link(fields: QueryParams, default: Panel) -> tuple[NewMeasure, ...]:
    if "new" not in fields:
        return default.new
    rows = [x for x in dict.fromkeys(fields.getlist("new")) if x]
    if len(rows) > MOST_NEW:
        raise ScenarioError(f"{len(rows)} new measures are more than this page takes ({MOST_NEW})")
    return tuple(map(_row_of_link, rows))


def _row_of_link(row: str) -> NewMeasure:
    kind, *rest = row.split(":")
    if len(rest) > 3:
        raise ScenarioError(f"{row[:60]!r}: a new measure is kind:sectors:strength:senders")
    sectors, strength, by = [*rest, "", "", ""][:3]
    found = _row(kind, sectors, strength, by)
    if strength == "ban" and found.strength is not None:
        raise ScenarioError(f"A measure of the kind {kind!r} has a strength and is no ban.")
    return found


def _from_form(fields: QueryParams) -> tuple[NewMeasure, ...]:
    written = _under(fields, "new.")
    numbered = (re.fullmatch(r"(\d{1,3})\.kind", key) for key in written)
    rows = []
    for number in sorted({int(found[1]) for found in numbered if found}):
        row = _under(written, f"{number}.")
        strength = "ban" if row.get("ban") == "on" else row.get("strength", "20")
        rows.append(_row(row["kind"], row.get("sectors", ""), strength, row.get("by", "")))
    if "drop" in fields:
        dropped = _number("drop", fields["drop"], 0, MOST_NEW)
        del rows[dropped : dropped + 1]
    return tuple([*rows, *([NewMeasure()] if fields.get("add") else [])][:MOST_NEW])


def _row(kind: str, sectors: str, strength: str, by: str) -> NewMeasure:
    found: Kind = one_of("kind", kind, get_args(Kind))
    try:
        resolve_sectors(sectors.split("+"), load_world().sectors)
    except WorldError as error:
        raise ScenarioError(str(error)) from error
    for sender in by.split("+") if by else []:
        one_of("by", sender, country_names())
    banned = strength == "ban" and KINDS[found].may_ban
    size = 20 if strength == "ban" else _number("strength", strength, 0, MOST_STRENGTH)
    return NewMeasure(found, sectors, None if banned else size, by)


def one_of(field: str, value: str, allowed: Iterable[str]) -> Any:
    """Refuse a value of a field that is none of those allowed."""
    if value not in allowed:
        hint = nearest(value[:60], allowed)
        raise ScenarioError(f"{field}: {value[:60]!r} is not known here: {hint}")
    return value


def _number(field: str, text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ScenarioError(f"{field}: {text[:20]!r} is not a whole number")
    if not low <= int(text) <= high:
        raise ScenarioError(f"{field}: {text} is not between {low} and {high}")
    return int(text)


def _percent(fields: QueryParams, key: str, default: int) -> int:
    return _number(key, fields[key], 0, PERCENT) if key in fields else default


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ScenarioError(f"since: {text[:20]!r} is no day, such as 2025-02-12") from error
    if not first_day() <= day <= LAST_DAY:
        raise ScenarioError(f"since: {day} is not between {first_day()} and {LAST_DAY}")
    return day


def _hub_share(text: str | None, default: Panel) -> int | None:
    found = _number("hubs", text, *HUB_SHARES) if text else None
    return None if found == shown_hub_share(default) else found


def query_of(state: State) -> str:
    """The address that restores a state."""
    panels = state.panels.items()
    pairs = [(f"{name}.{key}", value) for name, panel in panels for key, value in _pairs(panel)]
    pairs += [(key, value) for key in ("why", "find") if (value := getattr(state, key))]
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
    moves = {
        "impose": (panel.imposed, default.imposed),
        "harden": (panel.hardened, default.hardened),
    }
    for verb, (moved, standing) in moves.items():
        for name, percent in moved.items():
            if percent != standing[name]:
                yield f"{verb}.{name}", str(percent)
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
