"""The calibrated world: shares, accounts, elasticities, names."""

from detente.world.economy import Economy
from detente.world.embedded import available_worlds, load_world
from detente.world.names import available_commodities
from detente.world.part import Part, PartOfYear
from detente.world.world import World

__all__ = [
    "Economy", "Part", "PartOfYear", "World", "available_commodities", "available_worlds",
    "load_world",
]  # fmt: skip
