"""Measures, regimes and scenarios, and their compilation into cost changes on a world."""

from detente.policy.changes import Changes
from detente.policy.compilation import Compiled, compile_scenario, cost_in_force, status_quo
from detente.policy.measures import Measure
from detente.policy.register import Regime, register
from detente.policy.scenario import Scenario, read_scenario

__all__ = [
    "Changes",
    "Compiled",
    "Measure",
    "Regime",
    "Scenario",
    "compile_scenario",
    "cost_in_force",
    "read_scenario",
    "register",
    "status_quo",
]
