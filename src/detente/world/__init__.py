"""The calibrated world: shares, accounts, elasticities, names, changes of policy costs."""

from detente.world.changes import Changes
from detente.world.embedded import available_worlds, load_world
from detente.world.world import World

__all__ = ["Changes", "World", "available_worlds", "load_world"]
