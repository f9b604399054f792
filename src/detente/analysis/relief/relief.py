"""Relief packages: what each gives the target, costs the senders and leaks to the rival."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from detente.analysis.relief.menu import Menu
from detente.analysis.relief.search import searched
from detente.arrays import Array, Positions
from detente.equilibrium import Equilibrium, solve
from detente.equilibrium.baseline import baseline_of
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.problem import Deficits
from detente.errors import ScenarioError
from detente.policy.routes import DIRECT, RoutedChanges
from detente.world.names import resolve_countries

RIVAL = "RUS"
CHUNK = 64
"""Packages handed to the threads at a time, so that few equilibria are in memory at once."""


class Outcome(NamedTuple):
    """What one package does."""

    real_income: Array  # [n] change, as a fraction
    bilateral: float  # share of the rival in the target's trade
    through_hubs: float  # trade of the first lane through hubs
    lane: float  # trade of the first lane


def relief(
    menu: Menu,
    rival: str = RIVAL,
    *,
    max_leak: float | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Solve relief packages, each in full.

    Every package where there are at most 4,096; else those that a greedy search meets, with a
    bound on what it may have missed.

    Parameters
    ----------
    menu
        What may be eased.
    rival
        The country to which relief may leak.
    max_leak
        For the search: the largest gain of the rival, in percent of its income. An enumeration
        needs none.
    workers
        Threads; by default one per processor. The result does not depend on it.
    progress
        Called with (packages done, packages in all).

    Returns
    -------
    Dataset
        By `package`: `degree` (package, bundle) of easing; `gain` of the target and `leak`,
        the gain of the rival, in percent of income, `gain_usd` and `leak_usd` in million USD
        (equivalent variation); `sender` and `sender_usd` (package, sender) likewise for each
        sender; `cost`, the loss of all senders together in million USD, negative where they gain;
        `through_hubs`, goods of the case's first lane through hubs in million USD, and
        `hub_share`, their share of the lane in percent; `rival_share`, the rival's share of the
        target's trade in percent. `words` names each package.

    Raises
    ------
    ScenarioError
        The rival is the target.
    ConvergenceError
        A package without an equilibrium.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> from detente.analysis.relief.menu import menu_of
    >>> menu = menu_of(load_case("belarus-2025"), measures=["us-banks-2022", "us-potash-2021"])
    >>> found = relief(menu)
    >>> found["words"].values.tolist()
    ['nothing', 'USA: us-banks-2022', 'USA: us-potash-2021', 'everything']
    """
    rival = resolve_countries(rival, menu.world.countries)[0]
    if rival == menu.target:
        raise ScenarioError(f"{rival} is the target of relief; name another country as rival")

    def evaluated(levels: Positions, total: int | None = None, before: int = 0) -> xr.Dataset:
        def tell(done: int) -> None:
            if progress is not None:
                progress(before + done, total or len(levels))

        return evaluate(menu, levels, rival, workers=workers, progress=tell)

    if menu.complete:
        return evaluated(menu.all_levels())
    return searched(menu, evaluated, max_leak)


def evaluate(
    menu: Menu,
    levels: Positions,
    rival: str = RIVAL,
    *,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> xr.Dataset:
    """Solve some packages, given by their levels (package, bundle); see `relief`."""
    closure = menu.scenario.deficits
    baseline_of(balanced(menu.world) if closure == "zero" else menu.world)
    if menu.routes is not None:
        menu.routes.baseline_shares()

    def outcome(row: Positions) -> Outcome:
        return _outcome(menu, row, rival, closure)

    found: list[Outcome] = []
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for start in range(0, len(levels), CHUNK):
            found += pool.map(outcome, levels[start : start + CHUNK])
            if progress is not None:
                progress(len(found))
    return _labelled(menu, levels, rival, found)


def _outcome(menu: Menu, levels: Positions, rival: str, closure: Deficits) -> Outcome:
    changes, routed = menu.changes(levels), None
    if menu.routes is not None:
        routed = menu.routes.apply(changes)
        changes = routed.changes
    equilibrium = solve(menu.world, changes, deficits=closure)
    income = baseline_of(equilibrium.world).income
    real_income = equilibrium.solution.I / income / equilibrium.P_final_hat - 1
    through, lane = _first_lane(routed, equilibrium)
    return Outcome(real_income, share_of_trade(equilibrium, menu.target, rival), through, lane)


def with_cut_offs(menu: Menu, packages: xr.Dataset, workers: int | None = None) -> xr.Dataset:
    """Add what being cut off by the rival would cost the target under some packages.

    One more full solve for each: `cut_off`, welfare of the target in percent if all direct trade
    with the rival is banned, against the same package without the ban.
    """
    rival, closure = str(packages.attrs["rival"]), menu.scenario.deficits
    here = menu.world.countries.index(menu.target)

    def cost(row: Array) -> float:
        changes = menu.changes(menu.levels_at(row))
        changes = changes.ban(menu.target, rival).ban(rival, menu.target)
        if menu.routes is not None:
            changes = menu.routes.apply(changes).changes
        return float(solve(menu.world, changes, deficits=closure).welfare.values[here])

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        alone = np.array(list(pool.map(cost, packages["degree"].values)))
    loss = 100 * ((100 + alone) / (100 + packages["gain"].values) - 1)
    return packages.assign(cut_off=("package", loss, {"units": "percent of income"}))


def share_of_trade(equilibrium: Equilibrium, target: str, partner: str) -> float:
    """Share of a partner in the exports and imports of a country together."""
    C = equilibrium.world.countries
    t, p = C.index(target), C.index(partner)
    bought, sold = _purchases(equilibrium, [t])[:, 0], _sales(equilibrium, t)
    abroad = bought.sum(0) + sold.sum(0)
    abroad[t] = 0.0
    return float(abroad[p] / abroad.sum())


def _purchases(equilibrium: Equilibrium, buyers: list[int]) -> Array:
    """Trade (sector, destination, origin) of some destinations, tariffs included."""
    s = equilibrium.solution
    demand = (s.X * s.P**s.theta)[buyers].T
    purchases: Array = s.A[:, buyers, :] * (s.c.T ** -s.theta[:, None])[:, None, :]
    purchases *= demand[:, :, None]
    return purchases


def _sales(equilibrium: Equilibrium, seller: int) -> Array:
    """Sales (sector, destination) of one origin, tariffs included."""
    s = equilibrium.solution
    power = s.c[seller] ** -s.theta
    sales: Array = s.A[:, :, seller] * (s.X * s.P**s.theta).T * power[:, None]
    return sales


def _first_lane(routed: RoutedChanges | None, equilibrium: Equilibrium) -> tuple[float, float]:
    """Goods of the first lane through hubs, and in all, in the world's units."""
    if routed is None:
        return 0.0, 0.0
    C, S = equilibrium.world.countries, equilibrium.world.sectors
    lane = routed.choice.lanes[0]
    j = [S.index(s) for s in routed.choice.sectors]
    n, i = [C.index(c) for c in lane.destinations], [C.index(c) for c in lane.origins]
    flows = _purchases(equilibrium, n)[np.ix_(j, range(len(n)), i)]
    flows = np.where(np.array(n)[:, None] == np.array(i), 0.0, flows)
    through = routed.shares[0][1][1:].sum(0) * flows
    return float(through.sum()), float(flows.sum())


def _labelled(menu: Menu, levels: Positions, rival: str, found: list[Outcome]) -> xr.Dataset:
    world = balanced(menu.world) if menu.scenario.deficits == "zero" else menu.world
    C, income = world.countries, world.income.values
    percent = 100 * np.array([o.real_income for o in found])
    usd = percent / 100 * income
    t, r = C.index(menu.target), C.index(rival)
    members = [[C.index(c) for c in resolve_countries(s, C)] for s in menu.senders]
    of_senders = np.stack([usd[:, m].sum(1) for m in members], axis=1)
    shares = np.stack([100 * usd[:, m].sum(1) / income[m].sum() for m in members], axis=1)
    everyone = sorted({n for m in members for n in m})
    through, lane = (np.array([getattr(o, k) for o in found]) for k in ("through_hubs", "lane"))
    one, each = ("package",), ("package", "sender")
    columns: dict[str, Any] = {
        "degree": (("package", "bundle"), menu.degree_of(levels)),
        "gain": (one, percent[:, t], {"units": "percent of income"}),
        "gain_usd": (one, usd[:, t], {"units": world.units}),
        "leak": (one, percent[:, r], {"units": "percent of income"}),
        "leak_usd": (one, usd[:, r], {"units": world.units}),
        "sender_percent": (each, shares, {"units": "percent of income"}),
        "sender_usd": (each, of_senders, {"units": world.units}),
        "cost": (one, -usd[:, everyone].sum(1), {"units": world.units}),
        "through_hubs": (one, through, {"units": world.units}),
        "hub_share": (one, 100 * np.divide(through, lane, np.zeros(len(lane)), where=lane > 0)),
        "rival_share": (one, 100 * np.array([o.bilateral for o in found])),
    }
    coords = {
        "package": np.arange(len(levels)),
        "bundle": [c.name for c in menu.bundles],
        "sender": list(menu.senders),
        "words": (one, [menu.words(row) for row in levels]),
        "sender_of": (("bundle",), [c.sender for c in menu.bundles]),
    }
    return xr.Dataset(columns, coords=coords, attrs=manifest(menu, rival))


def manifest(menu: Menu, rival: str) -> dict[str, Any]:
    """What made the numbers."""
    from detente import __version__

    return {
        "detente": __version__,
        "world": menu.world.name,
        "fingerprint": menu.world.fingerprint,
        "elasticities": str(menu.world.data.attrs.get("elasticities", "")),
        "deficits": menu.scenario.deficits,
        "level": menu.scenario.level,
        "status_quo": str(menu.scenario.start),
        "target": menu.target,
        "rival": rival,
        "degrees": list(menu.degrees),
        "bundles": {c.name: list(c.measures) for c in menu.bundles},
        "routes": "none" if menu.routes is None else f"{DIRECT}, {', '.join(menu.routes.hubs)}",
        "packages": menu.packages,
        "note": menu.note,
    }
