"""What customs data lack, borrowed from a world: use of inputs, and sales at home.

1. A country's technology, the inputs in each sector's output, is that of the same country in the
   world borrowed from, else the mean of those it is said to be like, else that of the world as a
   whole; means are weighted by output.
2. Where a country's sector has no row of sales at home, these are its exports times sales at home
   over exports where the technology is from.
3. Inputs from sectors that the customs data lack are counted with value added.
4. Where a country then uses more of an input than it is supplied with, all its users get less of
   it, in proportion, and their value added is larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.errors import WorldError
from detente.world.accounts import Accounts
from detente.world.flows import Flows, labelled, labels_of
from detente.world.names import Names, resolve_countries
from detente.world.tables.table import Rule
from detente.world.world import World

DIMS = ("origin", "destination", "sector")


@dataclass(frozen=True)
class Borrowed:
    """Trade and use of inputs, and what was borrowed of them."""

    trade: xr.DataArray
    input_use: xr.DataArray
    rules: list[Rule]


def borrowed(trade: Flows, world: World, like: Mapping[str, Names]) -> Borrowed:
    """Complete customs data by the technology of a world; missing trade is zero.

    Parameters
    ----------
    trade
        Sales (origin, destination, sector), as in `World.from_flows`.
    world
        From which is borrowed.
    like
        Country of the customs data to countries of the world.

    Raises
    ------
    WorldError
        A country or a sector that the world does not have.
    """
    labels = labels_of(_with_buyers(trade), None, None)
    countries, sectors = list(labels["country"]), list(labels["sector"])
    for code in sectors:
        if code not in world.sectors:
            raise WorldError(
                f"sector {code!r} is none of {world.name}'s, whose technology is taken"
            )
    z = labelled(trade, DIMS, labels, "trade", 0.0)
    lenders = [_lenders(c, world, like) for c in countries]
    of = np.array([world.sectors.index(s) for s in sectors])
    accounts = Accounts.of(world)
    rules = _sales_at_home(z.values, accounts, lenders, of)
    use, fewer = _inputs(z.values, accounts, lenders, of)
    own = sum(c in world.countries and c not in like for c in countries)
    rules = [
        Rule("countries with their own technology", own),
        Rule("countries with that of others", len(countries) - own),
        *rules,
        *fewer,
    ]
    names = {"country": countries, "input": sectors, "sector": sectors}
    return Borrowed(z, xr.DataArray(use, names, ("country", "input", "sector")), rules)


def _with_buyers(trade: Flows) -> Flows:
    """Trade in which every buyer is an origin too: some countries of customs data only buy."""
    if not isinstance(trade, pd.DataFrame) or not set(DIMS) <= set(trade.columns):
        return trade
    buyers = trade.assign(origin=trade["destination"])
    return pd.concat([trade, buyers], ignore_index=True)


def _lenders(country: str, world: World, like: Mapping[str, Names]) -> list[int]:
    if country in like:
        found = resolve_countries(like[country], world.countries)
    else:
        found = [country] if country in world.countries else world.countries
    return [world.countries.index(c) for c in found]


def _sales_at_home(z: Array, a: Accounts, lenders: list[list[int]], of: Array) -> list[Rule]:
    """Fill the sales of every country to itself that are zero, in place."""
    count, value = 0, 0.0
    for n, lent in enumerate(lenders):
        home = a.trade[lent, lent][:, of].sum(0)
        abroad = a.trade[lent].sum((0, 1))[of] - home
        ratio = np.divide(home, abroad, out=np.zeros_like(home), where=abroad > 0)
        empty = z[n, n] == 0
        z[n, n] = np.where(empty, z[n].sum(0) * ratio, z[n, n])
        count, value = count + int((z[n, n] > 0)[empty].sum()), value + float(z[n, n][empty].sum())
    return [Rule("sales at home borrowed, in sectors", count, value)] if count else []


def _inputs(z: Array, a: Accounts, lenders: list[list[int]], of: Array) -> tuple[Array, list[Rule]]:
    made, supplied = z.sum(1), z.sum(0)
    use = np.empty((len(lenders), of.size, of.size))
    for n, lent in enumerate(lenders):
        output = a.trade[lent].sum((0, 1))[of]
        inputs = a.use[lent].sum(0)[np.ix_(of, of)]
        share = np.divide(inputs, output, out=np.zeros_like(inputs), where=output > 0)
        use[n] = share * made[n]
    asked = use.sum(2)
    short = asked > supplied
    kept = np.divide(supplied, asked, out=np.ones_like(asked), where=short)
    lost = float((asked - supplied)[short].sum())
    fewer = Rule("inputs cut to what the country is supplied with", int(short.sum()), lost)
    return use * kept[:, :, None], [fewer] if short.any() else []
