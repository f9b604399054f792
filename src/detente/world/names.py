"""Countries and sectors as a world has them: from names, codes, groups and words to its codes.

Names are read in this order: codes of the world itself, its own names, groups, then any usual code,
name or adjective; see `detente.world.countries` and `detente.world.industries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import TypeAlias

import numpy as np

from detente.errors import WorldError, nearest
from detente.world.countries import (
    COUNTRY_GROUPS,
    EAEU,
    GROUP_NAMES,
    candidates,
    country_of,
    folded,
    group_members,
    group_of,
    iso_codes,
    short_name,
)
from detente.world.industries import divisions_of, word_of

__all__ = [
    "COUNTRY_GROUPS",
    "EAEU",
    "Countries",
    "Names",
    "Sectors",
    "absent_countries",
    "ancestors",
    "available_commodities",
    "canonical_sectors",
    "group_members",
    "group_of",
    "is_goods",
    "parents_of",
    "resolve_countries",
    "resolve_sectors",
]

Names: TypeAlias = str | Sequence[str] | None

GOODS = "A-C"
"""Sections of ISIC Rev. 4 that are goods."""
SECTOR_GROUPS = ("all", "goods", "services")


class Countries(list[str]):
    """Country codes in order, what each is called, and the world they are the countries of.

    Attributes
    ----------
    titles
        Readable names in the same order; empty where the world has none.
    world
        Name of the world, for messages.
    """

    def __init__(
        self, codes: Iterable[str] = (), titles: Iterable[str] = (), world: str = ""
    ) -> None:
        super().__init__(codes)
        self.titles, self.world = tuple(titles), world


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
    titles
        Readable names in the order of the codes; empty where the world has none.
    """

    def __init__(
        self,
        codes: Iterable[str] = (),
        parents: Mapping[str, str] | None = None,
        titles: Iterable[str] = (),
    ) -> None:
        super().__init__(codes)
        self.parents, self.titles = dict(parents or {}), tuple(titles)

    def called(self, code: str) -> str:
        """A code with its name, where it has one.

        >>> Sectors(["D"], titles=["Electricity"]).called("D")
        'D (Electricity)'
        """
        title = dict(zip(self, self.titles, strict=False)).get(code)
        return f"{code} ({title})" if title else code


# -- countries ----------------------------------------------------------------------------------


def resolve_countries(names: Names, countries: Sequence[str]) -> list[str]:
    """Turn names, codes, adjectives and groups into the world's own country codes, in order.

    Raises
    ------
    WorldError
        A name of several countries, of a country that the world does not have, or of none.

    >>> resolve_countries(["Belarus", "Russian"], ["BLR", "DEU", "RUS"])
    ['BLR', 'RUS']
    >>> resolve_countries("the European Union", ["BLR", "DEU", "RUS"])
    ['DEU']
    >>> resolve_countries("Korea", ["KOR"])
    Traceback (most recent call last):
    detente.errors.WorldError: 'Korea' may be South Korea (KOR) or North Korea (PRK): say which
    """
    titles, world = (
        (countries.titles, countries.world) if isinstance(countries, Countries) else ((), "")
    )
    return list(_countries_named(_asked(names), tuple(countries), titles, world))


def _one_country(name: str, known: Countries) -> list[str]:
    if name in known:
        return [name]
    if name == "all":
        return list(known)
    own = _of_the_world(name, known, known.titles)
    if own:
        return [own]
    group = group_of(name)
    if group:
        members = set(group_members(group))
        return _merged_group(group, known) or [c for c in known if c in members]
    code = country_of(name)
    if code in known:
        return [code]
    raise WorldError(_not_a_country(name, code, known))


def _of_the_world(name: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    """Code of the world whose own code or name a name is, however it is spelled."""
    word = folded(name)
    spelled = dict(zip(map(folded, titles), codes, strict=False))
    spelled |= {folded(code): code for code in reversed(codes)}
    return spelled.get(word, "") if word else ""


def _merged_group(group: str, known: Sequence[str]) -> list[str]:
    """The group as one country of the world, where its members were merged into one."""
    names = [group, *GROUP_NAMES[group]]
    return [code for code in known if code in names][:1]


def absent_countries(known: Sequence[str]) -> list[str]:
    """ISO3 codes of the countries that are understood, and that a world does not have.

    >>> len(absent_countries(["BLR", "RUS"])) + 2 == len(absent_countries([]))
    True
    """
    return sorted({*iso_codes()} - {*known})


def _not_a_country(name: str, code: str, known: Countries) -> str:
    """Why a name cannot be read, and what to do."""
    may_be = candidates(name)
    if may_be:
        first, last = may_be[:-1], may_be[-1]
        listed = ", ".join(f"{short_name(c)} ({c})" for c in first)
        return f"{name!r} may be {listed} or {short_name(last)} ({last}): say which"
    if code:
        where = f"the world {known.world!r}" if known.world else "this world"
        others = [w for w in _worlds_with(code) if w != known.world]
        added = f"`{others[0]}:{code}`, " if len(others) == 1 else ""  # by itself, the rest merged
        listed = " or ".join(f"`{w}`" for w in others)
        has = f"the world {added}{listed} has it, or " if others else ""
        return (
            f"country {name!r} ({code}) is not in {where}: {has}`World.add_economy` adds it; see "
            "docs/data.md"
        )
    names = [*known, *map(short_name, known), *known.titles, *GROUP_NAMES, "all"]
    return f"unknown country {name!r}: {nearest(name, dict.fromkeys(names))}"


@cache
def _worlds_with(code: str) -> tuple[str, ...]:
    """Names of the worlds in the package that have a country."""
    return tuple(name for name, codes in _embedded_countries().items() if code in codes)


def codes_in(world: str) -> frozenset[str]:
    """Codes of the countries of a world in the package.

    >>> "SYR" in codes_in("world2022"), "SYR" in codes_in("icio2022")
    (True, False)
    """
    return _embedded_countries()[world]


@cache
def _embedded_countries() -> dict[str, frozenset[str]]:
    with as_file(files("detente.world") / "data") as folder:
        found = {}
        for path in sorted(folder.glob("*.npz")):
            with np.load(path) as stored:
                found[path.stem] = frozenset(map(str, stored.get("countries", ())))
        return found


# -- sectors ------------------------------------------------------------------------------------


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
    held = divisions_of(whole)
    if held:
        return held <= divisions_of(GOODS)
    return whole[:1] in "ABC" or whole in available_commodities()


def resolve_sectors(names: Names, sectors: Sequence[str]) -> list[str]:
    """Turn sector codes, names, usual words and the groups `all`, `goods`, `services` into codes.

    A sector off which others were split means itself and them.

    Raises
    ------
    WorldError
        A name that the world does not have, or a good that is only part of its sectors.

    >>> resolve_sectors(["goods", "banking"], ["A01", "C20", "K"])
    ['A01', 'C20', 'K']
    >>> resolve_sectors("chemicals", Sectors(["A01", "C20", "potash"], {"potash": "C20"}))
    ['C20', 'potash']
    >>> resolve_sectors("semiconductors", ["C25", "C26"])
    Traceback (most recent call last):
    detente.errors.WorldError: 'semiconductors' is only part of C26 here: name that, ...
    """
    parents = tuple(parents_of(sectors).items())
    titles = sectors.titles if isinstance(sectors, Sectors) else ()
    return list(_sectors_named(_asked(names), tuple(sectors), parents, titles))


def canonical_sectors(names: Iterable[str], sectors: Sequence[str]) -> list[str]:
    """Codes in place of the words for sectors; groups and codes stay as they are.

    >>> canonical_sectors(["goods", "textiles", "metals"], ["C13T15", "C24A", "C24B"])
    ['goods', 'C13T15', 'C24A', 'C24B']
    """
    return list(dict.fromkeys(code for name in names for code in _canonical(name, sectors)))


def _canonical(name: str, sectors: Sequence[str]) -> list[str]:
    found = resolve_sectors(name, sectors)
    if name in sectors or name in SECTOR_GROUPS:
        return [name]
    above = parents_of(sectors)
    return [s for s in found if above.get(s) not in found]


def _one_sector(name: str, known: Sectors) -> list[str]:
    if name in known:
        return _with_parts([name], known)
    if name == "all":
        return list(known)
    if name in SECTOR_GROUPS:
        return [s for s in known if is_goods(s, known.parents) == (name == "goods")]
    short = [title.removeprefix("Manufacture of ") for title in known.titles]
    own = _of_the_world(name, known, known.titles) or _of_the_world(name, known, short)
    if own:
        return _with_parts([own], known)
    if name in available_commodities():
        raise WorldError(
            f"unknown sector {name!r}: a commodity of worlds such as 'icio2022+{name}'"
        )
    return _by_divisions(name, known)


def _with_parts(found: Sequence[str], known: Sectors) -> list[str]:
    return [s for s in known if not set(found).isdisjoint(ancestors(s, known.parents))]


def _by_divisions(name: str, known: Sectors) -> list[str]:
    """The sectors that together hold what a word means, where they hold little else."""
    word = word_of(name)
    if word is None:
        allowed = [*known, *SECTOR_GROUPS]
        raise WorldError(f"unknown sector {name!r}: {nearest(name, allowed)}")
    holds = {s: divisions_of(s) for s in known if s not in known.parents}
    found = [s for s, held in holds.items() if held & word.divisions]
    if not found:
        raise WorldError(f"no sector of this world holds {name!r}: {nearest(name, known)}")
    held = frozenset[str]().union(*(holds[s] for s in found))
    listed = [known.called(s) for s in found]
    if word.kind == "choice":
        raise WorldError(f"{name!r} may be {' or '.join(listed)}: name one, or both")
    exact = word.kind == "whole" and held <= word.divisions
    names_them = word.kind != "part" and held <= word.divisions | word.within
    whole = _with_parts(found, known)
    if not names_them or (whole != found and not exact):
        raise WorldError(_part_of(name, listed))
    return whole


def _part_of(name: str, listed: Sequence[str]) -> str:
    """What to do about a good that has no sector of its own."""
    *first, last = listed
    sectors = f"{', '.join(first)} and {last}" if first else last
    return (
        f"{name!r} is only part of {sectors} here: name {'those' if first else 'that'}, for a "
        "measure with the `share` of its products that is covered, or split the good off with "
        "`World.split`; see docs/data.md"
    )


# -- many names at once -------------------------------------------------------------------------


def _asked(names: Names) -> tuple[str, ...]:
    if names is None:
        return ("all",)
    return (names,) if isinstance(names, str) else tuple(map(str, names))


@lru_cache(maxsize=4096)
def _countries_named(
    names: tuple[str, ...], known: tuple[str, ...], titles: tuple[str, ...], world: str
) -> tuple[str, ...]:
    """The same names are asked for again and again, a thousand times a second in a batch."""
    countries = Countries(known, titles, world)
    return tuple(dict.fromkeys(c for name in names for c in _one_country(name, countries)))


@lru_cache(maxsize=4096)
def _sectors_named(
    names: tuple[str, ...],
    known: tuple[str, ...],
    parents: tuple[tuple[str, str], ...],
    titles: tuple[str, ...],
) -> tuple[str, ...]:
    sectors = Sectors(known, dict(parents), titles)
    return tuple(dict.fromkeys(s for name in names for s in _one_sector(name, sectors)))
