"""Imports point down: no package of the layout knows one above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import detente

HOME = Path(detente.__file__).parent
BELOW = ["world", "policy", "equilibrium", "simulation", "inference", "cases", "analysis", "report"]
HEIGHT = {name: k for k, name in enumerate(BELOW)} | dict.fromkeys(("app", "cli"), len(BELOW))


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that are imported anywhere but for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from imported(node)


def test_imports_point_down() -> None:
    upward = [
        f"{path.relative_to(HOME)} imports {module}"
        for layer, height in HEIGHT.items()
        for path in (HOME / layer).rglob("*.py")
        for module in imported(ast.parse(path.read_text(encoding="utf-8")))
        if module.startswith("detente.") and HEIGHT.get(module.split(".")[1], -1) > height
    ]
    assert not upward
