"""What the results say: sentences, and the rows that the tables show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from detente.analysis.draws import DRAWS
from detente.app.bands import banded, has_bands
from detente.app.controls import rest_of
from detente.app.names import countries_of, country_names, in_sectors, sector_names
from detente.app.results import Results, Scored, results_of, scored_at
from detente.app.state import Panel, State
from detente.app.views import measures, why
from detente.app.views.form import strength
from detente.app.views.maps import Map, map_of
from detente.errors import ConvergenceError
from detente.policy.scenario import Scenario
from detente.report import text
from detente.report.commodity_tables import Line

MOVERS = 5
"""Gainers, and losers, beside the target that are shown."""
SECTORS = 8
Explain = Callable[[Panel, str], pd.DataFrame]
"""Finds a country's welfare by channel in the scenario of a panel."""
NOTEWORTHY = 0.05
"""Million dollars below which a gain or loss is not listed."""


@dataclass(frozen=True, eq=False)
class View:
    """One scenario with its results, for the templates."""

    name: str
    panel: Panel
    results: Results
    explained: str
    channels: pd.DataFrame | None = None

    @property
    def title(self) -> str:
        """Of the scenario."""
        return self.results.scenario.title

    @property
    def headline(self) -> str:
        """What the scenario means for the target, in a sentence."""
        percent, million = self.results.welfare(self.results.target)
        name = text.called(self.results.target)
        if not signed(percent, 3).strip("0."):
            return f"Nothing changes for {name}."
        verb = "gains" if percent > 0 else "loses"
        size = f"{text.plain(abs(percent), 2 if abs(percent) >= 0.1 else 3)} % of its income"
        return f"{text.capitalised(name)} {verb} {size}, {text.usd(million)} a year."

    @property
    def certainty(self) -> str:
        """How sure the headline is, in a sentence."""
        band = self.results.band
        if band is None:
            if self.panel.level != "central":
                return f"With strengths at the {self.panel.level} end of their ranges."
            return "With all assumptions at their central values."
        low, high = (signed(end, text.digits_for(*band)) for end in band)
        return f"Median of {DRAWS} draws; 90 % lie between {low} and {high} %."

    @property
    def others(self) -> str:
        """What it means for the other countries of interest."""
        rows = [c for c in self.results.rows["chosen"] if c != self.results.target][:5]
        changes = (f"{fine(self.results.welfare(c)[0])} %" for c in rows)
        return " · ".join(f"{text.country(c)} {x}" for c, x in zip(rows, changes, strict=True))

    @property
    def why(self) -> str:
        """Why the country that is explained gains or loses, in a sentence."""
        assert self.channels is not None
        return why.sentence(self.explained, self.channels)

    @cached_property
    def map(self) -> Map:
        """Coloured."""
        return map_of(self.results.countries["percent"], self.results.target)

    @property
    def leak(self) -> str:
        """How much of the lane's goods takes a hub, in a sentence."""
        leak = self.results.leak
        assert leak is not None
        before, after = leak.shares
        made_up = f" Hubs make up for {100 * leak.offset:.1f} % of the fall of direct trade."
        return (
            f"The part that takes a hub {'rises' if after > before else 'falls'} from "
            f"{before:.2f} to {after:.2f} %, {signed(leak.rise)} million "
            f"dollars a year.{made_up if 0 < leak.offset <= 1 else ''}"
        )

    @cached_property
    def markets(self) -> dict[str, dict[tuple[str, str], Line]]:
        """Numbers of each commodity's market, by group and label."""
        return {
            goods: {(line.group, line.label): line for line in market}
            for goods, market in self.results.markets.items()
        }

    @property
    def does(self) -> list[str]:
        """Every change, in words."""
        return list(_changes(self.results.scenario))

    @property
    def provenance(self) -> str:
        """What made the numbers."""
        on = self.results.scenario.status_quo
        made = text.provenance(self.results.manifest)
        return f"{made}; measures in force on {on}" if on else made


def views_of(state: State, bands: bool = False, explain: Explain | None = None) -> list[View]:
    """Solve what the page shows, once or in draws; raises as `simulate` does.

    With `explain`, `channels_of` or `banded_channels`, it is told why a country gains or loses.
    """
    solve, country = banded if bands else results_of, state.explained
    return [
        View(name, panel, solve(panel), country, _channels(panel, country, explain))
        for name, panel in state.panels.items()
    ]


def _channels(panel: Panel, country: str, explain: Explain | None) -> pd.DataFrame | None:
    """Welfare by channel; None for a country that the world does not have, or without solution."""
    if explain is None or country not in countries_of(rest_of(panel).world):
        return None
    try:
        return explain(panel, country)
    except ConvergenceError:
        return None


def signed(number: float, digits: int = 0) -> str:
    """A number with its sign, as a page writes it."""
    return text.signed(number, digits, "−")


def fine(percent: float) -> str:
    """A change in percent that may be small, with its sign."""
    return signed(percent, 3 if abs(percent) >= 0.00995 else 4)


def plain(number: float, digits: int = 0) -> str:
    """A number, as a page writes it."""
    return text.plain(number, digits, "−")


def _changes(scenario: Scenario) -> Iterator[str]:
    for action in scenario.actions():
        what = {
            "lift": "lifted",
            "ease": f"eased by {100 * action.degree:.0f} %",
            "impose": "imposed",
            "harden": f"changed to {100 * (action.new_ave or 0):.0f} % of cost",
        }[action.verb]
        measure = action.measure
        title = measures.title(measure)
        where = f"{in_sectors(measure.sectors)}, {strength(measure, scenario.level)}"
        yield f"{title} ({where}): {what}"
    for cost in scenario.costs:
        way = f"from {text.countries(cost.origins)} to {text.countries(cost.destinations)}"
        yield f"Cost of trade {way}: times {cost.factor:g}"
    for t in scenario.transfers:
        payer, receiver = text.called(t.payer), text.called(t.receiver)
        yield f"{payer} pays {receiver} {plain(t.amount)} million dollars"


def contents(views: list[View]) -> dict[str, Any]:
    """What the tables show: the same rows for both scenarios, on the same scales."""
    tables, targets = [v.results.rows for v in views], [v.results.target for v in views]
    sectors = [{k: r.after - r.before for k, r in t["sectors"].items()} for t in tables]
    gains = _gains([v.results for v in views])
    movers = _movers(gains)
    worlds = [v.results.scenario.world for v in views]
    partners = [row for t in tables for row in t["partners"].values()]
    ways = [row for t in tables for row in t.get("ways", {}).values()]
    explained = [v.channels for v in views if v.channels is not None]
    return {
        "target": targets[0],
        "chosen": _union(t["chosen"] for t in tables),
        "partners": _union(t["partners"] for t in tables),
        "movers": movers,
        "movers_top": _top(found.get(code, 0.0) for found in gains for code in movers),
        "trade_top": _top(
            change
            for row in partners
            for change in (
                row.exports_after - row.exports_before,
                row.imports_after - row.imports_before,
            )
        ),
        "sectors": _largest(sectors, SECTORS),
        "sector_names": {k: v for world in worlds for k, v in sector_names(world).items()},
        "sectors_top": _top(change for found in sectors for change in found.values()),
        "leaks_top": _top(row.change for row in ways),
        "everyone": sorted(_union(t["countries"] for t in tables), key=country_names().__getitem__),
        "markets": _markets(views),
        "claims": _claims(views),
        "scored_at": scored_at(views[0].panel.start),
        "channels": why.channels(explained),
        "channels_banded": any("low" in found for found in explained),
        "channels_top": _top(x for found in explained for x in found["percent"]),
        "awaited": [v.name for v in views if v.results.band is None and has_bands(v.panel)],
    }


def _markets(views: list[View]) -> dict[str, dict[str, list[str]]]:
    """Labels of the lines of each commodity's market in any scenario, by group."""
    found: dict[str, dict[str, list[str]]] = {}
    for view in views:
        for goods, market in view.markets.items():
            for group, label in market:
                labels = found.setdefault(goods, {}).setdefault(group, [])
                labels += [] if label in labels else [label]
    return found


def _union(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for found in lists for name in found))


def _top(changes: Iterable[float]) -> float:
    return max(map(abs, changes), default=0.0)


def _largest(columns: list[dict[str, float]], count: int) -> list[str]:
    """Names with the largest sizes in any column, the largest gain of the first column first."""
    sizes = {name: _top(found.get(name, 0.0) for found in columns) for name in columns[0]}
    chosen = sorted(sizes, key=lambda name: -sizes[name])[:count]
    return sorted(chosen, key=lambda name: -columns[0][name])


def movers_of(results: list[Results]) -> list[str]:
    """Who gains and who loses most beside the targets, the largest gain first."""
    return _movers(_gains(results))


def _gains(results: list[Results]) -> list[dict[str, float]]:
    targets = {r.target for r in results}
    return [
        {k: row.million_usd for k, row in r.rows["countries"].items() if k not in targets}
        for r in results
    ]


def _movers(gains: list[dict[str, float]]) -> list[str]:
    """Who gains and who loses most in the first scenario, of those whom either one touches."""
    first = gains[0]
    order = sorted(first, key=lambda code: -first[code])
    ends = dict.fromkeys([*order[:MOVERS], *order[-MOVERS:]])
    return [code for code in ends if _top(found.get(code, 0.0) for found in gains) > NOTEWORTHY]


def _claims(views: list[View]) -> list[tuple[Scored, dict[str, Scored]]]:
    """Claims that can be scored in any of the scenarios shown, each with its scores by view."""
    rows: dict[tuple[str, str], dict[str, Scored]] = {}
    for view in views:
        case = view.panel.start.partition("/")[0]
        for name, scored in view.results.claims.items():
            rows.setdefault((case, name), {})[view.name] = scored
    return [(next(iter(row.values())), row) for row in rows.values()]
