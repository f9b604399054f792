"""Choosing among relief packages: frontier, Shapley values, prices, coalitions, bargaining."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array, Flags, Positions
from detente.errors import ScenarioError

COLUMNS = ["words", "gain", "gain_usd", "leak", "leak_usd", "cost", "through_hubs", "rival_share"]


def frontier(packages: xr.Dataset) -> xr.Dataset:
    """Packages that no other dominates: more gain, less leak, less cost to the senders.

    A package is dominated if another is at least as good in all three and better in one.

    Parameters
    ----------
    packages
        From `detente.analysis.relief.relief.relief`.

    Returns
    -------
    Dataset
        Those packages, by ascending gain.

    Examples
    --------
    >>> table = xr.Dataset(
    ...     {k: ("package", v) for k, v in {"gain": [0.0, 1.0, 1.0], "leak": [0.0, 0.2, 0.3],
    ...      "cost": [0.0, 5.0, 5.0]}.items()}, coords={"package": [0, 1, 2]})
    >>> frontier(table)["package"].values.tolist()
    [0, 1]
    """
    losses = np.stack(
        [-packages["gain"].values, packages["leak"].values, packages["cost"].values], axis=1
    )
    best = packages.isel(package=np.flatnonzero(_undominated(losses)))
    return best.isel(package=np.argsort(best["gain"].values, kind="stable"))


def _undominated(losses: Array) -> Flags:
    """Rows [row, objective] that no other row is at most as large as in all, less in one."""
    kept = np.ones(len(losses), bool)
    for row in np.lexsort(losses.T[::-1]):
        if kept[row]:
            worse = (losses >= losses[row]).all(1) & (losses > losses[row]).any(1)
            kept &= ~worse
    return kept


def shapley(packages: xr.Dataset, of: str = "gain") -> xr.DataArray:
    """Shapley value of each bundle: its mean contribution over all orders of easing.

    Parameters
    ----------
    packages
        Every package; degrees between none and the highest are left out.
    of
        A variable by package: `gain`, `leak`, `cost`, ...

    Returns
    -------
    DataArray
        By `bundle`, in the units of the variable; sums to its value when everything is eased,
        less its value when nothing is. Shapley (1953), "A value for n-person games".

    Raises
    ------
    ScenarioError
        Not every package was solved.
    """
    degree = packages["degree"].values
    n, most = degree.shape[1], degree.max()
    ends = ((degree == 0) | (degree == most)).all(1)
    bits = (degree[ends] > 0) @ (1 << np.arange(n))
    if not np.array_equal(np.sort(bits), np.arange(1 << n)):
        raise ScenarioError(
            f"Shapley values need all {1 << n:,} packages of {n} bundles, and "
            f"{len(set(bits.tolist())):,} were solved: choose at most 12 measures"
        )
    value = np.empty(1 << n)
    value[bits] = packages[of].values[ends]
    size = np.bitwise_count(np.arange(1 << n)).astype(int)
    weight = np.array([factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)])
    shares = []
    for bundle in range(n):
        without = np.flatnonzero((np.arange(1 << n) >> bundle) & 1 == 0)
        rise = value[without | (1 << bundle)] - value[without]
        shares.append(float(weight[size[without]] @ rise))
    attrs = {**packages[of].attrs, "of": of}
    return xr.DataArray(
        shares, [("bundle", packages["bundle"].values)], name="shapley", attrs=attrs
    )


def cheapest(
    packages: xr.Dataset,
    min_gain: float | None = None,
    max_leak: float | None = None,
    by: str = "cost",
) -> xr.Dataset:
    """The price of a concession: the cheapest package that gives the target enough.

    Parameters
    ----------
    packages
        From `detente.analysis.relief.relief.relief`.
    min_gain
        Least gain of the target, in percent of its income.
    max_leak
        Largest gain of the rival, in percent of its income.
    by
        What is cheap: `cost` to all senders together, ties by leak; or `leak`, ties by cost.
        Without a floor, the package with the largest gain within the cap.

    Raises
    ------
    ScenarioError
        No package is enough; the message says which floor, and which cap, can be met.
    """
    gain, leak, cost = (packages[k].values for k in ("gain", "leak", "cost"))
    within, enough = limits_kept(gain, leak, min_gain, max_leak)
    _feasible(packages, within, enough, min_gain, max_leak)
    chosen = np.flatnonzero(within & enough)
    if min_gain is None:
        order = np.lexsort((cost[chosen], leak[chosen], -gain[chosen]))
    else:
        first, second = (leak, cost) if by == "leak" else (cost, leak)
        order = np.lexsort((second[chosen], first[chosen]))
    return packages.isel(package=int(chosen[order[0]]))


def limits_kept(
    gain: Array, leak: Array, min_gain: float | None, max_leak: float | None
) -> tuple[Flags, Flags]:
    """Where the rival gains not too much, and where the target gains enough.

    >>> within, enough = limits_kept(np.array([0.4, 0.6]), np.array([0.0, 0.3]), 0.5, 0.2)
    >>> within.tolist(), enough.tolist()
    ([True, False], [False, True])
    """
    within: Flags = leak <= (np.inf if max_leak is None else max_leak)
    enough: Flags = gain >= (-np.inf if min_gain is None else min_gain)
    return within, enough


def _feasible(
    packages: xr.Dataset,
    within: Flags,
    enough: Flags,
    min_gain: float | None,
    max_leak: float | None,
) -> None:
    gain, leak, words = (packages[k].values for k in ("gain", "leak", "words"))
    target, rival = packages.attrs["target"], packages.attrs["rival"]
    if not within.any():
        near = int(leak.argmin())
        raise ScenarioError(
            f"no package keeps the gain of {rival} to {max_leak:g} percent; the nearest feasible "
            f"cap is {_up(leak[near])} ({words[near]})"
        )
    if not enough.any():
        near = int(gain.argmax())
        raise ScenarioError(
            f"no package gives {target} {min_gain:g} percent; the nearest feasible floor is "
            f"{_down(gain[near])} ({words[near]})"
        )
    if not (within & enough).any():
        most = int(np.where(within, gain, -np.inf).argmax())
        least = int(np.where(enough, leak, np.inf).argmin())
        raise ScenarioError(
            f"no package gives {target} {min_gain:g} percent while {rival} gains at most "
            f"{max_leak:g} percent; nearest feasible: a floor of {_down(gain[most])} under "
            f"that cap ({words[most]}), or a cap of {_up(leak[least])} over that floor "
            f"({words[least]})"
        )


def _down(value: float) -> str:
    """A number of four decimals that is not above the value."""
    return f"{np.floor(1e4 * value) / 1e4:.4f}"


def _up(value: float) -> str:
    return f"{np.ceil(1e4 * value) / 1e4:.4f}"


def offers(packages: xr.Dataset, max_leak: float | None = None) -> pd.DataFrame:
    """What each coalition of senders can offer at most, alone.

    Returns
    -------
    DataFrame
        One row for each coalition: the package with the largest gain that uses its members'
        measures only (under the cap on the leak, if any), and all that package does. `needs_all`
        is the part of its gain, in percent of income, that no smaller coalition can offer.
    """
    senders = [str(s) for s in packages["sender"].values]
    rows: dict[tuple[str, ...], dict[str, object]] = {}
    for size in range(1, len(senders) + 1):
        for coalition in combinations(senders, size):
            best = cheapest(_of(packages, coalition), None, max_leak)
            row = {name: best[name].item() for name in COLUMNS}
            smaller = [float(rows[c]["gain"]) for c in combinations(coalition, size - 1) if c]  # type: ignore[arg-type]
            row["needs_all"] = float(best["gain"]) - max(smaller, default=0.0)
            rows[coalition] = row
    table = pd.DataFrame(list(rows.values()))
    table.insert(0, "coalition", [" + ".join(c) for c in rows])
    return table


def _of(packages: xr.Dataset, coalition: tuple[str, ...]) -> xr.Dataset:
    """Packages that ease measures of the coalition only."""
    others = [not set(s.split("+")) <= set(coalition) for s in packages["sender_of"].values]
    return packages.isel(package=np.flatnonzero((packages["degree"].values[:, others] == 0).all(1)))


def nash_bargain(
    packages: xr.Dataset, value: float, weight: float = 0.5, max_leak: float | None = None
) -> xr.Dataset:
    """Nash bargaining solution over packages, one option among others.

    The package that maximises (target's gain)^weight (senders' gain + value)^(1-weight), both in
    million USD and both positive, with no package and no concession if they fail to agree.

    Parameters
    ----------
    packages
        From `detente.analysis.relief.relief.relief`.
    value
        What the target's concession is worth to the senders, in million USD, whatever the package:
        a judgement, stated by the user, not an estimate.
    weight
        Bargaining power of the target, above 0 and below 1.
    max_leak
        As in `cheapest`.

    Raises
    ------
    ScenarioError
        A weight out of range, or no package that leaves both sides better off.
    """
    if not 0 < weight < 1:
        near = min(max(weight, 0.01), 0.99)
        raise ScenarioError(f"bargaining weight {weight:g} must lie between 0 and 1, as {near:g}")
    within = packages["leak"].values <= (np.inf if max_leak is None else max_leak)
    target, senders = packages["gain_usd"].values, value - packages["cost"].values
    agreed = within & (target > 0) & (senders > 0)
    if not agreed.any():
        allowed = within & (target > 0)
        least = f"{packages['cost'].values[allowed].min():.4g}" if allowed.any() else "none"
        raise ScenarioError(
            f"no package leaves both sides better off with a concession worth {value:g} million; "
            f"it must be worth more than {least}"
        )
    log = np.full(target.shape, -np.inf)
    log[agreed] = weight * np.log(target[agreed]) + (1 - weight) * np.log(senders[agreed])
    return packages.isel(package=int(log.argmax()))


def table(packages: xr.Dataset, most: int | None = None) -> pd.DataFrame:
    """Packages as rows; at most `most`, spread evenly over their order."""
    picked = packages if most is None else thinned(packages, most)
    rows = {name: picked[name].values for name in COLUMNS}
    for place, sender in enumerate(picked["sender"].values):
        rows[f"{sender}_usd"] = picked["sender_usd"].values[:, place]
    return pd.DataFrame(rows, index=pd.Index(picked["package"].values, name="package"))


def thinned(packages: xr.Dataset, most: int) -> xr.Dataset:
    """At most so many packages, spread evenly over their order."""
    last = packages.sizes["package"] - 1
    chosen: Positions = np.linspace(0, last, min(most, last + 1)).round().astype(int)
    return packages.isel(package=chosen)
