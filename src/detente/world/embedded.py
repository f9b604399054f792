"""Worlds by name: those that come with the package, and those in files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from detente.errors import WorldError, nearest
from detente.world.countries import country_of
from detente.world.elasticities import Elasticities
from detente.world.names import codes_in, resolve_countries
from detente.world.storage import SUFFIX, WorldFile, read
from detente.world.validation import OPTIONAL
from detente.world.world import World

_WORLDS = ("icio2022", "world2022")

LARGER = "world2022"
"""The world of which some economies may be named, the others merged: `world2022:KGZ,ARM`."""

REGIONS = {
    "XAF": "Rest of Africa",
    "XAM": "Rest of the Americas",
    "XAS": "Rest of Asia",
    "XEU": "Rest of Europe",
    "XOC": "Rest of Oceania",
}
"""What stands for the economies that are too small, or not named, to stand alone."""


def available_worlds() -> tuple[str, ...]:
    """Names that `load_world` takes, alone or with commodities.

    >>> available_worlds()
    ('icio2022', 'world2022')
    """
    return _WORLDS


def world_for(names: Iterable[str]) -> str:
    """The smallest world of the package that has all economies among some names.

    What is no name of a country is passed over.

    >>> world_for(["Belarus", "Any title"]), world_for(["Belarus", "Syria", "Kyrgyz"])
    ('icio2022', 'world2022:KGZ,SYR')
    """
    smallest, larger = (codes_in(name) for name in _WORLDS)
    asked = {country_of(name) for name in names} & (larger - smallest)
    return f"{LARGER}:{','.join(sorted(asked))}" if asked else _WORLDS[0]


def load_world(name: str = "icio2022", elasticities: Elasticities | None = None) -> World:
    """Load a world embedded in the package, or one from a file.

    Parameters
    ----------
    name
        `icio2022`: 80 economies and 50 sectors in 2022, from the OECD Inter-Country Input-Output
        tables, 2025 edition. How it was made, and how far it can be trusted: docs/data.md.
        `world2022`: these and all others, 92 of them by themselves, the smallest in regions.
        `world2022:KGZ,ARM`: the 80 and those that are named, in any order, all others in the
        regions. Or a file that `World.save` or `detente world import` wrote, such as `mine.nc`.
        Commodities named after a `+`, in any order, are split off their sectors:
        `icio2022+potash`; see `detente.world.available_commodities`.
    elasticities
        `fontagne`, `caliendo-parro`, `uniform`, or numbers; see `detente.world.elasticities`. By
        default a file's own, and `fontagne` in an embedded world. A commodity with an elasticity
        of its own keeps it under any of the names.

    Raises
    ------
    WorldError
        Unknown world, commodity or elasticity source; a file that cannot be used.

    Examples
    --------
    >>> world = load_world("icio2022", elasticities="uniform")
    >>> world.units
    'million USD'
    >>> load_world("icio2022+potash").sectors.parents
    {'potash': 'C20'}
    >>> world = load_world("world2022:UZB,KGZ")
    >>> world.name, len(world.countries)
    ('world2022:KGZ,UZB', 87)
    """
    file = WorldFile.of(name)
    if file is not None:
        found = _load_file(file.path, file.commodities, file.state)
        return found if elasticities is None else found.with_elasticities(elasticities)
    whole, *commodities = name.split("+")
    base, colon, named = whole.partition(":")
    if base not in _WORLDS:
        raise WorldError(
            f"unknown world {base!r}: {nearest(base, _WORLDS)} (a file of one ends with {SUFFIX})"
        )
    if colon:
        base = f"{base}:{','.join(_named(base, named))}"
    canonical = "+".join([base, *sorted(commodities)])
    if elasticities is None or isinstance(elasticities, str):
        return _load(canonical, elasticities or "fontagne")
    return _load(canonical, "uniform").with_elasticities(elasticities)


@lru_cache(maxsize=4)
def _load_file(path: Path, commodities: tuple[str, ...], state: tuple[int, int]) -> World:
    """A world in a file, read again only where the state of the file is another."""
    del state
    world = World(read(path))
    if not commodities:
        return world
    from detente.world.commodities import split_off

    return split_off(world, commodities)


@lru_cache(maxsize=8)
def _load(name: str, source: str) -> World:
    base, *commodities = name.split("+")
    if commodities:
        from detente.world.commodities import split_off

        return split_off(_load(base, source), commodities)
    whole, colon, named = base.partition(":")
    return _merged(_load(whole, source), named.split(","), base) if colon else _stored(base, source)


def _named(base: str, names: str) -> list[str]:
    """Codes of the economies that are to stand alone, in the order of the alphabet."""
    if base != LARGER:
        raise WorldError(f"of {base!r} no economies can be chosen: only {LARGER}:CODE,CODE")
    world = _load(base, "fontagne")
    region_of = world.data.attrs["region_of"]
    asked = [part.strip() for part in names.split(",") if part.strip()]
    if not asked:
        raise WorldError(f"{base}: names no economy; {LARGER}:KGZ,ARM names two")
    found = resolve_countries(asked, world.countries)
    alone = sorted({c for c in found if c in region_of and c != region_of[c]})
    if not alone:
        raise WorldError(
            f"{base}:{names}: these stand in icio2022 already, or are regions; name an economy "
            f"that was added, as in {LARGER}:KGZ,ARM"
        )
    return alone


def _merged(world: World, alone: list[str], name: str) -> World:
    """The world with all added economies in regions but those that stand alone."""
    region_of: dict[str, str] = world.data.attrs["region_of"]
    regions: dict[str, list[str]] = {}
    for code, region in region_of.items():
        if code not in alone:
            regions.setdefault(region, []).append(code)
    merged = world.aggregate(countries={k: v for k, v in regions.items() if v != [k]})
    codes, names = merged.countries, merged.data["country_name"].values
    called = [REGIONS.get(code, str(name)) for code, name in zip(codes, names, strict=True)]
    data = merged.data.assign_coords(country_name=("country", called))
    return World(data.assign_attrs(name=name, provenance=world.data.attrs["provenance"]))


def _stored(name: str, source: str) -> World:
    with as_file(files("detente.world") / "data" / f"{name}.npz") as path, np.load(path) as stored:
        world = World.from_flows(
            trade=stored["trade"],
            input_use=stored["input_use"],
            theta=source,
            countries=[str(c) for c in stored["countries"]],
            sectors=[str(s) for s in stored["sectors"]],
            name=name,
            units=str(stored["units"]),
            attributes={
                "year": int(stored["year"]),
                "provenance": str(stored["provenance"]),
                **(json.loads(str(stored["about"])) if "about" in stored else {}),
            },
        )
        basis = stored["basis"].astype(float) if "basis" in stored else None
        names = {
            "country_name": ("country", stored["country_names"].astype(str)),
            "sector_name": ("sector", stored["sector_names"].astype(str)),
        }
    data = world.data.assign_coords(names)
    return World(data if basis is None else data.assign(basis=(OPTIONAL["basis"], basis)))
