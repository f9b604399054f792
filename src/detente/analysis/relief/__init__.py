"""Influence and dependence: who can hurt whom, and what relief buys."""
