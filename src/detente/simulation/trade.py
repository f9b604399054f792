"""Trade in value between countries and groups, and by route, in each draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detente.arrays import Array
from detente.simulation.about import countries_at, sectors_at
from detente.world.names import Names

if TYPE_CHECKING:
    from detente.equilibrium.equilibria import Equilibria
    from detente.simulation.outcome import Outcome


def sales(e: Equilibria, origins: Names, destinations: Names, sectors: Names = None) -> Array:
    """Trade net of tariffs between different countries, summed, [draw]."""
    world = e.economy.world
    to, by = (countries_at(world, names) for names in (destinations, origins))
    total: Array = e.sales(sectors_at(world, sectors), to, by).sum((0, 1, 2))
    return total


def both_ways(e: Equilibria, country: Names, partner: Names, sectors: Names = None) -> Array:
    """Exports to a partner and imports from it, [draw]."""
    return sales(e, country, partner, sectors) + sales(e, partner, country, sectors)


def share_of_trade(e: Equilibria, country: Names, partner: Names) -> Array:
    """Share of a partner in the exports and imports of a country together, [draw]."""
    exports, imports = by_partner(e, country)
    traded = exports + imports
    share: Array = traded[countries_at(e.economy.world, partner)].sum(0) / traded.sum(0)
    return share


def by_partner(e: Equilibria, country: Names) -> tuple[Array, Array]:
    """Exports of a country and its imports, by partner, in the world's units, [n,k]."""
    world = e.economy.world
    sectors, own = sectors_at(world, None), countries_at(world, country)
    everybody = countries_at(world, None)
    exports: Array = e.sales(sectors, everybody, own).sum((0, 2))
    imports: Array = e.sales(sectors, own, everybody).sum((0, 1))
    return exports, imports


def by_route(o: Outcome) -> tuple[Array, Array]:
    """Trade of the first lane by route, direct first, before and after, (route, draw)."""
    shares = o.routed[0]
    before, after = (
        np.einsum("rjnik,jnik->rk", rho, e.sales(*shares.trade.block))
        for rho, e in ((shares.before, o.before), (shares.after, o.after))
    )
    return before, after
