"""What a metric is about: countries, sectors and the like, by name and by position on a world."""

from __future__ import annotations

import numpy as np

from detente.arrays import Positions
from detente.errors import WorldError
from detente.policy.entries import Block
from detente.policy.fields import Countries, Country, Sectors, Strict
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World


class About(Strict):
    """What a metric is about.

    Attributes
    ----------
    country, partner
        Country; partner or partners (codes, names, groups).
    sectors
        All by default.
    hub
        One of the case's hubs.
    corridor
        One of the country's corridors.
    """

    country: Country | None = None
    partner: Countries | None = None
    sectors: Sectors | None = None
    hub: Country | None = None
    corridor: str | None = None


def code_of(world: World, country: str | None) -> str:
    """Code of a country, for a metric that has no meaning for several.

    Raises
    ------
    WorldError
        A group that has not exactly one member in this world.

    >>> import detente
    >>> code_of(detente.load_world(), "Belarusian")
    'BLR'
    >>> code_of(detente.load_world(), "EAEU")
    Traceback (most recent call last):
    detente.errors.WorldError: 'EAEU' is BLR, KAZ, RUS: this metric is about one country; name one
    """
    assert country is not None
    found = resolve_countries(country, world.countries)
    if len(found) != 1:
        members = ", ".join(found) or "nobody in this world"
        raise WorldError(f"{country!r} is {members}: this metric is about one country; name one")
    return found[0]


def countries_at(world: World, names: Names) -> Positions:
    """Positions of countries and the members of groups, of all if none is named."""
    found = resolve_countries(names, world.countries)
    return np.array([world.countries.index(c) for c in found], np.int64)


def sectors_at(world: World, names: Names) -> Positions:
    """Positions of sectors, of all if none is named."""
    found = resolve_sectors(names, world.sectors)
    return np.array([world.sectors.index(s) for s in found], np.int64)


def exports_of(world: World, about: About) -> Block:
    """A country's trade with a partner or with all."""
    to, by = countries_at(world, about.partner), countries_at(world, about.country)
    return sectors_at(world, about.sectors), to, by
