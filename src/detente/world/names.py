"""Country and sector names: ISO3 codes, country names, groups, sector groups.

Group membership (EU27, EURO, CIS, G7, G20, OECD, APEC, BRIC, ...) and the recognition of country
names come from the `country_converter` package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeAlias

from detente.errors import WorldError, nearest

Names: TypeAlias = str | Sequence[str] | None

COUNTRY_GROUPS = (
    "EU27", "EURO", "EEA", "CIS", "G7", "G20", "OECD", "APEC", "BRIC",
)  # fmt: skip
EAEU = ("ARM", "BLR", "KAZ", "KGZ", "RUS")
"""Eurasian Economic Union: Treaty of 29 May 2014 with the accessions of ARM and KGZ in 2015."""

GOODS_SECTIONS = "ABC"


@cache
def _converter() -> Any:
    from country_converter import CountryConverter

    return CountryConverter()


@cache
def group_members(group: str) -> tuple[str, ...]:
    """ISO3 codes of a country group, whether or not a given world has them.

    >>> len(group_members("EU27")), "BLR" in group_members("EAEU")
    (27, True)
    """
    if group == "EAEU":
        return EAEU
    table = _converter().data
    if group == "Europe":
        return tuple(table.loc[table["continent"] == "Europe", "ISO3"])
    return tuple(table.loc[table[group].notna(), "ISO3"])


def _one_country(name: str, countries: Sequence[str]) -> list[str]:
    if name in countries:
        return [name]
    if name == "all":
        return list(countries)
    if name.upper() in (*COUNTRY_GROUPS, "EAEU"):
        members = set(group_members(name.upper()))
        return [c for c in countries if c in members]
    code = _recognised(name)
    if code in countries:
        return [code]
    known = [*countries, *COUNTRY_GROUPS, "EAEU", "all"]
    absent = f" (read as {code}, which this world does not have)" if code else ""
    raise WorldError(f"unknown country {name!r}{absent}: {nearest(name, known)}")


@cache
def _recognised(name: str) -> str:
    """ISO3 code of a country name or code in any usual spelling, or an empty string."""
    if len(name) < 3:
        return ""
    import logging

    logging.getLogger("country_converter").setLevel(logging.CRITICAL)
    code = _converter().convert(name, to="ISO3", not_found=None)
    return code if isinstance(code, str) and code != name else ""


def resolve_countries(names: Names, countries: Sequence[str]) -> list[str]:
    """Turn names, codes and groups into the world's own country codes, in the order given.

    Raises
    ------
    WorldError
        A name that the world does not have; the message suggests the nearest.

    >>> resolve_countries(["Belarus", "RUS"], ["BLR", "DEU", "RUS"])
    ['BLR', 'RUS']
    >>> resolve_countries("EU27", ["BLR", "DEU", "RUS"])
    ['DEU']
    """
    return _resolve(names, countries, _one_country)


def is_goods(sector: str) -> bool:
    """Tell whether an ISIC Rev. 4 sector code is a good (sections A to C)."""
    return sector[:1] in GOODS_SECTIONS


def _one_sector(name: str, sectors: Sequence[str]) -> list[str]:
    if name in sectors:
        return [name]
    if name == "all":
        return list(sectors)
    if name in ("goods", "services"):
        return [s for s in sectors if is_goods(s) == (name == "goods")]
    raise WorldError(
        f"unknown sector {name!r}: {nearest(name, [*sectors, 'all', 'goods', 'services'])}"
    )


def resolve_sectors(names: Names, sectors: Sequence[str]) -> list[str]:
    """Turn sector codes and the groups `all`, `goods`, `services` into sector codes.

    Raises
    ------
    WorldError
        A name that the world does not have; the message suggests the nearest.

    >>> resolve_sectors("goods", ["A01", "C20", "K"])
    ['A01', 'C20']
    """
    return _resolve(names, sectors, _one_sector)


def _resolve(names: Names, known: Sequence[str], one: Callable[..., list[str]]) -> list[str]:
    asked = ("all",) if names is None else (names,) if isinstance(names, str) else tuple(names)
    return list(_resolved(asked, tuple(known), one))


@lru_cache(maxsize=4096)
def _resolved(
    names: tuple[str, ...], known: tuple[str, ...], one: Callable[..., list[str]]
) -> tuple[str, ...]:
    """The same names are asked for again and again, a thousand times a second in a batch."""
    found = [member for name in names for member in one(str(name), known)]
    return tuple(dict.fromkeys(found))
