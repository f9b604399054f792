"""Measures, regimes and scenarios, routes, and their compilation into a policy on a world."""
