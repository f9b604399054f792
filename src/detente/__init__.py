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

if TYPE_CHECKING:
    from detente.analysis.assess import assess
    from detente.analysis.claims import claim_values, weigh
    from detente.analysis.influence import influence
    from detente.analysis.leakage import leakage
    from detente.analysis.relief.relief import relief
    from detente.cases.case import available_cases, load_case
    from detente.equilibrium.calibrate import rebalance
    from detente.equilibrium.exposure import exposure
    from detente.equilibrium.outcomes import Equilibrium
    from detente.equilibrium.solve import solve, solve_many
    from detente.errors import ConvergenceError, DetenteError, ScenarioError, WorldError
    from detente.policy.changes import Changes
    from detente.policy.reading import read_scenario
    from detente.policy.scenario import Scenario
    from detente.simulation.run import simulate
    from detente.world.embedded import available_worlds, load_world
    from detente.world.tables.imports import import_flows, import_world
    from detente.world.world import World

__version__ = "0.2.0"

_HOMES = {
    "Changes": "policy.changes",
    "ConvergenceError": "errors",
    "DetenteError": "errors",
    "Equilibrium": "equilibrium.outcomes",
    "Scenario": "policy.scenario",
    "ScenarioError": "errors",
    "World": "world.world",
    "WorldError": "errors",
    "assess": "analysis.assess",
    "available_cases": "cases.case",
    "available_worlds": "world.embedded",
    "claim_values": "analysis.claims",
    "exposure": "equilibrium.exposure",
    "import_flows": "world.tables.imports",
    "import_world": "world.tables.imports",
    "influence": "analysis.influence",
    "leakage": "analysis.leakage",
    "load_case": "cases.case",
    "load_world": "world.embedded",
    "read_scenario": "policy.reading",
    "rebalance": "equilibrium.calibrate",
    "relief": "analysis.relief.relief",
    "simulate": "simulation.run",
    "solve": "equilibrium.solve",
    "solve_many": "equilibrium.solve",
    "weigh": "analysis.claims",
}
"""Where the public names are at home: they are imported when first used."""

__all__ = [
    "Changes",
    "ConvergenceError",
    "DetenteError",
    "Equilibrium",
    "Scenario",
    "ScenarioError",
    "World",
    "WorldError",
    "__version__",
    "assess",
    "available_cases",
    "available_worlds",
    "claim_values",
    "exposure",
    "import_flows",
    "import_world",
    "influence",
    "leakage",
    "load_case",
    "load_world",
    "read_scenario",
    "rebalance",
    "relief",
    "simulate",
    "solve",
    "solve_many",
    "weigh",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'detente' has no attribute {name!r}")
    value = getattr(import_module(f"detente.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
