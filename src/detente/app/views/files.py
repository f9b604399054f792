"""Files that go out and come in: scenarios as YAML, results as CSV, the report as HTML."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from detente.app.controls import scenario_of
from detente.app.names import country_names
from detente.app.starts import manageable, packed, refuse_elsewhere
from detente.app.state import State
from detente.app.views.contents import View, views_of
from detente.app.views.page import TABLES, assets, render
from detente.errors import ScenarioError
from detente.policy.reading import parse_scenario
from detente.policy.scenario import Scenario
from detente.source import Source


def scenario_yaml(scenario: Scenario) -> str:
    """Write a scenario as a file for `detente solve`; reading it gives the same numbers.

    Unless its case has a posterior of its own: the file then says so.
    """
    document = scenario.model_dump(mode="json", exclude_defaults=True)
    writer, written = YAML(), StringIO()
    writer.width = 100
    writer.dump({"title": scenario.title, **document}, written)
    return f"# run with: detente solve FILE\n{_warning(scenario)}{written.getvalue()}"


def _warning(scenario: Scenario) -> str:
    """What of a case's scenario a file of its own cannot say."""
    if scenario.posterior is None:
        return ""
    return "# strengths of its case come from a posterior, which is not in this file\n"


def results_csv(state: State, table: str) -> str:
    """Write a table of results as CSV, one row for each scenario and country, partner or sector.

    Raises
    ------
    ScenarioError
        There is no such table.
    """
    if table not in dict(TABLES):
        raise ScenarioError(f"no table {table[:40]!r}")
    parts = [_table(view, table) for view in views_of(state)]
    return str(pd.concat(parts, ignore_index=True).to_csv(index=False, lineterminator="\n"))


def _table(view: View, table: str) -> pd.DataFrame:
    found: pd.DataFrame = getattr(view.results, table).reset_index()
    if table == "countries":
        found.insert(1, "name", found["country"].map(country_names()))
    else:
        found.insert(0, "target", view.results.target)
    found.insert(0, "scenario", view.name.upper())
    return found


def report_html(state: State) -> str:
    """Write the report, one page that needs no server and no network; raises as `simulate`."""
    views_of(state)
    titles = " and ".join(dict.fromkeys(scenario_of(p).title for p in state.panels.values()))
    style = assets()["style.css"].decode()
    return render("report.html", state, True, title=titles, style=style, alone=True)


def opened(text: str) -> dict[str, Any]:
    """Read a scenario file that somebody opened; what the page needs to show it.

    Raises
    ------
    ScenarioError
        Not plain data, not a scenario, or more than the page takes: line and field.
    """
    source = Source.parse(text, "line")
    refuse_elsewhere(str(source.data.get("world", "icio2022")))
    scenario = manageable(parse_scenario(source))
    return {"own": packed(scenario), "title": scenario.title}
