"""Where trade that a policy changes comes from and goes to, and matrices that add it up."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from detente.arrays import Positions
from detente.policy.policy import Margins

Shape = tuple[int, int, int]


class Places(NamedTuple):
    """Where entries of trade come from and go to.

    Attributes
    ----------
    origin, destination
        Rows of goods by origin and by destination, [e].
    receiver
        Destinations, [e].
    into, out_of
        Matrices that add up entries by destination and by origin, [row,e].
    """

    origin: Positions
    destination: Positions
    receiver: Positions
    into: Any
    out_of: Any


class Payments(NamedTuple):
    """Who pays the margins on entries of trade, and who earns them.

    Attributes
    ----------
    origin, destination
        Rows of goods by origin and by destination, [m].
    to_hub, from_seller
        Matrices that add margins up by the country that earns, [n,m], and by origin, [row,m].
    """

    origin: Positions
    destination: Positions
    to_hub: Any
    from_seller: Any


def places_of(entries: Positions, shape: Shape) -> Places:
    """Places of entries of trade [j,n,i], flattened; scenarios of one compiler share theirs."""
    return _places(entries.tobytes(), shape)


def payments_of(margins: Margins, entries: Positions, shape: Shape) -> Payments:
    """Who pays and earns margins on entries of trade [j,n,i], flattened; shared likewise."""
    return _payments(entries[margins.entry].tobytes(), margins.hub.tobytes(), shape)


def summing(towards: Positions, rows: int) -> Any:
    """Matrix that adds up entries by where they go, [row,e]."""
    at = towards.astype(np.int32), np.arange(towards.size, dtype=np.int32)
    return csr_array((np.ones(towards.size), at), (rows, towards.size))


@lru_cache(maxsize=8)
def _places(entries: bytes, shape: Shape) -> Places:
    origin, destination, receiver = _ends(entries, shape)
    into, out_of = (summing(at, shape[0] * shape[1]) for at in (destination, origin))
    return Places(origin, destination, receiver, into, out_of)


@lru_cache(maxsize=8)
def _payments(entries: bytes, hubs: bytes, shape: Shape) -> Payments:
    origin, destination, _ = _ends(entries, shape)
    to_hub = summing(np.frombuffer(hubs, np.int64), shape[1])
    return Payments(origin, destination, to_hub, summing(origin, shape[0] * shape[1]))


def _ends(entries: bytes, shape: Shape) -> tuple[Positions, Positions, Positions]:
    """Rows of goods by origin and by destination of entries, and their destination."""
    sector, destination, origin = np.unravel_index(np.frombuffer(entries, np.int64), shape)
    return sector * shape[2] + origin, sector * shape[1] + destination, destination
