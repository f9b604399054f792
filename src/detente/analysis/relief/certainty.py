"""How certain it is what relief packages do, and which is best: in draws of what is uncertain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from detente.analysis.draws import bands, in_draws
from detente.analysis.relief.bundles import Bundles
from detente.analysis.relief.packages import limits_kept
from detente.arrays import Array, Flags
from detente.cases.case import Case
from detente.policy.scenario import Change
from detente.progress import Progress
from detente.simulation.about import About
from detente.simulation.evaluation import Quantity
from detente.world.names import resolve_countries


def certainty(
    case: Case,
    bundles: Bundles,
    packages: xr.Dataset,
    min_gain: float | None = None,
    max_leak: float | None = None,
    *,
    draws: int,
    seed: int = 0,
    store: Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Solve some packages in draws of all that a case calls uncertain.

    Parameters
    ----------
    case, bundles
        The case, and what of it may be eased.
    packages
        Those to compare, out of all; see `detente.analysis.relief.solved.solve_packages`.
    min_gain, max_leak
        What a package must do; see `detente.analysis.relief.packages.cheapest`.
    draws, seed
        Of the draws, an even number; the same as those of `detente.assess` and `detente.weigh`.
    store
        Folder that keeps draws; by default the user's cache.
    progress
        Called with (draws done, draws in all).

    Returns
    -------
    DataFrame
        By `package`, and in `words`: `gain`, `leak` (percent of income) and `cost` (million USD),
        each with `_low`, `_median` and `_high`, the 5, 50 and 95 percent points; and shares of
        the draws: `meets`, in which the package does what it must, and in which it is the best of
        the compared that do: `cheapest` for the senders, of `least_leak`, and of `largest_gain`.

    Raises
    ------
    ConvergenceError
        A draw has no equilibrium; says under which assumptions.

    Examples
    --------
    >>> from detente.analysis.relief.bundles import bundles_of
    >>> from detente.analysis.relief.solved import solve_packages
    >>> from detente.cases import load_case
    >>> case = load_case("belarus-2025")
    >>> bundles = bundles_of(case, measures=["us-potash-2021"])
    >>> found = certainty(case, bundles, solve_packages(bundles, "RUS"), draws=2)
    >>> found.set_index("words")["largest_gain"].to_dict()
    {'nothing': 0.0, 'everything': 1.0}
    """
    drawn = _solved(case, bundles, packages, draws, seed, store, progress)
    columns = {f"{name}_{end}": at for name in drawn for end, at in bands(drawn[name].T).items()}
    gain, leak = drawn["gain"], drawn["leak"]
    meets = np.logical_and(*limits_kept(gain, leak, min_gain, max_leak))
    columns["meets"] = meets.mean(1)
    losses = {"cheapest": drawn["cost"], "least_leak": leak, "largest_gain": -gain}
    columns |= {name: _share_best(meets, loss) for name, loss in losses.items()}
    index = pd.Index(packages["package"].values, name="package")
    table = pd.DataFrame(columns, index=index)
    table.insert(0, "words", packages["words"].values)
    return table


def _share_best(meets: Flags, losses: Array) -> Array:
    """Share of the draws in which each package loses least of those that do what they must."""
    best = np.where(meets, losses, np.inf).argmin(0)
    won = np.bincount(best[meets.any(0)], minlength=len(losses))
    share: Array = won / meets.shape[1]
    return share


def _solved(
    case: Case,
    bundles: Bundles,
    packages: xr.Dataset,
    draws: int,
    seed: int,
    store: Path | None,
    progress: Progress | None,
) -> dict[str, Array]:
    """Gain, leak and cost of the packages as scenarios of the case, [package,draw] each."""
    scenarios = as_scenarios(case, bundles, packages)
    target, rival = (str(packages.attrs[k]) for k in ("target", "rival"))
    senders = resolve_countries(list(bundles.senders), bundles.world.countries)
    columns = [("welfare", target), ("welfare", rival)]
    columns += [("equivalent-variation", sender) for sender in senders]
    quantities = [
        Quantity(metric, About(country=country), name)
        for name in scenarios.scenarios
        for metric, country in columns
    ]
    values = in_draws(scenarios, quantities, draws, seed, store=store, progress=progress)
    found = values.T.reshape(len(scenarios.scenarios), len(columns), -1)
    return {"gain": found[:, 0], "leak": found[:, 1], "cost": -found[:, 2:].sum(1)}


def as_scenarios(case: Case, bundles: Bundles, packages: xr.Dataset) -> Case:
    """The case with some packages in place of its scenarios, each under its number."""
    everything = bundles.scenario
    scenarios = {}
    for number in packages["package"].values:
        package = packages.sel(package=number)
        scenarios[str(number)] = Change(
            title=str(package["words"].item()),
            ease=_eased(bundles, package["degree"].values),
            form=everything.form,
            reversible=everything.reversible,
        )
    return case.model_copy(update={"scenarios": scenarios, "measures": everything.measures})


def _eased(bundles: Bundles, degrees: Array) -> dict[str, float]:
    """Degree to which a package eases each measure that it eases."""
    return {
        name: float(degree)
        for bundle, degree in zip(bundles.bundles, degrees, strict=True)
        for name in bundle.measures
        if degree
    }
