"""Files that go out and come in: scenarios as YAML, the report as HTML."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from detente.app.bands import banded_channels
from detente.app.controls import scenario_of
from detente.app.starts import manageable, packed, refuse_elsewhere
from detente.app.state import State
from detente.app.views.contents import views_of
from detente.app.views.page import assets, render
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


def report_html(state: State) -> str:
    """Write the report, one page that needs no server and no network; raises as `simulate`."""
    views_of(state)
    titles = " and ".join(dict.fromkeys(scenario_of(p).title for p in state.panels.values()))
    style = assets()["style.css"].decode()
    return render(
        "report.html", state, True, banded_channels, title=titles, style=style, alone=True
    )


def opened(text: str, name: str = "line") -> dict[str, Any]:
    """Read a scenario file that somebody opened, by its name; what the page needs to show it.

    Raises
    ------
    ScenarioError
        Not plain data, not a scenario, or more than the page takes: line and field.
    """
    source = Source.parse(text, name)
    refuse_elsewhere(str(source.data.get("world", "icio2022")))
    scenario = manageable(parse_scenario(source))
    return {"own": packed(scenario), "title": scenario.title}
