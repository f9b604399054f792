"""A world's accounts in value, for making another world of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.world.names import Sectors

if TYPE_CHECKING:
    from detente.world.world import World

BASES = ("observed", "given", "estimated", "borrowed")
"""What trade rests on: the table, a figure given for it, gravity, another economy's technology."""


@dataclass(frozen=True)
class Accounts:
    """A world in value.

    Attributes
    ----------
    trade, tariff
        [i,n,j], tariffs as rates.
    use
        Use of inputs, [n,k,j].
    theta
        Trade elasticities, [j].
    phi
        Shares of fixed factors in value added, [n,j], if the world has them.
    basis
        What trade in goods rests on, [i,n], if economies were added.
    sectors
        Codes, with what each was split off from.
    """

    trade: Array
    tariff: Array
    use: Array
    theta: Array
    phi: Array | None
    sectors: Sectors
    countries: list[str]
    basis: Array | None = None

    @classmethod
    def of(cls, world: World) -> Accounts:
        """The accounts of a world."""
        d = world.data
        made = (1 - d["beta"]) * world.output
        return cls(
            trade=world.trade.values,
            tariff=d["t"].transpose("origin", "destination", "sector").values,
            use=(d["gamma"] * made).transpose("country", "input", "sector").values,
            theta=d["theta"].values,
            phi=d["phi"].values if "phi" in d else None,
            sectors=world.sectors,
            countries=world.countries,
            basis=d["basis"].values if "basis" in d else None,
        )

    @property
    def value_added(self) -> Array:
        """Output less inputs, [n,j]."""
        added: Array = self.trade.sum(1) - self.use.sum(1)
        return added

    def supply(self, trade: Array, sector: int) -> Array:
        """What destinations pay for a sector's goods or for a part of them, tariffs included."""
        paid: Array = (trade * (1 + self.tariff[:, :, sector])).sum(0)
        return paid


def country_table(world: World) -> pd.DataFrame:
    """Value added, income, exports, imports, deficit and openness, by country.

    >>> import detente
    >>> table = detente.load_world("icio2022").country_table()
    >>> bool(table.loc["BLR", "exports"] > 0)
    True
    """
    abroad = world.trade.sum("sector").values.copy()
    np.fill_diagonal(abroad, 0.0)
    table = pd.DataFrame(
        {
            "value added": world.data["VA"].values,
            "income": world.income.values,
            "exports": abroad.sum(1),
            "imports": abroad.sum(0),
            "deficit": world.data["D"].values,
        },
        index=pd.Index(world.countries, name="country"),
    )
    table["openness"] = (table["exports"] + table["imports"]) / (2 * table["value added"])
    return table


def largest_partners(world: World, country: str, count: int = 1) -> list[str]:
    """Codes of the countries that trade most with one, exports and imports together."""
    flows = world.trade.sum("sector")
    sold, bought = flows.sel(origin=country), flows.sel(destination=country)
    trade = sold.rename(destination="country") + bought.rename(origin="country")
    return list(trade.drop_sel(country=country).to_series().nlargest(count).index)
