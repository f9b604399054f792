"""Which trade measures act on, so that their costs in many draws are one sparse product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from detente.arrays import Array, Positions
from detente.policy.compilation import effects_of, rate_step
from detente.policy.measures import Strengths
from detente.policy.scenario import Action, CostChange
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


def blocks_touched(actions: Iterable[Action], world: World) -> list[Block]:
    """The trade that some actions act on."""
    central = Strengths()
    return [
        block_of(world, e.sectors, e.destinations, e.origins)
        for action in actions
        for e in effects_of(action, world, central)
    ]


class Entries:
    """Trade whose cost some policy may change.

    Attributes
    ----------
    positions
        In (sector, destination, origin), flattened and increasing, [e].
    sector, destination, origin
        The same, apart.
    """

    def __init__(self, world: World, blocks: Iterable[Block]) -> None:
        N = len(world.countries)
        self._shape = (len(world.sectors), N, N)
        touched = np.zeros(self._shape, bool)
        for block in blocks:
            touched[np.ix_(*block)] = True
        touched[:, range(N), range(N)] = False
        self.positions = np.flatnonzero(touched)
        self.sector, self.destination, self.origin = np.unravel_index(self.positions, self._shape)
        self._rows = np.full(touched.size, self.positions.size)
        self._rows[self.positions] = np.arange(self.positions.size)

    def rows(self, block: Block) -> Positions:
        """Places of a block among the entries; one past the last for trade that is none."""
        rows: Positions = self._rows[np.ravel_multi_index(np.ix_(*block), self._shape)]
        return rows


class Incidence:
    """What some actions and cost changes do to the entries, whatever the strength of measures.

    Parameters
    ----------
    world, entries
        The world and the trade looked at; what is done to other trade is left out.
    actions
        What is done to measures that make trade costly.
    duties
        What is done to tariffs that collect revenue.
    costs
        Cost factors given directly.
    """

    def __init__(
        self,
        world: World,
        entries: Entries,
        actions: Sequence[Action],
        duties: Sequence[Action] = (),
        costs: Sequence[CostChange] = (),
    ) -> None:
        self._world, self._actions, self._duties = world, actions, duties
        self._effects = _by_sector(entries, blocks_touched(actions, world))
        self._rates = _as_one(
            entries,
            [
                block_of(world, a.measure.sectors, a.measure.senders, a.measure.target)
                for a in duties
            ],
        )
        given = [block_of(world, c.sectors, c.destinations, c.origins) for c in costs]
        self._given = _as_one(entries, given) @ np.log([c.factor for c in costs])

    def log_costs(self, strengths: Strengths, theta: Array) -> Array:
        """Log cost factors of the entries at strengths [k] and elasticities [j,k], [e+1,k].

        See `detente.policy.compile_scenario`, whose costs these are. The last row is zero, for
        trade that is no entry.
        """
        log_d = np.repeat(self._given[:, None], theta.shape[1], axis=1)
        if self._actions:
            factors = [
                e.factor
                for action in self._actions
                for e in effects_of(action, self._world, strengths, theta)
            ]
            with np.errstate(divide="ignore"):
                log_d += self._effects @ np.log(np.concatenate(factors))
        return log_d

    def rate_steps(self, strengths: Strengths, draws: int) -> Array:
        """By how much tariff rates move, [e+1,k]."""
        steps: list[Any] = [np.broadcast_to(rate_step(a, strengths), draws) for a in self._duties]
        moved: Array = self._rates @ np.array(steps).reshape(-1, draws)
        return moved


def _by_sector(entries: Entries, blocks: Sequence[Block]) -> csr_array:
    """Ones where an entry is in a block's sector, [e+1, (block, sector)]."""
    rows = [entries.rows(block).reshape(len(block[0]), -1) for block in blocks]
    first = np.cumsum([0, *(len(r) for r in rows)])
    columns = [
        np.repeat(k + np.arange(len(r)), r.shape[1]) for k, r in zip(first, rows, strict=False)
    ]
    return _ones(entries, [r.ravel() for r in rows], columns, int(first[-1]))


def _as_one(entries: Entries, blocks: Sequence[Block]) -> csr_array:
    """Ones where an entry is in a block, [e+1, block]."""
    rows = [entries.rows(block).ravel() for block in blocks]
    columns = [np.full(r.size, k) for k, r in enumerate(rows)]
    return _ones(entries, rows, columns, len(blocks))


def _ones(
    entries: Entries, rows: list[Positions], columns: list[Positions], width: int
) -> csr_array:
    nothing = np.empty(0, np.int64)
    row, column = np.concatenate([nothing, *rows]), np.concatenate([nothing, *columns])
    known = row < entries.positions.size
    places = (row[known], column[known])
    return csr_array((np.ones(known.sum()), places), shape=(entries.positions.size + 1, width))
