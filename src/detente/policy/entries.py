"""Trade by positions: blocks of it, and all that some policy may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from detente.arrays import Array, Positions
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World

Block = tuple[Positions, Positions, Positions]
"""Sectors, destinations and origins of a block of trade, by positions."""


def block_of(
    world: World, sectors: Names | Positions, destinations: Names, origins: Names
) -> Block:
    """Positions of a block of trade that is given by names, sectors perhaps by position."""
    C, S = tuple(world.countries), tuple(world.sectors)
    return (
        sectors
        if isinstance(sectors, np.ndarray)
        else _positions(tuple(resolve_sectors(sectors, world.sectors)), S),
        _positions(tuple(resolve_countries(destinations, C)), C),
        _positions(tuple(resolve_countries(origins, C)), C),
    )


@lru_cache(maxsize=1024)
def _positions(names: tuple[str, ...], known: tuple[str, ...]) -> Positions:
    """Where names are; the same are asked for hundreds of times in a scenario."""
    positions = np.array([known.index(name) for name in names], np.int64)
    positions.flags.writeable = False
    return positions


def both_ways(world: World, country: str, partners: Sequence[str]) -> list[Block]:
    """All trade between a country and some partners."""
    ends = (country, list(partners))
    return [block_of(world, None, *way) for way in (ends, ends[::-1])]


@dataclass(frozen=True, eq=False)
class Touched:
    """Trade abroad that is in some blocks, by positions.

    Attributes
    ----------
    trade
        In (sector, destination, origin), flattened and increasing, once for each block, [x].
    column
        Which (block, sector) it is in, [x].
    sectors
        How many sectors each block has, [block].
    """

    trade: Positions
    column: Positions
    sectors: Positions

    @classmethod
    def of(cls, world: World, blocks: Sequence[Block]) -> Touched:
        """Find the trade of some blocks."""
        N = len(world.countries)
        shape = (len(world.sectors), N, N)
        nothing = np.empty(0, np.int64)
        trade = np.concatenate(
            [nothing, *(np.ravel_multi_index(np.ix_(*b), shape).ravel() for b in blocks)]
        )
        sectors, flows = (
            np.array([(j.size, n.size * i.size) for j, n, i in blocks], np.int64).reshape(-1, 2).T
        )
        column = np.repeat(np.arange(sectors.sum()), np.repeat(flows, sectors))
        abroad = np.flatnonzero(trade // N % N != trade % N)
        order = abroad[np.argsort(trade[abroad], kind="stable")]
        return cls(trade[order], column[order], sectors)

    def spread(self, values: Array) -> Array:
        """One value for each block, repeated for each of its sectors, [(block, sector), ...]."""
        return np.repeat(values, self.sectors, axis=0)


class Entries:
    """Trade whose cost some policy may change; trade at home is none.

    Attributes
    ----------
    positions
        In (sector, destination, origin), flattened and increasing, [e].
    """

    def __init__(self, world: World, touched: Iterable[Touched]) -> None:
        N = len(world.countries)
        self._shape = (len(world.sectors), N, N)
        traded = np.zeros(np.prod(self._shape), bool)
        for part in touched:
            traded[part.trade] = True
        self.positions = np.flatnonzero(traded)
        self._rows = np.full(traded.size, self.positions.size)
        self._rows[self.positions] = np.arange(self.positions.size)

    def rows(self, block: Block) -> Positions:
        """Places of a block among the entries; one past the last for trade that is none."""
        rows: Positions = self._rows[np.ravel_multi_index(np.ix_(*block), self._shape)]
        return rows

    def incidence(self, touched: Touched) -> csr_array:
        """Ones where an entry is in a block and sector, [e+1, (block, sector)]."""
        ends = np.searchsorted(touched.trade, self.positions, side="right")
        rows = np.concatenate([[0], ends, [touched.trade.size]])
        shape = (self.positions.size + 1, int(touched.sectors.sum()))
        return csr_array((np.ones(touched.trade.size), touched.column, rows), shape=shape)
