"""Worlds that come with the package."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np

from detente.errors import WorldError, nearest
from detente.world.elasticities import Elasticities
from detente.world.world import World

_WORLDS = ("icio2022",)


def available_worlds() -> tuple[str, ...]:
    """Names that `load_world` takes, alone or with commodities.

    >>> available_worlds()
    ('icio2022',)
    """
    return _WORLDS


def load_world(name: str = "icio2022", elasticities: Elasticities = "fontagne") -> World:
    """Load a world embedded in the package.

    Parameters
    ----------
    name
        `icio2022`: 80 economies and 50 sectors in 2022, from the OECD Inter-Country Input-Output
        tables, 2025 edition. How it was made, and how far it can be trusted: docs/data.md.
        Commodities named after a `+`, in any order, are split off their sectors:
        `icio2022+potash`; see `detente.world.available_commodities`.
    elasticities
        `fontagne` (default), `caliendo-parro`, `uniform`, or numbers; see
        `detente.world.elasticities`. A commodity with an elasticity of its own keeps it under any
        of the names.

    Raises
    ------
    WorldError
        Unknown world, commodity or elasticity source.

    Examples
    --------
    >>> world = load_world("icio2022", elasticities="uniform")
    >>> world.units
    'million USD'
    >>> load_world("icio2022+potash").sectors.parents
    {'potash': 'C20'}
    """
    base, *commodities = name.split("+")
    if base not in _WORLDS:
        raise WorldError(f"unknown world {base!r}: {nearest(base, _WORLDS)}")
    canonical = "+".join([base, *sorted(commodities)])
    if isinstance(elasticities, str):
        return _load(canonical, elasticities)
    return _load(canonical, "uniform").with_elasticities(elasticities)


@lru_cache(maxsize=8)
def _load(name: str, source: str) -> World:
    base, *commodities = name.split("+")
    if not commodities:
        return _stored(base, source)
    from detente.world.commodities import split_off

    return split_off(_load(base, source), commodities)


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
            attributes={"year": int(stored["year"]), "provenance": str(stored["provenance"])},
        )
        names = {
            "country_name": ("country", stored["country_names"].astype(str)),
            "sector_name": ("sector", stored["sector_names"].astype(str)),
        }
    return World(world.data.assign_coords(names))
