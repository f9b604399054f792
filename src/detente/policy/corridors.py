"""Corridors: the ways on which a landlocked exporter's goods reach the sea, and who owns them.

What is on file about them; `detente.policy.network` says how goods choose among them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import as_file, files
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from detente.arrays import Array
from detente.policy.fields import (
    ByYear,
    Countries,
    Fraction,
    OneCountry,
    Range,
    Sectors,
    Spread,
    Strict,
    in_year,
)
from detente.source import Source


class Corridor(Strict):
    """One way to the sea, or overland to distant buyers.

    Attributes
    ----------
    title
        In words.
    owners
        Countries that own it, in equal parts.
    share
        Share of the exporter's overseas trade that takes it when all corridors are open.
    cost
        What haul and handling cost, one number or low, central and high: US dollars a tonne where
        the corridors have a `price`, shares of the value of goods otherwise.
    fee
        The part of it that is the owners' rent rather than cost, in the same unit.
    capacity
        Million tonnes a year that it can carry without getting dearer, by year; omitted, any.
    destinations
        Those it leads to; all by default.
    source, note
        Where the figures come from, and doubts.
    """

    title: str = ""
    owners: Countries
    share: Fraction
    cost: Spread
    fee: float = Field(default=0.0, ge=0)
    capacity: ByYear | None = None
    destinations: Countries | None = None
    source: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _fee_is_part_of_cost(self) -> Corridor:
        if self.fee > self.cost.low:
            raise ValueError(f"fee {self.fee:g} is more than the way costs, {self.cost.low:g}")
        return self


class Corridors(Strict):
    """The corridors of an exporter's goods.

    Attributes
    ----------
    exporter
        Whose goods.
    sectors, share
        Sectors they are in, and their share of the exporter's overseas sales in them.
    goods
        Name of the commodity, which some worlds have as a sector of its own; there it is meant, all
        of it, rather than a part of `sectors`.
    overseas
        Destinations that need a corridor; by default every country outside Europe and the
        Commonwealth of Independent States.
    tonnes
        Million tonnes a year that go there when all corridors are open.
    price
        US dollars a tonne, by year; costs and fees are then in dollars.
    congestion
        Elasticity eta of a corridor's cost to what it carries over its capacity.
    corridors
        By name.
    source, note
        Where all this comes from, and doubts.
    """

    exporter: OneCountry
    sectors: Sectors
    share: Fraction = 1.0
    goods: str | None = None
    overseas: Countries | None = None
    tonnes: Annotated[float, Field(gt=0)] | None = None
    price: ByYear | None = None
    congestion: float = Field(default=1.0, ge=0)
    corridors: dict[str, Corridor] = Field(min_length=2)
    source: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Corridors:
        total = sum(c.share for c in self.corridors.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"shares of the corridors sum to {total:g}, not to 1")
        for name, c in self.corridors.items():
            if c.capacity is None:
                continue
            if self.tonnes is None:
                raise ValueError(f"corridor {name!r} has a capacity: give `tonnes`")
            if min(c.capacity.values()) < c.share * self.tonnes:
                raise ValueError(
                    f"corridor {name!r} carries {c.share * self.tonnes:g} million tonnes when all "
                    "are open, more than its capacity"
                )
        if not self.detour.low > 0:
            raise ValueError(f"ways round {self.main!r} must be dearer than it is")
        return self

    @property
    def main(self) -> str:
        """The corridor with the largest share."""
        return max(self.corridors, key=lambda name: self.corridors[name].share)

    @property
    def detour(self) -> Range:
        """How much dearer goods get if the main corridor is shut, at the last price on file.

        Share of their value; the mean over the other corridors, by their shares.
        """
        others = [c for name, c in self.corridors.items() if name != self.main]
        weights = np.array([c.share for c in others])
        costs = np.array([(c.cost.low, c.cost.central, c.cost.high) for c in others])
        main, unit = self.corridors[self.main].cost.central, in_year(self.price, None) or 1.0
        dearer = (1 + weights @ costs / weights.sum() / unit) / (1 + main / unit) - 1
        low, central, high = (float(round(a, 4)) for a in dearer)
        return Range(low=low, central=central, high=high)

    def detour_in(self, year: int | None, ave: Any) -> Any:
        """A way round that costs `ave` at the last price on file, at the price of a year."""
        if self.price is None:
            return ave
        return ave * in_year(self.price, None) / in_year(self.price, year)

    @property
    def fees(self) -> Array:
        """What the owners of each corridor earn, as a share of value at the last price, [r]."""
        return np.array([c.fee for c in self.corridors.values()]) / (in_year(self.price, None) or 1)


class _CorridorFile(Strict):
    corridors: dict[str, Corridors] = Field(min_length=1)


@lru_cache(maxsize=1)
def corridors_on_file() -> dict[str, Corridors]:
    """Corridors that come with the package, by name.

    Examples
    --------
    >>> corridors_on_file()["belarus-potash"].main
    'klaipeda'
    """
    found: dict[str, Corridors] = {}
    with as_file(files("detente.policy") / "data") as folder:
        for path in sorted(folder.glob("corridors-*.yaml")):
            found |= Source.read(path).validate(_CorridorFile).corridors
    return found
