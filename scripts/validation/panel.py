"""Trade in goods by year: OECD's panel 2011 to 2021, and the embedded table of 2022."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detente.errors import WorldError
from detente.world.names import Names, is_goods, resolve_sectors
from detente.world.world import World
from validation.states import Array, at

YEARS = range(2011, 2022)


@dataclass(frozen=True, eq=False)
class Panel:
    """Trade by year.

    Attributes
    ----------
    world
        Whose countries these are.
    sectors
        Goods that the panel has; what the world has split off them is in them.
    trade
        Year to million US dollars, [origin, destination, sector]; zero in every year for countries
        that the panel does not have.
    """

    world: World
    sectors: list[str]
    trade: dict[int, Array]

    @classmethod
    def read(cls, folder: Path, world: World) -> Panel:
        """Read `YEAR.npz` of a folder.

        Raises
        ------
        WorldError
            The folder does not have the years.
        """
        missing = [y for y in YEARS if not (folder / f"{y}.npz").exists()]
        if missing:
            raise WorldError(f"{folder}: no {missing[0]}.npz; give the folder that holds the panel")
        years = {}
        for year in YEARS:
            with np.load(folder / f"{year}.npz") as stored:
                countries, names = stored["countries"].tolist(), stored["sectors"].tolist()
                known = [n for n, c in enumerate(world.countries) if c in countries]
                places = [countries.index(world.countries[n]) for n in known]
                sectors = [s for s in names if is_goods(s) and s in world.sectors]
                kept = np.ix_(places, places, [names.index(s) for s in sectors])
                seen = np.ix_(known, known, range(len(sectors)))
                years[year] = np.zeros((len(world.countries),) * 2 + (len(sectors),))
                years[year][seen] = np.maximum(stored["trade"][kept].astype(float), 0)
        table = (world.data["pi"] * world.data["X"].rename(country="destination")).transpose(
            "origin", "destination", "sector"
        )
        parts = [resolve_sectors(s, world.sectors) for s in sectors]
        whole = np.stack([table.sel(sector=p).sum("sector").values for p in parts], axis=-1)
        years[2022] = np.zeros_like(whole)
        years[2022][seen] = whole[seen]
        return cls(world, sectors, years)

    def flow(self, year: int, origins: Names, destinations: Names) -> Array:
        """Trade by sector, of a year."""
        pairs = np.ix_(at(self.world, origins), at(self.world, destinations))
        total: Array = self.trade[year][pairs].sum((0, 1))
        return total

    def mean(self, years: Iterable[int], origins: Names, destinations: Names) -> Array:
        """Mean over some years, by sector."""
        found: Array = np.mean([self.flow(y, origins, destinations) for y in years], axis=0)
        return found

    def growth(
        self, base: Iterable[int], later: Iterable[int], origins: Names, destinations: Names
    ) -> Array:
        """Mean of later years over the mean of the base, by sector."""
        before = self.mean(base, origins, destinations)
        after = self.mean(later, origins, destinations)
        return np.divide(after, before, out=np.full_like(before, np.nan), where=before > 0)
