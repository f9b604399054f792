"""Which sectors of a world a measure covers, and what share of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from detente.arrays import Positions
from detente.world.names import Sectors, resolve_sectors

Shares: TypeAlias = tuple[tuple[str, float], ...]
"""Sectors by name, and a share of each."""


def covered(named: Shares, split: Shares, held: Sectors) -> tuple[Positions, Any]:
    """Sectors by position among those that a world holds, and the share: one, or one each, [j,1].

    Parameters
    ----------
    named
        Sectors as a measure names them, and the share of each that it covers.
    split
        Shares of the parts of a sector, where the world holds it in parts.
    held
        The world's sectors.

    Examples
    --------
    >>> held = Sectors(["C20", "potash"], {"potash": "C20"})
    >>> covered((("C20", 0.8),), (("potash", 1.0),), held)[0].tolist()
    [1]
    """
    return _covered(named, split, tuple(held), tuple(held.parents.items()), held.titles)


@lru_cache(maxsize=4096)
def _covered(
    named: Shares,
    split: Shares,
    codes: tuple[str, ...],
    parents: tuple[tuple[str, str], ...],
    titles: tuple[str, ...],
) -> tuple[Positions, Any]:
    """Kept, as every scenario looks up the same hundreds of measures in force."""
    held = Sectors(codes, dict(parents), titles)
    parts = {
        part: share
        for sector, share in named
        for part, share in _parts(sector, share, dict(split), resolve_sectors(sector, held))
    }
    places = np.array([held.index(part) for part in parts], np.int64)
    places.setflags(write=False)
    shares = list(parts.values())
    if len(set(shares)) == 1:
        return places, shares[0]
    by_sector = np.array(shares)[:, None]
    by_sector.setflags(write=False)
    return places, by_sector


def _parts(
    sector: str, share: float, split: Mapping[str, float], found: Sequence[str]
) -> Iterator[tuple[str, float]]:
    """Sectors that the name of one stands for, and the share of each."""
    split_off = sector in found and len(found) > 1
    for part in found:
        if not (split and split_off):
            yield part, share
        elif split.get(part, 0.0) > 0:
            yield part, split[part]
