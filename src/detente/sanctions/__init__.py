"""Measures, regimes and scenarios, and their compilation into cost changes on a world."""

from detente.sanctions.compilation import Compiled, compile_scenario, cost_in_force, status_quo
from detente.sanctions.measures import Measure
from detente.sanctions.regime import Regime, register
from detente.sanctions.scenario import Scenario, read_scenario

__all__ = [
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
