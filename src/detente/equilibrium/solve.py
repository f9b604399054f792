"""Counterfactual equilibria in exact hat algebra: one, or many side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import numpy as np
import xarray as xr

from detente.arrays import Array, Flags
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.economy import Economy, economy_of
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.outcomes import Equilibrium, by_country
from detente.equilibrium.production import Production
from detente.equilibrium.solver import MAX_EVALUATIONS, TOLERANCE, find_equilibria
from detente.equilibrium.threads import one_thread
from detente.errors import ConvergenceError, ScenarioError, WorldError
from detente.policy.changes import Changes, policy_of
from detente.policy.policy import Policy
from detente.world.closure import Deficits, check_closure
from detente.world.world import World

BATCH = 24
"""Draws solved side by side: as many as keep their prices and expenditures near the processor."""


_WANTED = (
    "solve takes a World and Changes made on it, not {}: "
    "solve(world, Changes(world).cost('USA', 'BLR', factor=0.8)); a scenario or a case goes into "
    "`detente.simulate`"
)


def solve(
    world: World,
    changes: Changes | None = None,
    *,
    deficits: Deficits = "share",
    theta: Any = None,
    phi: Any = None,
    sigma: float = 1.0,
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
    phi
        Share of value added of factors that are specific to their sector and cannot move: a number,
        or (country, sector); by default the world's own, or none.
    sigma
        Elasticity of substitution between value added and inputs, and among inputs; 1 is
        Cobb-Douglas, 0.1 to 0.5 the short run.
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
    changes = Changes(world) if changes is None else changes
    economy = _economy(world, [changes], deficits)
    before, after = _solved(
        economy,
        policy_of([changes]),
        _elasticities(theta, world),
        deficits,
        _production(economy, phi, sigma, 1),
        tolerance=tolerance,
        max_evaluations=max_evaluations,
        start=None if start is None else start.after,
    )
    return Equilibrium(before, after, deficits, tolerance)


def solve_many(
    world: World,
    changes: Changes | Iterable[Changes],
    *,
    theta: Any = None,
    phi: Any = None,
    sigma: Any = 1.0,
    deficits: Deficits = "share",
    outcome: Callable[[Equilibrium], xr.Dataset] | None = None,
    workers: int | None = None,
    tolerance: float = TOLERANCE,
    progress: Callable[[int], object] | None = None,
) -> xr.Dataset:
    """Solve many counterfactuals, each in full, side by side in batches.

    Parameters
    ----------
    world
        The baseline.
    changes
        One `Changes` for every draw, or one for each draw.
    theta
        Trade elasticities (draw, sector); omitted, the world's.
    phi, sigma
        As in `solve`; `sigma` may be one for each draw.
    deficits, tolerance
        As in `solve`.
    outcome
        What to keep of each equilibrium, as a Dataset; by default welfare, equivalent variation,
        wage, real wage and income by country.
    workers
        Threads; by default one per processor. The result does not depend on it.
    progress
        Called with the number of draws done, after each batch.

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
    each, elasticities = _draws(world, changes, theta)
    economy = _economy(world, each, deficits)
    production = _production(economy, phi, sigma, len(each))

    def run(first: int) -> xr.Dataset:
        some = slice(first, first + BATCH)
        try:
            before, after = _solved(
                economy,
                policy_of(each[some]),
                elasticities[:, some],
                deficits,
                production.draws(np.arange(len(each))[some]),
                tolerance=tolerance,
            )
        except ConvergenceError as error:
            k = first + int(str(error.diagnostics["draw"]))
            raise ConvergenceError(
                f"draw {k}: {error}", {**error.diagnostics, "draw": k}
            ) from error
        return _outcomes(before, after, each[some], deficits, tolerance, outcome)

    results, done = [], 0
    with one_thread(), ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for result in pool.map(run, range(0, len(each), BATCH)):
            results.append(result)
            done += result.sizes["draw"]
            if progress is not None:
                progress(done)
    return _stacked(results)


def _economy(world: World, changes: list[Changes], deficits: Deficits) -> Economy:
    """The economy to solve: that of the world, or of the world with balanced trade."""
    check_closure(deficits)
    for given in (world, *changes):
        wanted = World if given is world else Changes
        if not isinstance(given, wanted):
            raise ScenarioError(_WANTED.format(type(given).__name__))
    if any(c.world != world for c in changes):
        raise ScenarioError("these changes were made on another world than the one to solve")
    return economy_of(balanced(world) if deficits == "zero" else world)


def _solved(
    economy: Economy,
    policy: Policy,
    theta: Array,
    deficits: Deficits,
    production: Production,
    **options: Any,
) -> tuple[Equilibria, Equilibria]:
    """The world as it is, and the equilibria under a policy."""
    in_shares: Flags = np.full(policy.draws, deficits != "value")
    after = find_equilibria(economy, policy, theta, in_shares, production, **options)
    return Equilibria.baseline(economy, theta, in_shares, production), after


def _production(economy: Economy, phi: Any, sigma: Any, draws: int) -> Production:
    """Parameters of production; phi by (country, sector), the world's own if there is none."""
    C, S = economy.world.countries, economy.world.sectors
    if phi is None:
        return Production.of(economy.phi.T, _numbers(sigma, "sigma"), draws)
    if isinstance(phi, xr.DataArray):
        phi = phi.sel(country=C, sector=S).transpose("country", "sector")
    shares = np.broadcast_to(_numbers(phi, "phi"), (len(C), len(S))).T
    return Production.of(shares, _numbers(sigma, "sigma"), draws)


def _numbers(given: Any, what: str) -> Array:
    try:
        return np.asarray(given, float)
    except (TypeError, ValueError) as error:
        raise WorldError(f"{what} must be a number, or numbers, not {given!r}") from error


def _draws(
    world: World, changes: Changes | Iterable[Changes], theta: Any
) -> tuple[list[Changes], Array]:
    """Changes and elasticities [j,k] of each draw."""
    thetas = None if theta is None else [_elasticities(t, world) for t in theta]
    if isinstance(changes, Changes):
        each = list(repeat(changes, 1 if thetas is None else len(thetas)))
    else:
        each = list(changes)
    if not each:
        raise ScenarioError("there is no draw to solve")
    if thetas is None:
        thetas = [_elasticities(None, world)] * len(each)
    if len(thetas) != len(each):
        raise ScenarioError(f"{len(each)} changes but {len(thetas)} draws of theta")
    return each, np.concatenate(thetas, axis=1)


def _elasticities(theta: Any, world: World) -> Array:
    """Trade elasticities of one draw, [j,1]."""
    if theta is None:
        theta = world.data["theta"].values
    if isinstance(theta, xr.DataArray) and "sector" in theta.coords:
        theta = theta.sel(sector=world.sectors)
    values = np.ascontiguousarray(_numbers(theta, "theta"))
    if values.shape != (len(world.sectors),):
        raise WorldError(f"theta has shape {values.shape}; it needs ({len(world.sectors)},)")
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        where = world.sectors[int(bad.argmax())]
        raise WorldError(f"elasticity of sector {where!r} is {values[bad][0]}; it must be positive")
    return values[:, None]


def _outcomes(
    before: Equilibria,
    after: Equilibria,
    changes: list[Changes],
    deficits: Deficits,
    tolerance: float,
    outcome: Callable[[Equilibrium], xr.Dataset] | None,
) -> xr.Dataset:
    """What is kept of a batch, along `draw`."""
    one_by_one = (
        Equilibrium(before.of([k]), after.of([k]).described(c.steps), deficits, tolerance)
        for k, c in enumerate(changes)
    )
    if outcome is None:
        return by_country(before, after, next(one_by_one).manifest)
    return _stacked([outcome(e).expand_dims("draw") for e in one_by_one])


def _stacked(results: list[xr.Dataset]) -> xr.Dataset:
    """Datasets of one layout one after the other, without the cost of aligning their labels."""
    first = results[0]
    joined = {
        name: (flow.dims, np.concatenate([r[name].values for r in results]), flow.attrs)
        for name, flow in first.data_vars.items()
    }
    draws = sum(r.sizes["draw"] for r in results)
    coords = {**first.coords, "draw": np.arange(draws)}
    return xr.Dataset(joined, coords=coords, attrs=first.attrs)
