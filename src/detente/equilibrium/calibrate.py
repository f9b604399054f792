"""Recalibration of a world on the equilibrium of its own parameters."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from detente.arrays import Array
from detente.equilibrium.problem import Deficits
from detente.equilibrium.solver import solve
from detente.errors import ScenarioError
from detente.world.world import World

TOLERANCE = 1e-12
"""Tight, since everything solved from the recalibrated world inherits its error."""


_balanced: WeakKeyDictionary[World, World] = WeakKeyDictionary()


def balanced(world: World) -> World:
    """The world recalibrated to balanced trade; computed once per world."""
    if not world.data["D"].values.any():
        return world
    if world not in _balanced:
        _balanced[world] = rebalance(world, "zero")
    return _balanced[world]


def rebalance(world: World, deficits: Deficits = "share") -> World:
    """Solve the world without any change of policy and recalibrate on the solution.

    Data that are not an exact equilibrium (trade and input tables from different sources) would
    otherwise mix their imbalance with the effect of a policy; Caliendo and Parro (2015, section
    5.1) do the same. How far the data were off stands in `world.data.attrs["rebalanced"]` of the
    result.

    Parameters
    ----------
    world
        The data.
    deficits
        `share` or `value` keep the deficits, `zero` makes trade balanced.

    Raises
    ------
    ConvergenceError
        The world's parameters have no equilibrium that the solver can find.
    ScenarioError
        Unknown closure.

    Examples
    --------
    >>> import detente
    >>> detente.rebalance(detente.load_world("icio2022"), "zero").data["D"].max().item() == 0
    True
    """
    if deficits not in ("share", "value", "zero"):
        raise ScenarioError(f"unknown closure {deficits!r}: allowed are share, value, zero")
    D = np.zeros(len(world.countries)) if deficits == "zero" else world.data["D"].values
    start = World(world.data.assign(D=("country", D)))
    solved = solve(start, deficits="value", tolerance=TOLERANCE)
    attrs = {**world.data.attrs, "rebalanced": _how_far_off(world, solved.solution.w, deficits)}
    balanced = solved.world_after.data.assign(D=("country", D))
    return World(balanced.assign_attrs(attrs))


def _how_far_off(world: World, w_hat: Array, deficits: str) -> str:
    """Words for the imbalance of the data and the move that removed it."""
    table = world.country_table()
    stated = table["imports"] - table["exports"] - table["deficit"]
    gap = (stated / table["value added"]).abs()
    demand = world.output * world.data["beta"]
    labour = (demand.sum("sector") / world.data["VA"] - 1).to_series().abs()
    wage = int(np.abs(w_hat - 1).argmax())
    return (
        f"deficits={deficits}; in the data trade missed the stated deficits by up to "
        f"{100 * gap.max():.3g}% of value added ({gap.idxmax()}), value added missed its payments "
        f"by up to {100 * labour.max():.3g}% ({labour.idxmax()}); wages moved by up to "
        f"{100 * abs(w_hat[wage] - 1):.3g}% ({world.countries[wage]})"
    )
