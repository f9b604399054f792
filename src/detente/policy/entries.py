"""Trade by positions: blocks of it, and all that some policy may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import csr_array

from detente.arrays import Array, Positions
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World

Block = tuple[Positions, Positions, Positions]
"""Sectors, destinations and origins of a block of trade, by positions."""


def block_of(world: World, sectors: Names, destinations: Names, origins: Names) -> Block:
    """Positions of a block of trade that is given by names."""
    C, S = world.countries, world.sectors
    return (
        np.array([S.index(s) for s in resolve_sectors(sectors, S)], np.int64),
        np.array([C.index(c) for c in resolve_countries(destinations, C)], np.int64),
        np.array([C.index(c) for c in resolve_countries(origins, C)], np.int64),
    )


def both_ways(world: World, country: str, partners: Sequence[str]) -> list[Block]:
    """All trade between a country and some partners."""
    ends = (country, list(partners))
    return [block_of(world, None, *way) for way in (ends, ends[::-1])]


class Entries:
    """Trade whose cost some policy may change; trade at home is none.

    Attributes
    ----------
    positions
        In (sector, destination, origin), flattened and increasing, [e].
    """

    def __init__(self, world: World, blocks: Iterable[Block]) -> None:
        N = len(world.countries)
        self._shape = (len(world.sectors), N, N)
        touched = np.zeros(self._shape, bool)
        for block in blocks:
            touched[np.ix_(*block)] = True
        touched[:, range(N), range(N)] = False
        self.positions = np.flatnonzero(touched)
        self._rows = np.full(touched.size, self.positions.size)
        self._rows[self.positions] = np.arange(self.positions.size)

    def rows(self, block: Block) -> Positions:
        """Places of a block among the entries; one past the last for trade that is none."""
        rows: Positions = self._rows[np.ravel_multi_index(np.ix_(*block), self._shape)]
        return rows

    def incidence(self, blocks: Sequence[Block]) -> csr_array:
        """Ones where an entry is in a block and sector, [e+1, (block, sector)]."""
        rows = [self.rows(block).reshape(len(block[0]), -1) for block in blocks]
        first = np.cumsum([0, *(len(r) for r in rows)])
        nothing = np.empty(0, np.int64)
        row = np.concatenate([nothing, *(r.ravel() for r in rows)])
        column = np.concatenate(
            [
                nothing,
                *(
                    np.repeat(k + np.arange(len(r)), r.shape[1])
                    for k, r in zip(first, rows, strict=False)
                ),
            ]
        )
        known = row < self.positions.size
        shape = (self.positions.size + 1, int(first[-1]))
        return csr_array((np.ones(known.sum()), (row[known], column[known])), shape=shape)


def spread(values: Array, blocks: Sequence[Block]) -> Array:
    """One value for each block, repeated for each of its sectors, [(block, sector), ...]."""
    return np.repeat(values, [len(block[0]) for block in blocks], axis=0)
