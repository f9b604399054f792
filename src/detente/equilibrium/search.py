"""Finding the equilibrium: everything at once, or wages first where that does not settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detente.arrays import Array
from detente.errors import ConvergenceError

if TYPE_CHECKING:
    from detente.equilibrium.kernels import Problem

PATIENCE = 200
"""Evaluations after which solving for everything at once gives way to wages first."""

MEMORY = 10
"""Steps that Anderson's acceleration remembers; 8 to 16 do equally well."""


def search(
    x: Array, p: Problem, tolerance: float, max_evaluations: int, countries: list[str]
) -> tuple[Array, int, Array]:
    """Solve from x: all unknowns at once, and where that does not settle, wages around the rest."""
    from detente.equilibrium.acceleration import accelerate

    model = _Model(p)
    patience = min(PATIENCE, max_evaluations)
    found, worst = accelerate(model, x, model.normalise, tolerance, patience, MEMORY)
    if worst > tolerance and model.evaluations < max_evaluations:
        start = _wages_first(x, p, tolerance, max_evaluations - model.evaluations)
        found, worst = accelerate(model, start, model.normalise, tolerance, patience, MEMORY)
    model(found)
    norms = model.norms()
    if worst <= tolerance:
        return found, model.evaluations, norms
    excess = np.nan_to_num(np.abs(model.r[: len(countries)]), nan=np.inf)
    diagnostics = {
        "evaluations": model.evaluations,
        "excess_demand": float(norms[0]),
        "price_error": float(norms[1]),
        "expenditure_error": float(norms[2]),
        "worst_country": countries[int(excess.argmax())],
        "tolerance": tolerance,
    }
    raise ConvergenceError(
        f"no equilibrium within {max_evaluations} evaluations: largest excess demand "
        f"{norms[0]:.3g} of value added ({diagnostics['worst_country']}), price error "
        f"{norms[1]:.3g}, expenditure error {norms[2]:.3g}, tolerance {tolerance:.3g}",
        diagnostics,
    )


class _Model:
    """The model as a fixed-point problem: the plain step and the largest residual at a point."""

    def __init__(self, p: Problem) -> None:
        from detente.equilibrium.kernels import evaluate

        self.p = p
        self.evaluations = 0
        self.r = np.empty(p.VA.size + 2 * p.beta.size)
        self._evaluate = evaluate

    def __call__(self, x: Array) -> tuple[Array, float]:
        step = np.empty_like(x)
        self._evaluate(x, self.p, self.r, step)
        self.evaluations += 1
        return step, float(np.abs(self.r).max())

    def norms(self) -> Array:
        """Largest excess demand, price error and expenditure error."""
        N, size = self.p.VA.size, self.p.beta.size
        return np.array([np.abs(b).max() for b in np.split(self.r, [N, N + size])])

    def normalise(self, x: Array) -> None:
        """Numeraire: world value added keeps its value, in each connected part of the world."""
        log_w, p = x[: self.p.VA.size], self.p
        before = np.bincount(p.component, p.VA)
        after = np.bincount(p.component, np.exp(log_w) * p.VA)
        log_w -= np.log(after / before)[p.component]


def _wages_first(x: Array, p: Problem, tolerance: float, max_evaluations: int) -> Array:
    """Wages by Powell's hybrid method around prices and expenditures at given wages.

    Slow and sure: at given wages, prices are a contraction and expenditures are linear.
    """
    from scipy.optimize import root

    from detente.equilibrium.acceleration import accelerate

    N = p.VA.size
    given_wages = _Model(p._replace(slope=np.full(N, np.inf)))
    _, last_of_part = np.unique(p.component[::-1], return_index=True)
    redundant = N - 1 - last_of_part
    point = x.copy()

    def rest(x: Array) -> tuple[Array, float]:
        step, _ = given_wages(x)
        return step, float(np.abs(given_wages.r[N:]).max())

    def excess_demand(log_w: Array) -> Array:
        nonlocal point
        if given_wages.evaluations > max_evaluations:
            return np.full(N, np.nan)
        start = np.concatenate([log_w, point[N:]])
        point, _ = accelerate(rest, start, lambda x: None, tolerance / 10, PATIENCE, MEMORY)
        given_wages(point)
        excess = given_wages.r[:N].copy()
        level = np.bincount(p.component, np.exp(log_w) * p.VA) / np.bincount(p.component, p.VA)
        excess[redundant] = level[p.component[redundant]] - 1  # Walras: one equation is spare
        return excess

    found = root(excess_demand, x[:N], tol=tolerance, options={"factor": 0.1})
    excess_demand(found.x)
    return point
