"""What the table of a year contains of the measures that were in force in it.

Two sources. For goods between Russia or Belarus and the countries that sanction them, the fall of
trade in the embedded year (`data/contained-icio2022.csv`, made by
`scripts/estimate_contained.py`): the smaller of what structural gravity finds and of the fall
beside world trade of the sector, and never more than the measures in force took, each weighted by
its months. For all other trade and worlds, the measures at their strength for the months in force.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.policy.entries import Entries, block_of
from detente.world.embedded import available_worlds
from detente.world.names import is_in
from detente.world.world import World

OTHERS = ("AUS", "ISL", "KOR", "NOR", "NZL", "SGP", "TWN")
"""Countries that sanction and are estimated together."""


@dataclass(frozen=True, eq=False)
class ContainedFall:
    """Fall of trade that a table contains, by entry.

    Attributes
    ----------
    fall
        Log fall of trade at given prices; not a number where nothing was estimated, [e].
    error
        Its standard error, [e].
    """

    fall: Array
    error: Array

    @classmethod
    def of(cls, world: World, entries: Entries) -> ContainedFall:
        """What was estimated for the entries of a world."""
        fall, error = _by_trade(world)
        return cls(fall[entries.positions, None], error[entries.positions, None])

    def in_draws(self, score: Array) -> Array:
        """The fall, some standard errors above or below its estimate, [e,k]; never a rise."""
        drawn: Array = np.maximum(self.fall + score * self.error, 0.0)
        return drawn


def estimates() -> pd.DataFrame:
    """The estimated effects in the embedded year.

    One row per sender, target, direction (the sender's imports or exports) and sector: `effect` of
    gravity on log trade in 2022 beside 2018 to 2020 (2021 with Russia), the plain change `beside`
    world trade of the sector, the standard error, trade in million US dollars.

    Examples
    --------
    >>> table = estimates().set_index(["sender", "target", "direction", "sector"])
    >>> bool(table.loc[("EU27", "BLR", "imports", "C19"), "effect"] < -1)
    True
    """
    return _read().copy()


@lru_cache(maxsize=4)
def _by_trade(world: World) -> tuple[Array, Array]:
    """Falls and errors of all trade of a world, [(sector, destination, origin)]."""
    N = len(world.countries)
    fall = np.full((len(world.sectors), N, N), np.nan)
    error = np.zeros_like(fall)
    split = set(world.sectors.parents.values())
    for row in _estimates(world).to_dict("records"):
        named = OTHERS if row["sender"] == "others" else (row["sender"],)
        senders = [s for s in named if is_in(s, world.countries)]
        if not senders or row["target"] not in world.countries:
            continue
        ends = (senders, row["target"])
        way = ends[:: 1 if row["direction"] == "imports" else -1]
        block = block_of(world, np.array([world.sectors.index(row["sector"])]), *way)
        known = 0.0 if row["sector"] in split else min(-row["effect"], -row["beside"])
        fall[np.ix_(*block)] = known
        error[np.ix_(*block)] = row["se"]
    return fall.ravel(), error.ravel()


def _estimates(world: World) -> pd.DataFrame:
    """Of the embedded table; of a sector that was split, no fall is taken to be in what is left.

    What was split off has cells of its own, by months, and it is what the measures were aimed at.
    """
    found = _read()
    if re.split("[+:]", world.name)[0] not in available_worlds():
        return found.iloc[:0]
    return found[found["sector"].isin(world.sectors)]


@lru_cache(maxsize=1)
def _read() -> pd.DataFrame:
    return pd.read_csv(str(files("detente.policy") / "data" / "contained-icio2022.csv"))
