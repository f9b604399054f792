"""Relief packages solved: what each gives the target, costs the senders and leaks to the rival."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from detente.analysis.relief.bundles import PACKAGES, Bundles
from detente.analysis.relief.search import searched
from detente.analysis.relief.starts import Starts
from detente.arrays import Array, Positions
from detente.equilibrium.solve import BATCH
from detente.equilibrium.threads import one_thread
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.routes import DIRECT
from detente.progress import Progress
from detente.simulation.outcome import Outcome
from detente.simulation.store import Store, code_version, library_versions, looked_up
from detente.simulation.trade import by_route, share_of_trade
from detente.world.names import resolve_countries

LARGEST_FREED = 31 << 20
"""Bytes of about the largest block from whose size, once it is freed, glibc learns: 32 MB."""


def solve_packages(
    bundles: Bundles,
    rival: str,
    *,
    max_leak: float | None = None,
    starts: Starts | None = None,
    workers: int | None = None,
    store: Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Solve relief packages, each in full.

    Every package where there are at most 4,096; else those that a greedy search meets, with a
    bound on what it may have missed.

    Parameters
    ----------
    bundles
        What may be eased.
    rival
        The country to which relief may leak.
    max_leak
        For the search: the largest gain of the rival, in percent of its income. An enumeration
        needs none.
    starts
        Keeps what an enumeration learns, for more solves of the same packages.
    workers
        Threads; by default one per processor. The result does not depend on it.
    store
        Folder that keeps what every package does, for the next time; by default none.
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
    >>> from detente.analysis.relief.bundles import bundles_of
    >>> from detente.cases import load_case
    >>> chosen = ["us-banks-2022", "us-potash-2021"]
    >>> found = solve_packages(bundles_of(load_case("belarus-2025"), measures=chosen), "RUS")
    >>> found["words"].values.tolist()
    ['nothing', 'USA: us-banks-2022', 'USA: us-potash-2021', 'everything']
    """
    rival = resolve_countries(rival, bundles.world.countries)[0]
    if rival == bundles.target:
        raise ScenarioError(f"{rival} is the target of relief; name another country as rival")

    def evaluated(
        levels: Positions, total: int, before: int = 0, kept: Store | None = None
    ) -> xr.Dataset:
        def tell(done: int) -> None:
            if progress is not None:
                progress(before + done, total)

        return evaluate(bundles, levels, rival, kept, starts, workers, tell)

    if not bundles.complete:
        return searched(bundles, evaluated, max_leak)
    return evaluated(bundles.all_levels(), bundles.packages, kept=_kept(bundles, rival, store))


def evaluate(
    bundles: Bundles,
    levels: Positions,
    rival: str,
    kept: Store | None = None,
    starts: Starts | None = None,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> xr.Dataset:
    """Solve some packages, given by their levels (package, bundle); see `solve_packages`.

    With `kept`, they are taken from there if they are known, and left there if not.
    """

    def outcomes(package: Outcome) -> Array:
        change = package.after.real_income / package.before.real_income - 1
        share = share_of_trade(package.after, bundles.target, rival)
        routes = by_route(package)[1] if package.routed else np.zeros((1, len(share)))
        return np.concatenate([change, [share, routes[1:].sum(0), routes.sum(0)]])

    def solve() -> Array:
        begun = starts or (Starts(bundles) if bundles.complete else None)
        return _read(bundles, levels, outcomes, begun, workers, progress)

    shape = (len(bundles.world.countries) + 3, len(levels))
    return _labelled(bundles, levels, rival, looked_up(kept, 0, shape, solve))


def with_cut_offs(
    bundles: Bundles,
    packages: xr.Dataset,
    starts: Starts | None = None,
    store: Path | None = None,
) -> xr.Dataset:
    """Add what being cut off by the rival would cost the target under packages of the frontier.

    One more full solve for each: `cut_off`, welfare of the target in percent if all direct trade
    with the rival is banned, against the same package without the ban. With `store`, as in
    `solve_packages`, those of a frontier of all packages are kept.
    """
    simulation, here = bundles.simulation, bundles.world.countries.index(bundles.target)
    rival = str(packages.attrs["rival"])
    cut_off = (bundles.target, (rival,))

    def loss(package: Outcome) -> Array:
        near = package.after.shifted(package.before, simulation.cut_before(cut_off))
        cut = simulation.cut(package.costs, [cut_off], near)
        lost: Array = 100 * (cut.real_income[here] / package.after.real_income[here] - 1)
        return lost

    def solve() -> Array:
        with one_thread():
            simulation.cut_before(cut_off)  # made once, before threads ask
        return _read(bundles, bundles.levels_at(packages["degree"].values), loss, starts)[None]

    kept = _kept(bundles, rival, store)
    losses = looked_up(kept, 1, (1, packages.sizes["package"]), solve)[0]
    return packages.assign(cut_off=("package", losses, {"units": "percent of income"}))


def _kept(bundles: Bundles, rival: str, store: Path | None) -> Store | None:
    """Where what all packages do is kept."""
    if store is None or not bundles.complete:
        return None
    return Store.of(_determined(bundles, rival), store)


def _read(
    bundles: Bundles,
    levels: Positions,
    read: Callable[[Outcome], Array],
    starts: Starts | None = None,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Array:
    """What is read of packages, solved layer by layer in batches, [..., package]."""
    simulation = bundles.simulation
    _ = simulation.before, simulation.compiled.route_shares  # made once, before threads ask

    def solve(some: Positions) -> Array:
        start = None if starts is None else starts.near(levels[some])
        try:
            costs, ahead = bundles.costs(levels[some]), starts is not None
            package = simulation.respond(costs, PACKAGES, start, ahead=ahead)
            if starts is not None:
                starts.learn(levels[some], package.after)
            return read(package)
        except ConvergenceError as error:
            words = bundles.words(levels[some[int(str(error.diagnostics.get("draw", 0)))]])
            told = {**error.diagnostics, "package": words}
            raise ConvergenceError(f"package {words!r}: {error}", told) from error

    _keep_freed_memory()
    layers = [np.arange(len(levels))] if starts is None else starts.layers(levels)
    found: list[Array] = []
    solved: list[int] = []
    with one_thread(), ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for layer in layers:
            batches = np.array_split(layer, -(-len(layer) // BATCH))
            for some, part in zip(batches, pool.map(solve, batches), strict=True):
                found.append(part)
                solved.extend(some)
                if progress is not None:
                    progress(len(solved))
    in_order: Array = np.concatenate(found, axis=-1).T[np.argsort(solved)].T
    return in_order


def _keep_freed_memory() -> None:
    """Make the C library keep what batches free for the next, where it is glibc.

    It returns to the system what exceeds twice the largest block it has seen freed; asking for the
    same pages again for every batch took a quarter of the time.
    """
    np.empty(LARGEST_FREED, np.uint8)


def _labelled(bundles: Bundles, levels: Positions, rival: str, found: Array) -> xr.Dataset:
    C, income = bundles.world.countries, bundles.simulation.before.I[:, :1]
    change, (share, through, lane) = found[: len(C)], found[len(C) :]
    percent, usd = 100 * change.T, (change * income).T
    t, r = C.index(bundles.target), C.index(rival)
    members = [[C.index(c) for c in resolve_countries(s, C)] for s in bundles.senders]
    of_senders = np.stack([usd[:, m].sum(1) for m in members], axis=1)
    shares = np.stack([100 * usd[:, m].sum(1) / income[m].sum() for m in members], axis=1)
    everyone = sorted({n for m in members for n in m})
    one, each = ("package",), ("package", "sender")
    in_percent, in_usd = {"units": "percent of income"}, {"units": bundles.world.units}
    columns: dict[str, Any] = {
        "degree": (("package", "bundle"), bundles.degree_of(levels)),
        "gain": (one, percent[:, t], in_percent),
        "gain_usd": (one, usd[:, t], in_usd),
        "leak": (one, percent[:, r], in_percent),
        "leak_usd": (one, usd[:, r], in_usd),
        "sender_percent": (each, shares, in_percent),
        "sender_usd": (each, of_senders, in_usd),
        "cost": (one, -usd[:, everyone].sum(1), in_usd),
        "through_hubs": (one, through, in_usd),
        "hub_share": (one, 100 * np.divide(through, lane, np.zeros(len(lane)), where=lane > 0)),
        "rival_share": (one, 100 * share),
    }
    coords = {
        "package": np.arange(len(levels)),
        "bundle": [b.name for b in bundles.bundles],
        "sender": list(bundles.senders),
        "words": (one, [bundles.words(row) for row in levels]),
        "sender_of": (("bundle",), [b.sender for b in bundles.bundles]),
    }
    return xr.Dataset(columns, coords=coords, attrs=manifest(bundles, rival))


def manifest(bundles: Bundles, rival: str) -> dict[str, Any]:
    """What made the numbers."""
    from detente import __version__

    routes = bundles.simulation.compiler.routes
    return {
        "detente": __version__,
        "world": bundles.world.name,
        "fingerprint": bundles.world.fingerprint,
        "elasticities": str(bundles.world.data.attrs.get("elasticities", "")),
        "deficits": bundles.scenario.deficits,
        "level": bundles.scenario.level,
        "status_quo": str(bundles.scenario.start),
        "target": bundles.target,
        "rival": rival,
        "degrees": list(bundles.degrees),
        "bundles": {b.name: list(b.measures) for b in bundles.bundles},
        "routes": "none" if routes is None else f"{DIRECT}, {', '.join(routes.hubs)}",
        "packages": bundles.packages,
        "note": bundles.note,
    }


def _determined(bundles: Bundles, rival: str) -> dict[str, Any]:
    """All that the numbers depend on."""
    return {
        **manifest(bundles, rival),
        "detente": code_version("analysis/relief/*"),
        "libraries": library_versions(),
        "scenario": bundles.scenario.model_dump(mode="json"),
        "posterior": bundles.scenario.confirmed.fingerprint,
    }
