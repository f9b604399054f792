"""Counterfactual equilibria in exact hat algebra."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.outcomes import Equilibrium, Solution
from detente.errors import ConvergenceError, ScenarioError, WorldError
from detente.world.changes import Changes
from detente.world.world import World

if TYPE_CHECKING:
    from detente.equilibrium.kernels import Margins, Problem

Deficits = Literal["share", "value", "zero"]

TOLERANCE = 1e-9
VANISHING = 1e3
"""A cost factor from which on a share may underflow to zero, which is then a ban."""

MAX_EVALUATIONS = 20_000
PATIENCE = 200
"""Evaluations after which solving for everything at once gives way to wages first."""

MEMORY = 10
"""Steps that Anderson's acceleration remembers; 8 to 16 do equally well."""


@dataclass(frozen=True)
class Baseline:
    """A world in the kernels' memory layout, with all that does not depend on the policy."""

    pi: Array  # [j,n,i]
    t: Array  # [j,n,i]
    has_tariffs: bool
    theta: Array
    beta: Array
    G: Array
    Gt: Array
    B: Array
    Bt: Array
    alpha: Array
    X: Array
    VA: Array
    D: Array
    income: Array
    home_labour: Array  # [n,j] beta pi_nn
    lift_P: Array
    lift_X: Array
    contested: Array  # [j,n] labour whose demand falls with the own wage, per unit of theta

    def slope(self, theta: Array) -> Array:
        """Fall of labour demand over VA with the own log wage, [n], inputs' prices held fixed."""
        at_home = (self.home_labour * self.X).sum(1)
        slope: Array = 1.0 + (theta @ self.contested - at_home) / self.VA
        return slope


_baselines: WeakKeyDictionary[World, Baseline] = WeakKeyDictionary()
_balanced: WeakKeyDictionary[World, World] = WeakKeyDictionary()


def baseline_of(world: World) -> Baseline:
    """The world in arrays; computed once per world."""
    if world not in _baselines:
        _baselines[world] = _prepare(world)
    return _baselines[world]


def _prepare(world: World) -> Baseline:
    d = {k: np.ascontiguousarray(v.values, dtype=float) for k, v in world.data.items()}
    J = len(world.sectors)
    pi = np.ascontiguousarray(d["pi"].transpose(2, 0, 1))
    t = np.ascontiguousarray(d["t"].transpose(2, 0, 1))
    G = (1 - d["beta"])[:, None, :] * d["gamma"]
    Gt = np.ascontiguousarray(G.transpose(0, 2, 1))
    domestic = np.einsum("jnn->nj", pi)
    B = np.linalg.inv(np.eye(J) - domestic[:, :, None] * Gt)
    labour = pi * d["X"].T[:, :, None] / (1 + t) * d["beta"].T[:, None, :]
    return Baseline(
        pi=pi,
        t=t,
        has_tariffs=bool(t.any()),
        theta=d["theta"],
        beta=d["beta"],
        G=G,
        Gt=Gt,
        B=B,
        Bt=np.ascontiguousarray(B.transpose(0, 2, 1)),
        alpha=d["alpha"],
        X=d["X"],
        VA=d["VA"],
        D=d["D"],
        income=world.income.values,
        home_labour=d["beta"] * domestic,
        lift_P=np.einsum("njk,nk->nj", B, domestic * d["beta"]),
        lift_X=np.einsum("nkj,nk->nj", B, d["alpha"]),
        contested=(labour * (1 - pi)).sum(1),
    )


def balanced(world: World) -> World:
    """The world recalibrated to balanced trade; computed once per world."""
    if not world.data["D"].values.any():
        return world
    if world not in _balanced:
        _balanced[world] = world.rebalance("zero")
    return _balanced[world]


def solve(
    world: World,
    changes: Changes | None = None,
    *,
    deficits: Deficits = "share",
    theta: Any = None,
    tolerance: float = TOLERANCE,
    max_evaluations: int = MAX_EVALUATIONS,
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
    calibrated = balanced(world) if deficits == "zero" else world
    base = baseline_of(calibrated)
    theta = base.theta if theta is None else _checked_theta(theta, world)
    x, problem, lost = _set_up(base, changes, deficits, theta)
    x, evaluations, norms = _iterate(x, problem, tolerance, max_evaluations, world.countries)
    solution = _read(x, problem, base, changes, evaluations, norms, lost)
    return Equilibrium(calibrated, changes, solution, deficits, tolerance)


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


def _set_up(
    base: Baseline, changes: Changes, deficits: Deficits, theta: Array
) -> tuple[Array, Problem, Flags]:
    """Starting point, problem in arrays, and the goods (country, sector) that lose all supply."""
    from detente.equilibrium.kernels import Problem

    A = changes.scaled_shares(base.pi, theta)
    At, has_tariffs = A, base.has_tariffs or bool(changes.tariffs)
    if has_tariffs:
        t = base.t.copy()
        changes.set_tariffs(t)
        sector, n, i = np.nonzero(t != base.t)
        factor = (1 + t[sector, n, i]) / (1 + base.t[sector, n, i])
        A[sector, n, i] *= factor ** -theta[sector]
        At = A / (1 + t)
    banned = any((e.values > VANISHING).any() for e in changes.costs)
    N, J = base.beta.shape
    component, lost = np.zeros(N, int), np.zeros((N, J), bool)
    beta, G, Gt, alpha = base.beta, base.G, base.Gt, base.alpha
    if banned:
        component = _components(A, base, changes)
        lost = (A.sum(2).T == 0) & (base.pi.sum(2).T > 0)
        if lost.any():
            beta, G, Gt, alpha = _without(lost, base)
    problem = Problem(
        A=A,
        At=At,
        has_tariffs=has_tariffs,
        theta=theta,
        beta=beta,
        G=G,
        Gt=Gt,
        B=base.B,
        Bt=base.Bt,
        slope=base.slope(theta),
        home_labour=base.home_labour,
        lift_P=base.lift_P,
        lift_X=base.lift_X,
        alpha=alpha,
        VA=base.VA,
        D=_deficits_within(component, base),
        transfers=np.zeros(N) if changes.transfers is None else changes.transfers,
        world_income=float(base.income.sum()),
        deficits_in_shares=deficits == "share",
        margin=_margins(changes, J),
        component=component,
    )
    x = np.concatenate([np.zeros(N + N * J), (base.X / base.VA[:, None]).ravel()])
    return x, problem, lost


def _margins(changes: Changes, J: int) -> Margins:
    """Entries of the hubs' margins that are not zero, sorted by sector."""
    from detente.equilibrium.kernels import Margins

    columns: list[Array] = []
    for detour in changes.detours:
        h, j, n, i = np.nonzero(detour.margins)
        places = (detour.sectors[j], detour.destinations[n], detour.origins[i], detour.hubs[h])
        columns.append(np.array([*places, detour.margins[h, j, n, i]]))
    entries = np.concatenate(columns, axis=1) if columns else np.empty((5, 0))
    entries = entries[:, np.argsort(entries[0], kind="stable")]
    sector, n, i, hub = entries[:4].astype(np.int64)
    first = np.searchsorted(sector, np.arange(J + 1))
    return Margins(first=first, destination=n, origin=i, hub=hub, share=entries[4].copy())


def _components(A: Array, base: Baseline, changes: Changes) -> Positions:
    """Number of the connected part of the trade graph that each country is in, [n]."""
    from scipy.sparse.csgraph import connected_components

    trades: Flags = np.any(A, axis=0)
    _, component = connected_components(trades, directed=False)
    numbers: Positions = component.astype(np.int64)
    if component.any() and changes.transfers is not None:
        net = np.bincount(component, changes.transfers)
        if abs(net).max() > 1e-9 * base.VA.sum():
            raise ScenarioError(
                "a transfer runs between countries that no longer trade, directly or through "
                "others, so it cannot be paid"
            )
    D = _deficits_within(numbers, base)
    _, bloc = connected_components(trades, directed=True, connection="strong")
    for number in np.argsort(np.bincount(bloc), kind="stable"):
        inside = bloc == number
        buys = trades[np.ix_(inside, ~inside)].any()
        sells = trades[np.ix_(~inside, inside)].any()
        deficit = D[inside].sum()
        if (buys and not sells and deficit <= 0) or (sells and not buys and deficit >= 0):
            names = np.array(changes.world.countries)[inside][:5]
            raise ConvergenceError(
                f"{', '.join(names)} can trade with the rest of the world in one direction only, "
                "so its trade cannot balance and no equilibrium exists: ban both directions, or "
                "make one of the bans a finite cost factor",
                {"countries": list(names)},
            )
    return numbers


def _deficits_within(component: Positions, base: Baseline) -> Array:
    """Deficits that sum to zero within each connected part of the world."""
    if not component.any():
        return base.D
    surplus = np.bincount(component, base.D) / np.bincount(component, base.VA)
    D: Array = base.D - surplus[component] * base.VA
    return D


def _without(lost: Flags, base: Baseline) -> tuple[Array, ...]:
    """Technology and final use without the goods lost, other shares scaled up to one."""
    G = np.where(lost[:, :, None], 0.0, base.G)
    left = base.beta + G.sum(1)
    if (left <= 0).any():
        raise ConvergenceError("a sector loses every input and uses no labour", {})
    G = G / left[:, None, :]
    alpha = np.where(lost, 0.0, base.alpha)
    alpha = alpha / alpha.sum(1, keepdims=True)
    return base.beta / left, G, np.ascontiguousarray(G.transpose(0, 2, 1)), alpha


def _iterate(
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


def _read(
    x: Array,
    p: Problem,
    base: Baseline,
    changes: Changes,
    evaluations: int,
    norms: Array,
    lost: Flags,
) -> Solution:
    from detente.equilibrium.kernels import incomes, prices_and_demand, unit_costs

    N, J = base.beta.shape
    w, X = x[:N], x[N + N * J :].reshape(N, J) * base.VA[:, None]
    P = x[N : N + N * J].reshape(N, J)
    c, Y, R = np.empty((J, N)), np.empty((N, J)), np.empty(N)
    H, I = np.empty(N), np.empty(N)
    unit_costs(w, P, p, c)
    prices_and_demand(c, X, p, np.empty((N, J)), Y, R, H)
    incomes(w, R, H, p, I)
    X[lost] = 0.0
    if (I <= 0).any():
        poorest = changes.world.countries[int(I.argmin())]
        raise ConvergenceError(
            f"the equilibrium found has an income of {poorest} that is not positive: transfers or "
            "deficits exceed what it earns",
            {"country": poorest, "income": float(I.min())},
        )
    return Solution(
        w=np.exp(w), P=np.exp(P), c=np.exp(c.T), X=X, Y=Y, I=I, R=R, H=H,
        A=p.A, component=p.component, theta=p.theta, alpha=p.alpha, beta=p.beta, lost=lost,
        evaluations=evaluations, residuals=norms,
    )  # fmt: skip


def _welfare_of(equilibrium: Equilibrium) -> xr.Dataset:
    return equilibrium.by_country()


def solve_many(
    world: World,
    changes: Changes | Iterable[Changes],
    *,
    theta: Any = None,
    deficits: Deficits = "share",
    outcome: Callable[[Equilibrium], xr.Dataset] = _welfare_of,
    workers: int | None = None,
    tolerance: float = TOLERANCE,
    progress: Callable[[int], object] | None = None,
) -> xr.Dataset:
    """Solve many counterfactuals, each in full, in parallel threads.

    Parameters
    ----------
    world
        The baseline.
    changes
        One `Changes` for every draw, or one for each draw.
    theta
        Trade elasticities (draw, sector); omitted, the world's.
    deficits, tolerance
        As in `solve`.
    outcome
        What to keep of each equilibrium, as a Dataset; by default welfare, equivalent variation,
        wage, real wage and income by country.
    workers
        Threads; by default one per processor. The result does not depend on it.
    progress
        Called with the number of draws done, after each.

    Returns
    -------
    Dataset
        The outcomes with a new first dimension `draw`, in the order given.

    Raises
    ------
    ConvergenceError
        From the first draw that has no equilibrium; the message says which.
    ScenarioError
        `changes` and `theta` of different lengths, or no draw at all.

    Examples
    --------
    >>> import detente, numpy as np
    >>> world = detente.load_world("icio2022")
    >>> eased = detente.Changes(world).cost("USA", "BLR", factor=0.8)
    >>> draws = world.data["theta"].values * np.array([[0.8], [1.2]])
    >>> detente.solve_many(world, eased, theta=draws)["welfare"].sizes["draw"]
    2
    """
    changes = changes if isinstance(changes, Changes) else list(changes)
    draws = list(_draws(changes, theta))
    if not draws:
        raise ScenarioError("there is no draw to solve")
    baseline_of(balanced(world) if deficits == "zero" else world)

    def run(numbered: tuple[int, tuple[Changes, Array | None]]) -> xr.Dataset:
        number, (one, elasticity) = numbered
        try:
            found = solve(world, one, theta=elasticity, deficits=deficits, tolerance=tolerance)
        except ConvergenceError as error:
            raise ConvergenceError(
                f"draw {number}: {error}", {**error.diagnostics, "draw": number}
            ) from error
        return outcome(found)

    results = []
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for done, result in enumerate(pool.map(run, enumerate(draws)), start=1):
            results.append(result)
            if progress is not None:
                progress(done)
    return _stack(results)


def _draws(changes: Changes | list[Changes], theta: Any) -> Iterator[tuple[Changes, Array | None]]:
    if isinstance(theta, xr.DataArray) and "sector" in theta.coords:
        sectors = (changes if isinstance(changes, Changes) else changes[0]).world.sectors
        theta = theta.sel(sector=sectors).values
    thetas: list[Array | None] | None = None if theta is None else list(np.asarray(theta, float))
    if isinstance(changes, Changes):
        return zip(repeat(changes), [None] if thetas is None else thetas, strict=False)
    if thetas is not None and len(thetas) != len(changes):
        raise ScenarioError(f"{len(changes)} changes but {len(thetas)} draws of theta")
    return zip(changes, repeat(None) if thetas is None else thetas, strict=False)


def _stack(results: list[xr.Dataset]) -> xr.Dataset:
    """Stack Datasets of one layout along `draw`, without the cost of aligning their labels."""
    first = results[0]
    stacked = {
        name: (
            ("draw", *variable.dims),
            np.stack([r[name].values for r in results]),
            variable.attrs,
        )
        for name, variable in first.data_vars.items()
    }
    coords = {"draw": np.arange(len(results)), **first.coords}
    return xr.Dataset(stacked, coords=coords, attrs=first.attrs)
