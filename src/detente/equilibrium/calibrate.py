"""Recalibration of a world on the equilibrium of its own parameters."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from detente.arrays import Array
from detente.equilibrium.economy import economy_of
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.markets import check_ways
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.solver import find_equilibria
from detente.world.closure import Deficits, check_closure
from detente.world.world import World

TOLERANCE = 1e-12
"""Tight, since everything solved from the recalibrated world inherits its error."""


@lru_cache(maxsize=8)
def balanced(world: World) -> World:
    """The world recalibrated to balanced trade; worlds of equal numbers share it."""
    return rebalance(world, "zero") if world.data["D"].values.any() else world


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
    check_closure(deficits)
    D = np.zeros(len(world.countries)) if deficits == "zero" else world.data["D"].values
    economy = economy_of(World(world.data.assign(D=("country", D))))
    check_ways(economy)
    theta, in_shares = economy.theta[:, None], np.array([False])
    start = Equilibria.baseline(economy, theta, in_shares)
    found = find_equilibria(economy, start.policy, theta, in_shares, tolerance=TOLERANCE)
    after = Equilibrium(start, found, "value", TOLERANCE).world_after
    attrs = {
        **world.data.attrs,
        "rebalanced": _how_far_off(world, np.exp(found.log_w[:, 0]), deficits),
    }
    return World(after.data.assign(D=("country", D)).assign_attrs(attrs))


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
