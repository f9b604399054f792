"""Many counterfactual equilibria, in parallel threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import numpy as np
import xarray as xr

from detente.equilibrium.baseline import baseline_of
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.problem import Deficits
from detente.equilibrium.solver import TOLERANCE, solve
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.changes import Changes
from detente.world.world import World


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

    def run(numbered: tuple[int, tuple[Changes, Any]]) -> xr.Dataset:
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


def _draws(changes: Changes | list[Changes], theta: Any) -> Iterator[tuple[Changes, Any]]:
    thetas: list[Any] | None = None if theta is None else list(theta)
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
