"""The page from the state: templates, and what they need."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zlib import crc32

from detente import __version__
from detente.app.address import query_of
from detente.app.controls import rest_of, shown_hub_share
from detente.app.names import countries_of, country_names
from detente.app.starts import case_of, first_day
from detente.app.state import State
from detente.app.views import form
from detente.app.views.contents import Explain, View, contents, fine, plain, signed, views_of
from detente.app.views.events import told_of
from detente.app.views.maps import legend, paths
from detente.app.views.measures import title, told
from detente.app.views.search import found
from detente.app.views.why import WORDS
from detente.app.why import channels_of
from detente.errors import ConvergenceError, ScenarioError, WorldError
from detente.policy.kinds import KINDS
from detente.report.commodity_tables import level, money, percent
from detente.report.extras import templates
from detente.report.maps import land
from detente.report.text import called, countries, sector

HEADING = "What easing or imposing sanctions does"
QUESTION = "Move a slider: the model solves world trade anew and shows who gains and who loses."


def render(
    template: str, state: State, bands: bool = False, explain: Explain | None = None, **more: Any
) -> str:
    """Solve the state and fill a template; a scenario without solution is told instead of shown.

    With `bands` it is solved in draws as well; with `explain`, or where a country is asked about,
    it is told why that gains or loses: see `views_of`.
    """
    if explain is None and state.why and template == "page.html":
        explain = channels_of
    problem, views = "", list[View]()
    try:
        views = views_of(state, bands, explain)
    except (ScenarioError, WorldError, ConvergenceError) as error:
        problem = str(error)
    case = case_of(state.a.start)
    heading = HEADING if case is None else case.title
    context = {
        "title": f"{heading} · detente",
        "heading": heading,
        "question": QUESTION if case is None else case.question,
        "open_points": form.open_points(state.a.start),
        "query": query_of(state),
        "panels": state.panels,
        "explained": state.explained,
        "explain": explain is not None,
        "find": state.find,
        "hits": found(state, views[0]) if views else {},
        "shape": _shape(state),
        "problem": problem,
        "views": views,
        "alone": False,
        "awaited": [],
        "laid": "",
        **(contents(views) if views else {}),
        **more,
    }
    return str(environment().get_template(template).render(context))


def problem_page(problem: str) -> str:
    """A page that says what is wrong with an address."""
    return str(environment().get_template("problem.html").render(problem=problem))


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


@lru_cache(maxsize=1)
def environment() -> Any:
    """Templates with the words they use."""
    made = templates("detente.app")
    made.globals |= {
        "form": form,
        "names": country_names(),
        "countries_of": lambda panel: list(countries_of(rest_of(panel).world).items()),
        "countries_in": lambda world: list(countries_of(world).values()),
        "cases": form.cases,
        "first_day": first_day().isoformat(),
        "land": paths(list(countries_of())),
        "world_view": land().world,
        "legend": legend(),
        "glossary": glossary(),
        "detente": __version__,
        "version": f"{crc32(b''.join(assets().values())):x}",
        "signed": signed,
        "fine": fine,
        "plain": plain,
        "level": level,
        "money": money,
        "percent": percent,
        "sector": sector,
        "called": called,
        "told": told,
        "measure_title": title,
        "told_of": told_of,
        "channel_words": WORDS,
        "in_words": countries,
        "rest_of": rest_of,
        "hub_share": shown_hub_share,
        "first_row": _first_row,
        "may_ban": lambda kind: KINDS[kind].may_ban,
    }
    return made


def _first_row(views: list[View], table: str, row: str) -> Any:
    """A row of a table from the first scenario that has it."""
    return next(v.results.rows[table][row] for v in views if row in v.results.rows[table])


@lru_cache(maxsize=1)
def glossary() -> dict[str, dict[str, str]]:
    """Words that the page uses and what they mean, by theme."""
    with (files("detente.app") / "data" / "glossary.toml").open("rb") as stored:
        return tomllib.load(stored)


@lru_cache(maxsize=1)
def assets() -> Mapping[str, bytes]:
    """Files that the page loads, by name; nothing else is ever read from disk for a request."""
    folder = files("detente.app") / "static"
    return {name: (folder / name).read_bytes() for name in ("app.js", "style.css", "icon.svg")}
