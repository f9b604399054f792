"""What easing or imposing sanctions does: who gains, who loses, what leaks, how certain it is.

>>> import detente
>>> world = detente.load_world("icio2022")
>>> eased = detente.Changes(world).cost("USA", "BLR", factor=0.8).cost("BLR", "USA", factor=0.8)
>>> result = detente.solve(world, eased)
>>> bool(result.welfare.sel(country="BLR") > 0)
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from detente.errors import ConvergenceError, DetenteError, ScenarioError, WorldError

if TYPE_CHECKING:
    from detente.equilibrium import Equilibrium, solve, solve_many
    from detente.equilibrium.calibrate import rebalance
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

_HOMES = {
    "Changes": "policy.changes",
    "Equilibrium": "equilibrium",
    "World": "world",
    "available_worlds": "world",
    "load_world": "world",
    "rebalance": "equilibrium.calibrate",
    "solve": "equilibrium",
    "solve_many": "equilibrium",
}
"""Where the names are that are brought when first asked for, so that a help text needs no NumPy."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
