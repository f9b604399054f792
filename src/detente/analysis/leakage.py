"""What goes round the sanctions in a case: channels, routes, break-even, enforcement."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.channels import CHANNELS, BreakEven, Channels, enforcement
from detente.analysis.draws import DRAWS, Sample, bands, determined, drawn_of, samples_of
from detente.analysis.rows import records
from detente.analysis.supply import supply_links
from detente.cases.case import Case, needed
from detente.equilibrium.threads import one_thread
from detente.errors import ScenarioError
from detente.policy.register import look_up
from detente.policy.scenario import Routes
from detente.progress import Progress, in_steps
from detente.results import Result, columns_in
from detente.simulation.about import About
from detente.simulation.evaluation import Quantity
from detente.simulation.metrics import METRICS
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, simulate
from detente.simulation.store import Store
from detente.world.names import resolve_countries

ENFORCEMENT = [1.0, 1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 1.5]


@dataclass(frozen=True, eq=False)
class CaseLeakage(Result):
    """Circumvention in a case.

    Attributes
    ----------
    title, country, hub
        Of the case; whose welfare is explained; where enforcement is tried.
    titles
        Scenario name to title.
    channels
        Percent of income by scenario and channel, with the total.
    routes
        Trade of the first lane by scenario and route, before and after, million USD; the rise of
        hub margins.
    break_evens
        By scenario.
    drawn
        Name of the scenario whose supply and enforcement are shown.
    supply, enforcement
        Of that scenario; see `supply_links` and `enforcement`.
    certainty
        What it does in draws of what is uncertain, if any were made: by `quantity`, its `unit`,
        `low`, `median` and `high` of its change (5, 50 and 95 percent points), and the share of the
        draws in which it `rises`. The country's `welfare`; the share of the first lane's goods
        `through_hubs`, and `through_hub`, the one where enforcement is tried.
    manifest
        What made the numbers.
    """

    units_of = columns_in(
        {
            "million USD": "margin, value, direct, through_hubs, margins",
            "ratio": "mu_hat, offset_ratio",
            "share": "share_through_hubs",
            "share of draws": "rises",
            "as column unit says": "low, median, high",
            "percent of income": f"{', '.join(CHANNELS)}, total, welfare",
        }
    )

    title: str
    country: str
    hub: str
    titles: dict[str, str]
    channels: pd.DataFrame
    routes: pd.DataFrame
    break_evens: dict[str, BreakEven]
    drawn: str
    supply: pd.DataFrame
    enforcement: pd.DataFrame
    certainty: pd.DataFrame | None
    manifest: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        return {
            "channels": self.channels.reset_index(),
            "routes": self.routes.reset_index(),
            "supply": self.supply,
            "enforcement": self.enforcement.reset_index(),
            **({} if self.certainty is None else {"certainty": self.certainty.reset_index()}),
        }

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        return {
            "title": self.title,
            "country": self.country,
            "hub": self.hub,
            "titles": self.titles,
            **{k: records(t) for k, t in self.tables().items()},
            "break_even": {k: b.words for k, b in self.break_evens.items()},
            "drawn": self.drawn,
            "manifest": self.manifest,
        }


def leakage(
    case: Case,
    drawn: str | None = None,
    hub: str | None = None,
    country: str | None = None,
    progress: Progress | None = None,
    *,
    simulation: Simulation | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    store: Path | None = None,
    samples: Sequence[Sample] = (),
) -> CaseLeakage:
    """Follow what goes round the sanctions in every scenario of a case.

    Parameters
    ----------
    case
        With routes.
    drawn
        Scenario whose supply and enforcement are shown; by default the last easing.
    hub
        Where enforcement is tried; by default the case's target if it is a hub, else the first.
    country
        Whose welfare is explained; by default the case's rival, else where the first lane ends.
    progress
        Called with (scenarios and draws done, both in all).
    simulation
        Of the case, if it is set up already.
    draws
        Draws of all that the case calls uncertain, for the certainty of the scenario drawn, an even
        number; 0 leaves it out.
    seed
        Of the draws.
    store
        Folder that keeps what channels and break-even took, for the next time; by default none.
        Draws are kept there too; by default in the user's cache.
    samples
        What is known already of as many draws of this seed, such as `Evidence.samples`.

    Raises
    ------
    ScenarioError
        The case has no routes, or no such scenario or hub.
    WorldError
        An unknown country.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> found = leakage(load_case("belarus-2025"), draws=0)
    >>> found.country, found.hub, found.break_evens["us-eu-all"].words
    ('RUS', 'BLR', 'RUS gains whether or not goods pass through BLR')
    """
    case = needed(case, "followed")
    drawn, country, hub = _followed(case, drawn, country, hub)
    simulation = simulation or simulate(case)
    explained = Channels(simulation, country, _kept(case, country, store))

    def followed(name: str) -> tuple[pd.Series, BreakEven, pd.DataFrame, dict[str, Any]]:
        found = simulation.outcome(name)
        channels, even = explained.welfare(name)["percent"], explained.break_even(name, hub)
        return channels, even, _by_route(found), found.equilibrium.manifest

    count = drawn_of(case, draws)
    followed_told, drawn_told = in_steps(progress, len(case.scenarios), count)
    channels, evens, routes, manifests = {}, {}, {}, {}
    with one_thread(), ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, parts in zip(case.scenarios, pool.map(followed, case.scenarios), strict=True):
            channels[name], evens[name], routes[name], manifests[name] = parts
            followed_told(len(channels), len(case.scenarios))
    found = CaseLeakage(
        title=case.title,
        country=country,
        hub=hub,
        titles={name: change.title for name, change in case.scenarios.items()},
        channels=pd.DataFrame(channels).T.rename_axis("scenario"),
        routes=pd.concat(routes, names=["scenario"]),
        break_evens=evens,
        drawn=drawn,
        supply=supply_links(simulation.outcome(drawn)),
        enforcement=enforcement(simulation, drawn, ENFORCEMENT, country, hub),
        certainty=None,
        manifest={"scenarios": manifests},
    )
    if not count:
        return found
    asked = _asked(drawn, country, hub)
    known = samples_of(case, list(asked.values()), draws, seed, samples, store, drawn_told)
    certainty = _certainty(asked, known)
    manifest = {**found.manifest, "draws": count, "seed": seed}
    return replace(found, certainty=certainty, manifest=manifest)


def leak_of(case: Case) -> list[Quantity]:
    """What `leakage` asks of draws of a case by default; nothing of a case without routes."""
    return [] if case.routes is None else list(_asked(*_followed(case)).values())


def _followed(
    case: Case, drawn: str | None = None, country: str | None = None, hub: str | None = None
) -> tuple[str, str, str]:
    """Which scenario is drawn, whose welfare is explained, and where enforcement is tried."""
    drawn = drawn or case.last_easing()
    look_up(case.scenarios, drawn, "scenario")
    countries = case.scenario(drawn).load_world().countries
    country, hub = (
        resolve_countries(name, countries)[0]
        for name in (country or _affected(case), hub or _hub(case, countries))
    )
    return drawn, country, hub


def _asked(drawn: str, country: str, hub: str) -> dict[str, Quantity]:
    """What the certainty of a scenario is about."""
    asked = {
        "welfare": ("welfare", About(country=country)),
        "through_hubs": ("through-hubs", About()),
        "through_hub": ("through-hubs", About(hub=hub)),
    }
    return {name: Quantity(metric, about, drawn) for name, (metric, about) in asked.items()}


def _certainty(asked: dict[str, Quantity], known: Sequence[Sample]) -> pd.DataFrame:
    """What is asked, in draws of what is uncertain; see `CaseLeakage.certainty`."""
    values = np.column_stack(
        [next(drawn for q, drawn in known if q == wanted) for wanted in asked.values()]
    )
    units = [METRICS[q.metric].unit for q in asked.values()]
    columns = {"unit": units, **bands(values), "rises": (values > 0).mean(0)}
    return pd.DataFrame(columns, index=pd.Index(list(asked), name="quantity"))


def _kept(case: Case, country: str, store: Path | None) -> Store | None:
    """Where what is solved of a case and a country is kept."""
    if store is None:
        return None
    return Store.of({**determined(case, "analysis/channels.py"), "country": country}, store)


def _affected(case: Case) -> str:
    """The case's rival, or else where its first lane ends."""
    rival = case.parties.get("rival", [])
    return [*rival, *_routes(case).lanes[0].destinations][0]


def _hub(case: Case, countries: list[str]) -> str:
    """The case's target if it is a hub, or else the first."""
    hubs = resolve_countries(_routes(case).hubs, countries)
    target = resolve_countries(case.target, countries)[0]
    return target if target in hubs else hubs[0]


def _routes(case: Case) -> Routes:
    if case.routes is None:
        raise ScenarioError(
            f"the case {case.title!r} has no routes: nothing leaks; to say what may, add `routes` "
            "with `hubs` (countries that goods may pass through) and `lanes` (origins and "
            "destinations of the goods that may take them)"
        )
    return case.routes


def _by_route(found: Outcome) -> pd.DataFrame:
    leak = found.leakage
    assert leak is not None
    return leak.by_route().join(leak.margins.rename_axis("route"))
