"""Worlds from published inter-country tables and from tables of one's own."""

from detente.world.tables.imports import KINDS, import_flows, import_world

__all__ = ["KINDS", "import_flows", "import_world"]
