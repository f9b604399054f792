"""What countries, groups and sectors the page offers, by their short names."""

from __future__ import annotations

from functools import lru_cache

from detente.report import text
from detente.world import load_world
from detente.world.names import COUNTRY_GROUPS


class _Names(dict[str, str]):
    """Names by code; a country that only a world in a file has goes by its short name or code."""

    def __missing__(self, code: str) -> str:
        return text.country(code)


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Groups and countries of the embedded world by code, countries in alphabetical order."""
    groups = dict.fromkeys(("EU27", *COUNTRY_GROUPS, "EAEU"))
    countries = sorted(load_world().countries, key=text.country)
    return _Names({code: text.country(code) for code in (*groups, *countries)})


@lru_cache(maxsize=8)
def sector_names(name: str = "icio2022") -> dict[str, str]:
    """Groups of sectors and sectors of a world by code."""
    world = load_world(name)
    groups = {code: text.sector(code) for code in ("all", "goods", "services")}
    return groups | {code: text.sector(code, world.name_of(code)) for code in world.sectors}


def in_sectors(codes: list[str]) -> str:
    """Sectors of a measure, in words."""
    found = [sector_names().get(code, code) for code in codes]
    if len(found) < 4:
        return ", ".join(found)
    return f"{', '.join(found[:3])} and {len(found) - 3} more"
