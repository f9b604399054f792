"""Closures: what holds the deficits of countries."""

from __future__ import annotations

from typing import Literal, get_args

from detente.errors import ScenarioError, nearest

Deficits = Literal["share", "value", "zero"]
"""`share` of world income, `value` in the numeraire, or `zero`: trade balanced first."""


def check_closure(deficits: str) -> None:
    """Raise a `ScenarioError` for a closure that does not exist."""
    if deficits not in get_args(Deficits):
        raise ScenarioError(
            f"unknown closure {deficits!r}: {nearest(deficits, get_args(Deficits))}"
        )
