"""The tables of the page as data, for files."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import pandas as pd

from detente.app.address import one_of
from detente.app.bands import banded_channels
from detente.app.names import country_names
from detente.app.starts import case_of
from detente.app.state import State
from detente.app.views.contents import View, views_of
from detente.app.views.why import WORDS
from detente.errors import ScenarioError
from detente.extras import Library
from detente.report import text

xlsxwriter = Library("xlsxwriter", "app", "writing workbooks")


class Table(NamedTuple):
    """A table of the page.

    Attributes
    ----------
    title
        What it shows; the name of its sheet in a workbook.
    rows
        Finds them in a scenario; None where it has none.
    explained
        Whether it tells why a country gains or loses.
    """

    title: str
    rows: Callable[[View], pd.DataFrame | None]
    explained: bool = False


def _chosen(view: View) -> pd.DataFrame:
    return _named(view.results.chosen.reset_index(), "country")


def _countries(view: View) -> pd.DataFrame:
    return _named(view.results.countries.reset_index(), "country")


def _named(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Names beside codes."""
    rows.insert(1, "name", rows[column].map(country_names()))
    return rows


def _of_target(name: str) -> Callable[[View], pd.DataFrame]:
    def rows(view: View) -> pd.DataFrame:
        found: pd.DataFrame = getattr(view.results, name).reset_index()
        found.insert(0, "target", view.results.target)
        return found

    return rows


def _claims(view: View) -> pd.DataFrame | None:
    rows = [
        {
            "claim": name,
            "said": s.claim.said,
            "speaker": s.claim.speaker,
            "tested": s.claim.tested,
            "metric": s.test.metric,
            "unit": s.unit,
            "value": s.value,
            "low": s.band[0] if s.band else None,
            "high": s.band[1] if s.band else None,
            "verdict": s.verdict or ("holds" if s.holds else "does not hold"),
        }
        for name, s in view.results.claims.items()
    ]
    return pd.DataFrame(rows) if rows else None


def _channels(view: View) -> pd.DataFrame | None:
    if view.channels is None:
        return None
    rows = view.channels.reset_index()
    rows.insert(0, "country", view.explained)
    rows.insert(2, "words", rows["channel"].map(WORDS).fillna("All together"))
    return rows


def _ways(view: View) -> pd.DataFrame | None:
    return None if view.results.leak is None else view.results.leak.ways.reset_index()


def _markets(view: View) -> pd.DataFrame | None:
    rows = [
        {"commodity": goods, **line._asdict()}
        for goods, market in view.markets.items()
        for line in market.values()
    ]
    return pd.DataFrame(rows) if rows else None


def _events(view: View) -> pd.DataFrame | None:
    case = case_of(view.panel.start)
    rows = [
        {
            "date": event.date,
            "actors": text.listed(event.actors),
            "what": event.what,
            "source": event.source,
            "url": event.url,
        }
        for event in (case.events.values() if case else ())
    ]
    return pd.DataFrame(rows) if rows else None


TABLES = {
    "chosen": Table("Countries and groups", _chosen),
    "claims": Table("What was claimed", _claims),
    "why": Table("Why a country gains or loses", _channels, explained=True),
    "countries": Table("Countries", _countries),
    "partners": Table("Trade by partner", _of_target("partners")),
    "sectors": Table("Branches", _of_target("sectors")),
    "ways": Table("Goods by way", _ways),
    "markets": Table("Commodities", _markets),
    "events": Table("Events", _events),
}
"""By name in addresses."""


def rows_of(state: State, name: str) -> pd.DataFrame:
    """A table, with a column for the scenario.

    Raises
    ------
    ScenarioError
        There is no such table here.
    """
    table = TABLES[one_of("table", name, TABLES)]
    found = _rows(views_of(state, True, banded_channels if table.explained else None), name)
    if found is None:
        raise ScenarioError(f"There is no table {table.title!r} in what this link shows.")
    return found


def _rows(views: list[View], name: str) -> pd.DataFrame | None:
    parts = []
    for view in views:
        rows = TABLES[name].rows(view)
        if rows is not None:
            rows.insert(0, "scenario", view.name.upper())
            parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else None


def as_csv(state: State, name: str) -> str:
    """Write a table as CSV."""
    return str(rows_of(state, name).to_csv(index=False, lineterminator="\n"))


def as_workbook(state: State, name: str = "all") -> bytes:
    """Write a table as a workbook, or all of them, a sheet each; text in it is never a formula."""
    if name == "all":
        views = views_of(state, True, banded_channels)
        every = {table: _rows(views, table) for table in TABLES}
        sheets = {TABLES[table].title: rows for table, rows in every.items() if rows is not None}
    else:
        sheets = {TABLES[name].title if name in TABLES else name: rows_of(state, name)}
    xlsxwriter.Workbook  # noqa: B018  # missed before pandas does
    plain = {"strings_to_formulas": False, "strings_to_urls": False}
    written = BytesIO()
    with pd.ExcelWriter(written, "xlsxwriter", engine_kwargs={"options": plain}) as book:
        for title, rows in sheets.items():
            rows.to_excel(book, sheet_name=title[:31], index=False, freeze_panes=(1, 0))
            book.sheets[title[:31]].autofit(320)
    return written.getvalue()
