"""Tables of the countries and sectors of a world: what each is called, and how much of it it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from detente.report import text
from detente.report.layout import grid
from detente.world.countries import GROUP_NAMES, also_understood, folded
from detente.world.industries import divisions_of, words_for
from detente.world.names import absent_countries, group_members, resolve_countries, resolve_sectors

if TYPE_CHECKING:
    from detente.world import World

SOME = 3
"""Names shown besides a country's or a sector's own."""


def country_rows(world: World, asked: str | None = None) -> list[dict[str, Any]]:
    """Countries of a world, the largest first: code, name, other names, shares of the world.

    Parameters
    ----------
    asked
        A name, code or group; all countries without it.

    >>> import detente
    >>> row, = country_rows(detente.load_world(), "Belarusian")
    >>> row["code"], row["name"], row["also"][:2]
    ('BLR', 'Belarus', ['BY', 'Belarusian'])
    """
    added, made = world.data["VA"].to_series(), world.output.sum("sector").to_series()
    found = resolve_countries(asked, world.countries)
    return [
        {
            "code": code,
            "name": _name_of(code, world),
            "also": [n for n in also_understood(code) if n != text.country(code)],
            "share_of_value_added": float(added[code] / added.sum()),
            "share_of_output": float(made[code] / made.sum()),
        }
        for code in sorted(found, key=lambda c: -added[c])
    ]


def sector_rows(world: World, asked: str | None = None) -> list[dict[str, Any]]:
    """Sectors of a world in its order: code, name, words for it, share of the world's output.

    >>> import detente
    >>> row, = sector_rows(detente.load_world(), "textiles")
    >>> row["code"], row["name"]
    ('C13T15', 'Textiles and clothing')
    """
    made = world.output.sum("country").to_series()
    above = world.sectors.parents
    return [
        {
            "code": code,
            "name": (name := text.sector(code, world.name_of(code))),
            "also": [] if code in above else _other_words(code, name),
            "share_of_output": float(made[code] / made.sum()),
        }
        for code in resolve_sectors(asked, world.sectors)
    ]


def countries_view(world: World, asked: str | None = None) -> RenderableType:
    """The countries of a world, and what else is understood."""
    rows = (
        [f"{r['code']} {r['name']}", _some(r["also"]), *map(_percent, _shares(r))]
        for r in country_rows(world, asked)
    )
    heads = ["country", "also understood", "GDP, %", "output, %"]
    table = grid(f"{world.name}: shares of the world", heads, rows, left=True)
    if asked is not None:
        return table
    absent = absent_countries(world.countries)
    groups = ", ".join(f"{g} ({_members(g, world)})" for g in GROUP_NAMES)
    return Group(
        table,
        Text(f"Groups, and how many of their members are here: {groups}."),
        Text(
            f"Understood, and not here ({len(absent)}): {', '.join(absent)}. `World.add_economy` "
            "adds one; see docs/data.md."
        ),
    )


def sectors_view(world: World, asked: str | None = None) -> RenderableType:
    """The sectors of a world, and what else is understood."""
    rows = (
        [f"{r['code']} {r['name']}", _some(r["also"]), *map(_percent, _shares(r))]
        for r in sector_rows(world, asked)
    )
    heads = ["sector", "also understood", "output, %"]
    table = grid(f"{world.name}: shares of the world", heads, rows, left=True)
    if asked is not None:
        return table
    return Group(
        table,
        Text("Groups: all, goods, services; words for several, such as manufacturing or energy."),
        Text(
            "Codes of ISIC Rev. 4 are understood too, and goods that are only part of a sector "
            "are told so: see docs/data.md."
        ),
    )


def _name_of(code: str, world: World) -> str:
    short = text.country(code)
    return world.name_of(code) if short == code else short


def _other_words(code: str, name: str) -> list[str]:
    """What else means the sector, single words first."""
    words = [w for w in words_for(divisions_of(code)) if folded(w) != folded(name)]
    return sorted(words, key=lambda word: word.count(" "))


def _members(group: str, world: World) -> int:
    return len({*group_members(group)} & {*world.countries})


def _shares(row: dict[str, Any]) -> Iterable[float]:
    return (v for k, v in row.items() if k.startswith("share"))


def _percent(share: float) -> str:
    return text.plain(100 * share, 2)


def _some(names: list[str]) -> str:
    return ", ".join(names[:SOME])
