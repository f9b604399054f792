"""Circumvention: route choice, its calibration, and what leaks."""

from detente.routes.choice import RouteChoice, RoutedChanges, route_choice
from detente.routes.leakage import Leakage, calibrate_routes, leakage_curve, measure_leakage

__all__ = [
    "Leakage",
    "RouteChoice",
    "RoutedChanges",
    "calibrate_routes",
    "leakage_curve",
    "measure_leakage",
    "route_choice",
]
