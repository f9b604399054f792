"""What easing or imposing sanctions does: who gains, who loses, what leaks, how certain it is.

>>> import detente
>>> world = detente.load_world("icio2022")
>>> eased = detente.Changes(world).cost("USA", "BLR", factor=0.8).cost("BLR", "USA", factor=0.8)
>>> result = detente.solve(world, eased)
>>> bool(result.welfare.sel(country="BLR") > 0)
True
"""

from detente.equilibrium import Equilibrium, solve, solve_many
from detente.equilibrium.calibrate import rebalance
from detente.errors import ConvergenceError, DetenteError, ScenarioError, WorldError
from detente.policy.changes import Changes
from detente.world import World, available_worlds, load_world

__version__ = "0.1.0"

__all__ = [
    "Changes",
    "ConvergenceError",
    "DetenteError",
    "Equilibrium",
    "ScenarioError",
    "World",
    "WorldError",
    "__version__",
    "available_worlds",
    "load_world",
    "rebalance",
    "solve",
    "solve_many",
]
