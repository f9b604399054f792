"""The calibrated world: shares, accounts, elasticities, names."""

from detente.world.embedded import available_worlds, load_world
from detente.world.world import World

__all__ = ["World", "available_worlds", "load_world"]
