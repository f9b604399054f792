"""The command about a scenario file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli.options import Delivery, delivering, names
from detente.cli.terminal import deliver, progress

if TYPE_CHECKING:
    from detente.policy.scenario import Scenario


@delivering()
def solve(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")],
    target: Annotated[
        str | None, typer.Option(help="Country whose trade and sectors are shown.")
    ] = None,
    countries: Annotated[
        str | None,
        typer.Option(
            help="Countries and groups whose welfare is shown, comma-separated; by default the "
            "target, the senders and the target's two largest trading partners."
        ),
    ] = None,
    *,
    to: Delivery,
) -> None:
    """Solve one scenario file."""
    from detente.analysis.assess import assess_scenarios
    from detente.policy.scenario import read_scenario
    from detente.report.tables import assessment_view

    loaded = read_scenario(scenario)
    shown = target or _target_of(loaded)
    actors = names(countries) or _actors(loaded, shown)
    partners = [c for c in actors if c != shown]
    with progress("Solving") as advance:
        result = assess_scenarios(
            {scenario.stem: loaded}, loaded.title, shown, actors, partners, advance
        )
    deliver(result, assessment_view, to)


def _actors(scenario: Scenario, target: str) -> list[str]:
    """The target, the senders, and the two that trade most with the target."""
    from detente.analysis.parties import largest_partners
    from detente.world.names import resolve_countries

    world = scenario.load_world()
    senders = [s for action in scenario.actions() for s in action.measure.senders]
    code = resolve_countries(target, world.countries)[0]
    return list(dict.fromkeys([target, *senders, *largest_partners(world, code, 2)]))


def _target_of(scenario: Scenario) -> str:
    """The country a scenario is about: the first target, or the first destination of a cost."""
    actions = scenario.actions()
    if actions:
        return actions[0].measure.target
    return scenario.costs[0].destinations[0] if scenario.costs else "USA"
