"""Country and sector names: ISO3 codes, country names, groups, sector groups.

Group membership (EU27, EURO, CIS, G7, G20, OECD, APEC, BRIC, ...) and the recognition of country
names come from the `country_converter` package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
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
    return list(_countries_named(_asked(names), tuple(countries)))


def is_in(name: str, countries: Sequence[str]) -> bool:
    """Tell whether a country, or a member of a group, is in a world.

    >>> is_in("EU27", ["BLR", "DEU"]), is_in("CAN", ["BLR", "DEU"])
    (True, False)
    """
    try:
        return bool(resolve_countries(name, countries))
    except WorldError:
        return False


def those_in(names: Iterable[str], countries: Sequence[str]) -> list[str]:
    """Countries of a world that are among some of the whole world's; see `resolve_countries`."""
    return resolve_countries([n for n in names if is_in(n, countries)], countries)


class Sectors(list[str]):
    """Sector codes in order, and what each that was split off another was split off from.

    Attributes
    ----------
    parents
        Code of a split-off sector to the code of the sector it was a part of.
    """

    def __init__(self, codes: Iterable[str] = (), parents: Mapping[str, str] | None = None) -> None:
        super().__init__(codes)
        self.parents = dict(parents or {})


def parents_of(sectors: Sequence[str]) -> dict[str, str]:
    """What sectors were split off from; nothing where no sector was."""
    return sectors.parents if isinstance(sectors, Sectors) else {}


def ancestors(sector: str, parents: Mapping[str, str]) -> list[str]:
    """A sector and what it was split off from, up to the sector of the table.

    >>> ancestors("sulphate", {"sulphate": "potash", "potash": "C20"})
    ['sulphate', 'potash', 'C20']
    """
    line = [sector]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    return line


@cache
def available_commodities() -> tuple[str, ...]:
    """Names of the commodities that a world may be split by: `load_world("icio2022+potash")`.

    >>> available_commodities()
    ('crude-oil', 'potash')
    """
    folder = files("detente.world") / "data" / "commodities"
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in found if n.endswith(".yaml")))


def is_goods(sector: str, parents: Mapping[str, str] | None = None) -> bool:
    """Tell whether a sector is a good (ISIC Rev. 4, sections A to C), or was split off one.

    >>> is_goods("C20"), is_goods("K"), is_goods("soda", {"soda": "C20"}), is_goods("potash")
    (True, False, True, True)
    """
    whole = ancestors(sector, parents or {})[-1]
    return whole[:1] in GOODS_SECTIONS or whole in available_commodities()


def _one_sector(name: str, sectors: Sequence[str], parents: Mapping[str, str]) -> list[str]:
    if name in sectors:
        return [s for s in sectors if name in ancestors(s, parents)]
    if name == "all":
        return list(sectors)
    if name in ("goods", "services"):
        return [s for s in sectors if is_goods(s, parents) == (name == "goods")]
    if name in available_commodities():
        raise WorldError(
            f"unknown sector {name!r}: a commodity of worlds such as 'icio2022+{name}'"
        )
    raise WorldError(
        f"unknown sector {name!r}: {nearest(name, [*sectors, 'all', 'goods', 'services'])}"
    )


def resolve_sectors(names: Names, sectors: Sequence[str]) -> list[str]:
    """Turn sector codes and the groups `all`, `goods`, `services` into sector codes.

    A sector off which others were split means itself and them.

    Raises
    ------
    WorldError
        A name that the world does not have.

    >>> resolve_sectors("goods", ["A01", "C20", "K"])
    ['A01', 'C20']
    >>> resolve_sectors("C20", Sectors(["A01", "C20", "potash"], {"potash": "C20"}))
    ['C20', 'potash']
    """
    parents = tuple(parents_of(sectors).items())
    return list(_sectors_named(_asked(names), tuple(sectors), parents))


def _asked(names: Names) -> tuple[str, ...]:
    if names is None:
        return ("all",)
    return (names,) if isinstance(names, str) else tuple(map(str, names))


@lru_cache(maxsize=4096)
def _countries_named(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The same names are asked for again and again, a thousand times a second in a batch."""
    return tuple(dict.fromkeys(c for name in names for c in _one_country(name, known)))


@lru_cache(maxsize=4096)
def _sectors_named(
    names: tuple[str, ...], known: tuple[str, ...], parents: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    line = dict(parents)
    return tuple(dict.fromkeys(s for name in names for s in _one_sector(name, known, line)))
