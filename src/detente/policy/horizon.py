"""How far ahead an answer looks: how much trade, factors and inputs have had time to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from detente.arrays import Array
from detente.world.names import ancestors, is_goods
from detente.world.world import World

HorizonName = Literal["first-year", "three-years", "long-run"]

RESOURCES = {
    **dict.fromkeys(("A01", "A02", "A03"), 0.2),
    **dict.fromkeys(("B05", "B06", "B07", "B08"), 0.4),
}
"""Share of value added of land and deposits.

Farming: 0.18 in the United States (Valentinyi and Herrendorf 2008, Review of Economic Dynamics 11),
rounded, and taken for forestry and fishing. Mining: judgement, from resource rents that are some
half of what extraction adds (World Bank, The Changing Wealth of Nations 2021).
"""


@dataclass(frozen=True)
class Horizon:
    """Parameters that hold within a horizon.

    Attributes
    ----------
    meaning
        In words.
    response
        Share of the long-run response of trade, a multiple of trade elasticities. Boehm, Levchenko
        and Pandalai-Nayar (2023), American Economic Review 113(4): 0.76 in the first year, about
        2 after seven to ten; even steps in between are judgement.
    sigma
        Elasticity of substitution between value added and inputs, and among inputs. Atalay (2017),
        American Economic Journal: Macroeconomics 9(4): near 0 among inputs, 0.4 to 0.8 between
        them and value added; Boehm, Flaaen and Pandalai-Nayar (2019), Review of Economics and
        Statistics 101(1): near 0 within months. One number for both is judgement.
    land
        Whether land and deposits are in fixed supply.
    plants
        Share of value added in goods of plants that cannot move yet; judgement, about a third of
        what capital earns. Offices and shops are let to others sooner.
    """

    meaning: str
    response: float
    sigma: float
    land: bool
    plants: float = 0.0

    def phi(self, world: World) -> Array:
        """Share of value added of factors that cannot move, [j,n]; the world's own where it has."""
        whole = [ancestors(s, world.sectors.parents)[-1] for s in world.sectors]
        land = np.array([RESOURCES.get(s, 0.0) if self.land else 0.0 for s in whole])
        plants = np.array([self.plants if is_goods(s) else 0.0 for s in whole])
        shares = np.maximum(land, plants)[:, None]
        own = world.data["phi"].values.T if "phi" in world.data else np.zeros(1)
        phi: Array = np.where(own > 0, own, shares)
        return np.broadcast_to(phi, (len(world.sectors), len(world.countries)))


HORIZONS: dict[HorizonName, Horizon] = {
    "first-year": Horizon(
        "the first year: plants stand where they are, and inputs are hard to replace",
        response=0.38,
        sigma=0.2,
        land=True,
        plants=0.15,
    ),
    "three-years": Horizon(
        "three years on: land and deposits stay, inputs are replaced in part",
        response=0.56,
        sigma=0.6,
        land=True,
    ),
    "long-run": Horizon(
        "the long run, as Caliendo and Parro (2015)", response=1.0, sigma=1.0, land=False
    ),
}
"""Horizons by name."""
