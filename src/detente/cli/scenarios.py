"""The command about a scenario file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli.options import Csv, Json, Parquet
from detente.cli.terminal import deliver, progress

if TYPE_CHECKING:
    from detente.policy import Scenario


def solve(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")],
    target: Annotated[
        str | None, typer.Option(help="Country whose trade and sectors are shown.")
    ] = None,
    countries: Annotated[
        str, typer.Option(help="Countries and groups whose welfare is shown, comma-separated.")
    ] = "",
    as_json: Json = False,
    csv: Csv = None,
    parquet: Parquet = None,
) -> None:
    """Solve one scenario file."""
    from detente.analysis.assess import assess_scenarios
    from detente.policy import read_scenario

    loaded = read_scenario(scenario)
    measures = [action.measure for action in loaded.actions()]
    shown = target or _target_of(loaded)
    named = [c.strip() for c in countries.split(",") if c.strip()]
    senders = [s for m in measures for s in m.senders]
    actors = named or list(dict.fromkeys([shown, *senders, "RUS", "CHN"]))
    partners = [c for c in actors if c != shown]
    with progress("Solving") as advance:
        result = assess_scenarios(
            {scenario.stem: loaded}, loaded.title, shown, actors, partners, advance
        )
    deliver(result, as_json, csv, parquet)


def _target_of(scenario: Scenario) -> str:
    """The country a scenario is about: the first target, or the first destination of a cost."""
    actions = scenario.actions()
    if actions:
        return actions[0].measure.target
    return scenario.costs[0].destinations[0] if scenario.costs else "USA"
