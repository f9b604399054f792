"""The page from the state: what the templates need, and nothing that they could work out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any, get_args
from zlib import crc32

import pandas as pd

from detente import __version__
from detente.app.address import query_of
from detente.app.claims import claims_of
from detente.app.controls import shown_hub_share, split
from detente.app.maps import WORLD_VIEW, Map, legend, map_of, paths
from detente.app.results import Results, results_of
from detente.app.starts import (
    called,
    case,
    case_of,
    country_names,
    embedded_world,
    in_words,
    measures_in_force,
    sector_names,
)
from detente.app.state import Group, NewMeasure, Panel, State
from detente.app.words import (
    DEFICITS,
    KINDS,
    group_title,
    headline,
    leak_sentence,
    others,
    plain,
    signed,
    worded,
)
from detente.cases import available_cases
from detente.errors import ConvergenceError, MissingExtraError, ScenarioError, WorldError
from detente.policy import Measure, Scenario
from detente.policy.measures import Kind, Level

MOVERS = 5
"""Gainers, and losers, beside the target that are shown."""
SECTORS = 8
TABLES = (("countries", "Countries"), ("partners", "Trade by partner"), ("sectors", "Branches"))
QUESTION = "Move a slider: the model solves world trade anew and shows who gains and who loses."


@dataclass(frozen=True, eq=False)
class View:
    """One scenario with its results, for the templates."""

    name: str
    panel: Panel
    results: Results

    @property
    def title(self) -> str:
        """Of the scenario."""
        return self.results.scenario.title

    @property
    def headline(self) -> str:
        """For the target."""
        return headline(self.results)

    @property
    def others(self) -> str:
        """For the others."""
        return others(self.results)

    @cached_property
    def map(self) -> Map:
        """Coloured."""
        return map_of(self.results.countries["percent"], self.results.target)

    @property
    def leak(self) -> str:
        """What takes hubs, in a sentence."""
        return leak_sentence(self.results)

    @property
    def does(self) -> list[str]:
        """Every change, in words."""
        return [*_actions(self.results.scenario)]

    @property
    def provenance(self) -> str:
        """What made the numbers."""
        made = self.results.manifest
        on = self.results.scenario.status_quo
        text = (
            f"detente {made['detente']}; world {made['world']} ({made['fingerprint']}); "
            f"elasticities {made['elasticities']}; deficits: {made['deficits']}"
        )
        return f"{text}; measures in force on {on}" if on else text


def _actions(scenario: Scenario) -> Iterable[str]:
    for action in scenario.actions():
        what = {
            "lift": "lifted",
            "ease": f"eased by {100 * action.degree:.0f} %",
            "impose": "imposed",
            "harden": f"changed to {100 * (action.new_ave or 0):.0f} % of cost",
        }[action.verb]
        strength = strength_of(action.measure, scenario.level)
        where = in_sectors("+".join(action.measure.sectors))
        title = action.measure.title or (
            KINDS[action.measure.kind].format(target=called(action.measure.target))
            + f", by {in_words(action.measure.senders)}"
        )
        yield f"{title} ({where}, {strength}): {what}"
    for cost in scenario.costs:
        way = f"from {in_words(cost.origins)} to {in_words(cost.destinations)}"
        yield f"Cost of trade {way}: times {cost.factor:g}"
    for t in scenario.transfers:
        yield f"{called(t.payer)} pays {called(t.receiver)} {t.amount:,.0f} million dollars"


def views_of(state: State) -> list[View]:
    """Solve what the page shows."""
    return [View(name, panel, results_of(panel)) for name, panel in state.panels.items()]


# ------------------------------------------------------------------------------------ rendering


def render(template: str, state: State, **more: Any) -> str:
    """Solve the state and fill a template; a scenario without solution is told instead of shown."""
    problem, views = "", []
    try:
        views = views_of(state)
    except (ScenarioError, WorldError, ConvergenceError) as error:
        problem = str(error)
    found = case_of(state.a.start)
    context = {
        "title": "detente",
        "question": QUESTION if found is None else found.question,
        "query": query_of(state),
        "panels": state.panels,
        "shape": _shape(state),
        "problem": problem,
        "views": views,
        "claims": claims_of(state, {v.name: v.results for v in views}),
        "land": paths(),
        "alone": False,
        "version": asset_version(),
        **(_contents(views) if views else {}),
        **more,
    }
    return str(environment().get_template(template).render(context))


def problem_page(problem: str) -> str:
    """A page that says what is wrong with an address."""
    template = environment().get_template("problem.html")
    return str(template.render(problem=problem, version=asset_version()))


def _contents(views: list[View]) -> dict[str, Any]:
    """What the tables show, the same rows for both scenarios, on the same scales."""
    target = views[0].results.target
    sectors = _largest((_change(v.results.sectors) for v in views), SECTORS)
    movers = _movers(views)
    return {
        "target": target,
        "chosen": _union(v.results.chosen.index for v in views),
        "partners": _union(v.results.partners.index for v in views),
        "movers": movers,
        "movers_top": _top(v.results.countries.loc[movers, "million_usd"] for v in views),
        "trade_top": _top(
            v.results.partners[f"{side}_after"] - v.results.partners[f"{side}_before"]
            for v in views
            for side in ("exports", "imports")
        ),
        "sectors": sectors,
        "sectors_top": _top(_change(v.results.sectors) for v in views),
        "leaks_top": _top(_change(v.results.leak.ways) for v in views if v.results.leak),
        "everyone": [c for c in country_names() if c in views[0].results.countries.index],
    }


def _change(table: pd.DataFrame) -> pd.Series:
    return table["after"] - table["before"]


def _union(lists: Iterable[Iterable[Any]]) -> list[str]:
    return list(dict.fromkeys(str(x) for found in lists for x in found))


def _top(columns: Iterable[pd.Series]) -> float:
    return max((float(c.abs().max()) for c in columns), default=0.0)


def _largest(columns: Iterable[pd.Series], count: int) -> list[str]:
    """Names with the largest sizes in any column, the largest gain first."""
    table = pd.concat(list(columns), axis=1)
    chosen = table.abs().max(axis=1).nlargest(count).index
    return [str(c) for c in table.loc[chosen].iloc[:, 0].sort_values(ascending=False).index]


def _movers(views: list[View]) -> list[str]:
    """Who else gains and loses most, in dollars, in either scenario."""
    table = pd.concat([v.results.countries["million_usd"] for v in views], axis=1)
    table = table.drop(index=[v.results.target for v in views], errors="ignore")
    size = table.iloc[(table.abs().max(axis=1)).argsort()]
    first = size.iloc[:, 0]
    ends = [*first.nlargest(MOVERS).index, *first.nsmallest(MOVERS).index]
    kept = [c for c in dict.fromkeys(ends) if table.loc[c].abs().max() > 0.05]
    return [str(c) for c in table.loc[kept].iloc[:, 0].sort_values(ascending=False).index]


def _shape(state: State) -> str:
    """Changes when controls come or go, so that the page knows when to lay them anew."""
    parts = [
        (
            *(name, p.start, p.packed, p.target, p.senders, p.since, p.routes, p.level),
            tuple(g.key for g in p.groups),
            tuple((n.kind, n.sectors, n.by, n.strength is None) for n in p.new),
        )
        for name, p in state.panels.items()
    ]
    return f"{crc32(repr(parts).encode()):x}"


# ------------------------------------------------------------------------- words for the controls


def strength_of(measure: Measure, level: Level) -> str:
    """How much a measure adds to cost."""
    ave = measure.strength(level)
    if ave == float("inf"):
        return "prohibited"
    cover = "" if measure.share == 1 else f" on {100 * measure.share:.0f} % of the goods"
    return f"{100 * ave:.1f}".removesuffix(".0") + f" %{cover}"


def in_sectors(sectors: str) -> str:
    """Sectors of a measure, in words."""
    names = sector_names()
    found = [names.get(s, s) for s in sectors.split("+")]
    return (
        ", ".join(found) if len(found) < 4 else f"{', '.join(found[:3])} and {len(found) - 3} more"
    )


def _by_sender(panel: Panel) -> list[tuple[str, list[Group]]]:
    names = country_names()
    return [
        (", ".join(names[s] for s in senders), list(groups))
        for senders, groups in groupby(panel.groups, key=lambda g: g.senders)
    ]


def _offered(panel: Panel) -> list[str]:
    """Senders to choose from: those with measures on file, and those chosen."""
    on_file = measures_in_force(panel.target, panel.day).values()
    known = {s for m in on_file for s in m.senders} | set(panel.senders)
    return [c for c in country_names() if c in known]


def _parties_in_words(panel: Panel) -> str:
    names = country_names()
    senders = [names[s] for s in panel.senders]
    if not senders:
        return f"nobody on {names[panel.target]}"
    shown = ", ".join(senders[:2]) + (f" and {len(senders) - 2} more" if senders[2:] else "")
    return f"{shown} on {names[panel.target]}"


def _assumptions_in_words(panel: Panel) -> str:
    parts = [f"{panel.level} strength"]
    if panel.since:
        parts.append(f"{panel.since.day} {panel.since:%B %Y}")
    if panel.routes:
        parts.append("with detours")
    return ", ".join(parts)


def _sectors_for(chosen: str) -> list[tuple[str, str]]:
    found = dict(sector_names())
    if chosen not in found:
        found = {chosen: in_sectors(chosen), **found}
    return list(found.items())


def _by_whom(panel: Panel, row: NewMeasure) -> list[tuple[str, str]]:
    names = country_names()
    options = [("", "All chosen"), *((s, names[s]) for s in panel.senders)]
    if row.by not in dict(options):
        options.append((row.by, ", ".join(names.get(s, s) for s in row.by.split("+"))))
    return options


def _left_over(panel: Panel) -> list[str]:
    """What of the starting point has no control, and is computed all the same."""
    _, rest = split(panel.start, panel.packed)
    counts = {
        "measures lifted": len(rest.lift),
        "measures eased": len(rest.ease),
        "measures imposed": len(rest.impose),
        "measures changed": len(rest.harden),
        "changes of cost": len(rest.costs),
        "transfers": len(rest.transfers),
    }
    found = [f"{n} {what}" for what, n in counts.items() if n]
    return [f"Also part of this scenario: {', '.join(found)}."] if found else []


def _first_value(views: list[View], table: str, row: str, column: str) -> float:
    tables = [v.results.rows[table] for v in views]
    return next((t[row][column] for t in tables if row in t), float("nan"))


def _cases() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (case(name).title, [(f"{name}/{k}", s.title) for k, s in case(name).scenarios.items()])
        for name in available_cases()
    ]


# ---------------------------------------------------------------------------------- the templates


@lru_cache(maxsize=1)
def environment() -> Any:
    """Templates with the words they use.

    Raises
    ------
    MissingExtraError
        Without Jinja2.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("Jinja2", "app", "the local page") from error
    made = Environment(
        loader=PackageLoader("detente.app"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = country_names()
    codes = embedded_world().countries
    made.globals |= {
        "names": names,
        "sector_names": sector_names(),
        "countries": [(c, n) for c, n in names.items() if c in codes],
        "everybody": list(names.items()),
        "deficits": list(DEFICITS.items()),
        "first_day": Scenario(title="").start.isoformat(),
        "world_view": WORLD_VIEW,
        "legend": legend(),
        "tables": TABLES,
        "detente": __version__,
        "cases": _cases(),
        "kinds": lambda target: [
            (k, KINDS[k].format(target=called(target))) for k in get_args(Kind)
        ],
        "signed": signed,
        "worded": worded,
        "plain": plain,
        "called": called,
        "in_words": in_words,
        "strength": strength_of,
        "group_title": group_title,
        "by_sender": _by_sender,
        "offered": _offered,
        "parties_in_words": _parties_in_words,
        "assumptions_in_words": _assumptions_in_words,
        "sectors_for": _sectors_for,
        "by_whom": _by_whom,
        "left_over": _left_over,
        "first_value": _first_value,
        "hub_share": shown_hub_share,
    }
    return made


@lru_cache(maxsize=1)
def assets() -> Mapping[str, bytes]:
    """Files that the page loads, by name; nothing else is ever read from disk for a request."""
    from importlib.resources import files

    folder = files("detente.app") / "static"
    return {name: (folder / name).read_bytes() for name in ("app.js", "style.css", "icon.svg")}


@lru_cache(maxsize=1)
def asset_version() -> str:
    """Changes with the files, so that browsers may keep them."""
    return f"{crc32(b''.join(assets().values())):x}"
