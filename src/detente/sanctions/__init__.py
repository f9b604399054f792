"""Measures and scenarios, and their compilation into cost changes on a world."""

from detente.sanctions.measures import Measure
from detente.sanctions.scenario import Scenario, compile_scenario, read_scenario

__all__ = ["Measure", "Scenario", "compile_scenario", "read_scenario"]
