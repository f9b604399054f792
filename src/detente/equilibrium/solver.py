"""Counterfactual equilibria in exact hat algebra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from detente.arrays import Array, Flags
from detente.equilibrium.baseline import Baseline, baseline_of
from detente.equilibrium.outcomes import Equilibrium, Solution
from detente.equilibrium.problem import Deficits, set_up
from detente.equilibrium.search import search
from detente.errors import ConvergenceError, ScenarioError, WorldError
from detente.policy.changes import Changes
from detente.world.world import World

if TYPE_CHECKING:
    from detente.equilibrium.kernels import Problem

TOLERANCE = 1e-9
MAX_EVALUATIONS = 20_000


def solve(
    world: World,
    changes: Changes | None = None,
    *,
    deficits: Deficits = "share",
    theta: Any = None,
    tolerance: float = TOLERANCE,
    max_evaluations: int = MAX_EVALUATIONS,
    start: Equilibrium | None = None,
) -> Equilibrium:
    """Solve the counterfactual equilibrium of `changes` on `world`.

    Parameters
    ----------
    world
        The baseline.
    changes
        Cost factors, bans, tariffs and transfers; none is the identity.
    deficits
        Closure: `share` keeps every deficit's share of world income (default), `value` keeps its
        value in the numeraire (world value added at its baseline value), `zero` recalibrates the
        baseline to balanced trade first and solves from there.
    theta
        Trade elasticities [sector] to use in place of the world's.
    tolerance
        Largest excess demand of any country relative to its value added, and likewise the largest
        relative error of any price and of any expenditure.
    max_evaluations
        Evaluations of the model after which the solver gives up.
    start
        An equilibrium of the same world to search from, near the one sought; by default the
        baseline. The same equilibrium is found, within the tolerance, in fewer evaluations.

    Returns
    -------
    Equilibrium
        Hats, flows, welfare and their decomposition.

    Raises
    ------
    ConvergenceError
        No equilibrium within `max_evaluations`, or none exists; `diagnostics` says what was seen.
    ScenarioError
        Changes made on another world, or an unknown closure.

    Notes
    -----
    Equilibrium conditions in changes: Caliendo and Parro (2015), equations 10 to 13, which follow
    Dekle, Eaton and Kortum (2008). A country, or group of countries, cut off from all others has
    no one to run a deficit with: its deficit is set to zero and the others share the difference
    in proportion to value added. A good that no origin supplies any more is dropped from the
    bundle of its users, whose other shares are scaled up; the loss is therefore a lower bound,
    and `Equilibrium.lost_supply` lists such goods.

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> eased = detente.Changes(world).cost("USA", "BLR", factor=0.8)
    >>> bool(detente.solve(world, eased).welfare.sel(country="BLR") > 0)
    True
    """
    if deficits not in ("share", "value", "zero"):
        raise ScenarioError(f"unknown closure {deficits!r}: allowed are share, value, zero")
    changes = Changes(world) if changes is None else changes
    if changes.world is not world:
        raise ScenarioError("these changes were made on another world than the one to solve")
    from detente.equilibrium.calibrate import balanced

    calibrated = balanced(world) if deficits == "zero" else world
    base = baseline_of(calibrated)
    theta = base.theta if theta is None else _checked_theta(theta, world)
    x, problem, lost = set_up(base, changes, deficits, theta)
    if start is not None:
        x = _unknowns(start.solution, base)
    x, evaluations, norms = search(x, problem, tolerance, max_evaluations, world.countries)
    solution = read(x, problem, lost, evaluations, norms, world.countries)
    return Equilibrium(calibrated, changes, solution, deficits, tolerance)


def _unknowns(s: Solution, base: Baseline) -> Array:
    """The unknowns of the kernels at a solution."""
    parts = np.log(s.w), np.log(s.P), s.X / base.VA[:, None]
    return np.concatenate([part.ravel() for part in parts])


def _checked_theta(theta: Any, world: World) -> Array:
    if isinstance(theta, xr.DataArray) and "sector" in theta.coords:
        theta = theta.sel(sector=world.sectors)
    values = np.ascontiguousarray(theta, float)
    if values.shape != (len(world.sectors),):
        raise WorldError(f"theta has shape {values.shape}; it needs ({len(world.sectors)},)")
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        where = world.sectors[int(bad.argmax())]
        raise WorldError(f"elasticity of sector {where!r} is {values[bad][0]}; it must be positive")
    return values


def read(
    x: Array, p: Problem, lost: Flags, evaluations: int, norms: Array, countries: list[str]
) -> Solution:
    """The equilibrium at the unknowns found.

    Raises
    ------
    ConvergenceError
        An income there is not positive.
    """
    from detente.equilibrium.kernels import incomes, prices_and_demand, unit_costs

    N, J = p.beta.shape
    w, X = x[:N], x[N + N * J :].reshape(N, J) * p.VA[:, None]
    P = x[N : N + N * J].reshape(N, J)
    c, Y, R = np.empty((J, N)), np.empty((N, J)), np.empty(N)
    H, I = np.empty(N), np.empty(N)
    unit_costs(w, P, p, c)
    prices_and_demand(c, X, p, np.empty((N, J)), Y, R, H)
    incomes(w, R, H, p, I)
    X[lost] = 0.0
    require_positive(I, countries)
    return Solution(
        w=np.exp(w), P=np.exp(P), c=np.exp(c.T), X=X, Y=Y, I=I, R=R, H=H,
        A=p.A, component=p.component, theta=p.theta, alpha=p.alpha, beta=p.beta, lost=lost,
        evaluations=evaluations, residuals=norms,
    )  # fmt: skip


def require_positive(I: Array, countries: list[str]) -> None:
    """Raise a `ConvergenceError` if an income [n] is not positive."""
    if (I <= 0).any():
        poorest = countries[int(I.argmin())]
        raise ConvergenceError(
            f"the equilibrium found has an income of {poorest} that is not positive: transfers or "
            "deficits exceed what it earns",
            {"country": poorest, "income": float(I.min())},
        )
