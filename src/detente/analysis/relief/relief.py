"""Everything asked of the relief packages of a case, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.analysis.draws import DRAWS, drawn_of
from detente.analysis.parties import counterpart, resolved_country
from detente.analysis.relief.bundles import PACKAGES, Bundles, bundles_of
from detente.analysis.relief.burden import Burden, share_burden
from detente.analysis.relief.certainty import certainty
from detente.analysis.relief.packages import (
    cheapest,
    frontier,
    nash_bargain,
    offers,
    shapley,
    table,
    thinned,
)
from detente.analysis.relief.snapback import SHORT_RUN, SnapBack, snap_back
from detente.analysis.relief.solved import solve_packages, with_cut_offs
from detente.analysis.relief.starts import Starts
from detente.analysis.rows import records
from detente.cases.case import Case, needed
from detente.progress import Progress
from detente.results import Result, columns_in
from detente.simulation.store import default_folder
from detente.world.names import resolve_countries

COMPARED = 6
"""Packages of the frontier that are compared in draws, spread evenly over it."""


@dataclass(frozen=True)
class Requirements:
    """What a package must do, and how the rest is judged.

    Attributes
    ----------
    min_gain, max_leak
        Least gain of the target and largest gain of the rival, in percent of their own incomes.
    short_run
        Elasticities at a snap-back over those of the long run.
    value, weight
        For the Nash bargaining option: what the target's concession is worth to the senders, in
        million USD, and the target's bargaining power; without a value there is no bargain.
    """

    min_gain: float | None = None
    max_leak: float | None = None
    short_run: float = SHORT_RUN
    value: float | None = None
    weight: float = 0.5


@dataclass(frozen=True, eq=False)
class Relief(Result):
    """Relief packages of a case and what follows from them.

    Attributes
    ----------
    title, target, rival, note
        Of the case; how the bundles were made.
    requirements
        As asked.
    packages
        All that were solved; see `solve_packages`.
    frontier
        Those that none dominates, with `cut_off`, the cost of being cut off by the rival.
    contributions
        Shapley value of each bundle in `gain`, `leak` and `cost`; empty after a search.
    offers
        What each coalition of senders can offer at most under the cap on the leak.
    chosen, least_leak
        The cheapest package that meets the requirements, by the senders' cost and by the leak;
        without a floor, the largest gain.
    bargain
        Nash's package, if a value was given.
    snap_back
        Of the chosen package.
    burden
        Transfers that share the chosen package's effect equally among its senders; None for one
        country.
    certainty
        What those of the frontier, those picked and those offered do in draws of all that is
        uncertain, and in which share of the draws each is best; see
        `detente.analysis.relief.certainty.certainty`. None without draws.
    manifest
        What made the numbers.
    """

    units_of = columns_in(
        {
            "percent of income": "gain, leak, cut_off, needs_all, before, after, gain_low, "
            "gain_median, gain_high, leak_low, leak_median, leak_high",
            "million USD": "cost, through_hubs, transfer, cost_low, cost_median, cost_high",
            "percent of trade": "rival_share",
            "share of draws": "meets, cheapest, least_leak, largest_gain",
        }
    )

    title: str
    target: str
    rival: str
    note: str
    requirements: Requirements
    packages: xr.Dataset
    frontier: xr.Dataset
    contributions: pd.DataFrame
    offers: pd.DataFrame
    chosen: xr.Dataset
    least_leak: xr.Dataset
    bargain: xr.Dataset | None
    snap_back: SnapBack
    burden: Burden | None
    certainty: pd.DataFrame | None
    manifest: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files: those that have rows."""
        best = table(self.frontier).assign(cut_off=self.frontier["cut_off"].values)
        members = pd.DataFrame() if self.burden is None else self.burden.members
        found = {
            "frontier": best.reset_index(),
            "packages": table(self.packages).reset_index(),
            "contributions": self.contributions.reset_index(),
            "offers": self.offers,
            "burden": members.reset_index(),
            "certainty": pd.DataFrame() if self.certainty is None else self.certainty.reset_index(),
        }
        return {name: rows for name, rows in found.items() if len(rows)}

    def document(self) -> dict[str, Any]:
        """Everything but the packages off the frontier, as plain data."""
        tables, shared = self.tables(), self.burden
        picked = {"chosen": self.chosen, "least_leak": self.least_leak, "bargain": self.bargain}
        chosen = {
            name: None if p is None else records(table(p.expand_dims("package")).reset_index())[0]
            for name, p in picked.items()
        }
        return {
            "title": self.title,
            "target": self.target,
            "rival": self.rival,
            "note": self.note,
            "requirements": asdict(self.requirements),
            "frontier": records(tables["frontier"]),
            "contributions": records(self.contributions.reset_index()),
            "offers": records(tables["offers"]),
            **chosen,
            "snap_back": asdict(self.snap_back),
            "burden": shared
            and {
                "common": shared.common,
                "spread": shared.spread,
                "members": records(tables["burden"]),
            },
            "certainty": None if self.certainty is None else records(tables["certainty"]),
            "manifest": self.manifest,
        }


def relief(
    case: Case,
    senders: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    degrees: Sequence[float] = (1.0,),
    rival: str | None = None,
    requirements: Requirements | None = None,
    store: Path | None = None,
    progress: Progress | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Relief:
    """Solve the relief packages of a case and read everything asked of them.

    Parameters
    ----------
    case, senders, measures, degrees
        What may be eased; see `detente.analysis.relief.bundles.bundles_of`.
    rival
        The country to which relief may leak; by default the case's rival, or where it names none
        the target's largest trading partner that is no sender.
    requirements
        Floors, caps and weights; by default none.
    store
        Folder that keeps what every package does, and draws, for the next time; by default in the
        user's cache. Other requirements of the same packages then take two seconds.
    progress
        Called with (packages and draws done, both in all).
    draws
        Draws of all that the case calls uncertain, for the certainty of packages, an even number;
        0 leaves it out.
    seed
        Of the draws.

    Raises
    ------
    ScenarioError
        Nothing to ease, or requirements that no package meets; the message names the nearest
        feasible.
    ConvergenceError
        A package without an equilibrium.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> chosen = ["us-banks-2022", "us-potash-2021"]
    >>> relief(load_case("belarus-2025"), measures=chosen, draws=0).chosen["words"].item()
    'everything'
    """
    case, asked = needed(case, "searched for relief"), requirements or Requirements()
    rival = counterpart(case) if rival is None else resolved_country(case, rival)
    bundles = bundles_of(case, senders, measures, degrees, rival)
    starts = Starts(bundles) if bundles.complete else None
    count, kept = drawn_of(case, draws), store or default_folder()

    def tell(done: int, total: int, before: int = 0) -> None:
        if progress is not None:
            progress(before + done, before + total + (0 if before else count))

    packages = solve_packages(
        bundles, rival, max_leak=asked.max_leak, starts=starts, store=kept, progress=tell
    )
    floor, cap = asked.min_gain, asked.max_leak
    chosen = cheapest(packages, floor, cap)
    levels = bundles.levels_at(chosen["degree"].values)
    found = Relief(
        title=case.title,
        target=bundles.target,
        rival=rival,
        note=bundles.note,
        requirements=asked,
        packages=packages,
        frontier=with_cut_offs(bundles, frontier(packages), starts, kept),
        contributions=pd.DataFrame(
            {k: shapley(packages, k).to_series() for k in ("gain", "leak", "cost")}
            if bundles.complete
            else None
        ),
        offers=offers(packages, cap),
        chosen=chosen,
        least_leak=cheapest(packages, floor, cap, by="leak"),
        bargain=None
        if asked.value is None
        else nash_bargain(packages, asked.value, asked.weight, cap),
        snap_back=snap_back(bundles, levels, asked.short_run),
        burden=_shared(bundles, chosen),
        certainty=None,
        manifest={**packages.attrs, "requirements": asdict(asked)},
    )
    if not count:
        return found
    in_draws = certainty(
        case,
        bundles,
        _compared(found),
        floor,
        cap,
        draws=draws,
        seed=seed,
        store=kept,
        progress=partial(tell, before=packages.sizes["package"]),
    )
    manifest = {**found.manifest, "draws": count, "seed": seed}
    return replace(found, certainty=in_draws, manifest=manifest)


def _compared(found: Relief) -> xr.Dataset:
    """Packages of the frontier, those picked, and those offered, by ascending gain."""
    packages, best = found.packages, thinned(found.frontier, COMPARED)
    picked = [p for p in (found.chosen, found.least_leak, found.bargain) if p is not None]
    numbers = {*best["package"].values.tolist(), *(int(p["package"]) for p in picked)}
    wanted = np.isin(packages["package"].values, list(numbers))
    wanted |= np.isin(packages["words"].values, found.offers["words"])
    compared = packages.isel(package=np.flatnonzero(wanted))
    return compared.isel(package=np.argsort(compared["gain"].values, kind="stable"))


def _shared(bundles: Bundles, chosen: xr.Dataset) -> Burden | None:
    """Share the effect of a package among those who ease something in it."""
    eased = np.flatnonzero(chosen["degree"].values)
    senders = list(dict.fromkeys(s for b in eased for s in bundles.bundles[b].sender.split("+")))
    if not senders or len(resolve_countries(senders, bundles.world.countries)) < 2:
        return None
    costs = bundles.costs(bundles.levels_at(chosen["degree"].values)[None])
    return share_burden(bundles.simulation.respond(costs, PACKAGES), senders)
