"""What countries, groups and sectors the page offers, by their short names."""

from __future__ import annotations

from functools import lru_cache

from detente.report import text
from detente.world import World, load_world
from detente.world.embedded import LARGER
from detente.world.names import COUNTRY_GROUPS


class _Names(dict[str, str]):
    """Names by code; a country that only a world in a file has goes by its short name or code."""

    def __missing__(self, code: str) -> str:
        return text.country(code)


@lru_cache(maxsize=8)
def country_names(name: str = LARGER) -> dict[str, str]:
    """Groups and countries of a world by code, countries in alphabetical order."""
    world = load_world(name)
    found = {code: text.country(code) for code in ("EU27", *COUNTRY_GROUPS, "EAEU")}
    named = {code: _called(code, world) for code in world.countries}
    return _Names(found | dict(sorted(named.items(), key=lambda entry: entry[1])))


def countries_of(name: str = LARGER) -> dict[str, str]:
    """Countries of a world by code, in alphabetical order."""
    codes = load_world(name).countries
    return {code: called for code, called in country_names(name).items() if code in codes}


def _called(code: str, world: World) -> str:
    """Short name of a country; of a region, the one that the world has for it."""
    short = text.country(code)
    return short if short != code else world.name_of(code)


@lru_cache(maxsize=8)
def sector_names(name: str = "icio2022") -> dict[str, str]:
    """Groups of sectors and sectors of a world by code."""
    world = load_world(name)
    groups = {code: text.sector(code) for code in ("all", "goods", "services")}
    return groups | {code: text.sector(code, world.name_of(code)) for code in world.sectors}


def in_sectors(codes: list[str]) -> str:
    """Sectors of a measure, in words."""
    found = [sector_names().get(code) or text.sector(code) for code in codes]
    if len(found) < 4:
        return ", ".join(found)
    return f"{', '.join(found[:3])} and {len(found) - 3} more"
