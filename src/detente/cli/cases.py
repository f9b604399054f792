"""Commands about cases and scenarios: what they show, how surely, and what leaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import detente
from detente.cli.options import (
    BandDraws,
    CaseName,
    ChartFormat,
    Delivery,
    Draws,
    HorizonChoice,
    Json,
    ScenarioName,
    Store,
    case_at,
    delivering,
    listed,
    option,
)
from detente.cli.terminal import console, progress, steps, tell_next, tell_written


@delivering()
def assess(
    case: CaseName,
    draws: BandDraws = 128,
    store: Store = None,
    horizon: HorizonChoice = None,
    *,
    to: Delivery,
) -> None:
    """Run the scenarios of a case and print who gains and who loses, and how surely."""
    from detente.report.tables import assessment_view

    loaded = case_at(case, horizon)
    with progress("Solving scenarios") as advance:
        result = detente.assess(loaded, advance, draws=draws, store=store)
    to.deliver(result, assessment_view)
    if not to.as_json:
        tell_next("claims" if loaded.claims else "leakage", case)


@delivering()
def solve(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")],
    target: Annotated[str | None, option("Country whose trade and sectors are shown.")] = None,
    countries: Annotated[
        str | None,
        option(
            "Countries and groups whose welfare is shown, comma-separated; by default the "
            "target, the senders and the target's two largest trading partners."
        ),
    ] = None,
    horizon: HorizonChoice = None,
    *,
    to: Delivery,
) -> None:
    """Solve one scenario file."""
    from detente.analysis.assess import assess_scenarios
    from detente.report.tables import assessment_view

    loaded = detente.read_scenario(scenario)
    loaded = loaded if horizon is None else loaded.model_copy(update={"horizon": horizon.value})
    shown = target or _target_of(loaded)
    actors = listed(countries) or _actors(loaded, shown)
    partners = [c for c in actors if c != shown]
    with progress("Solving") as advance:
        simulation = detente.simulate({scenario.stem: loaded})
        result = assess_scenarios(simulation, loaded.title, shown, actors, partners, advance)
    to.deliver(result, assessment_view)


def _actors(scenario: detente.Scenario, target: str) -> list[str]:
    """The target, the senders, and the two that trade most with the target."""
    from detente.world.accounts import largest_partners
    from detente.world.names import resolve_countries

    world = scenario.load_world()
    senders = [s for action in scenario.actions() for s in action.measure.senders]
    code = resolve_countries(target, world.countries)[0]
    return list(dict.fromkeys([target, *senders, *largest_partners(world, code, 2)]))


def _target_of(scenario: detente.Scenario) -> str:
    """The country a scenario is about: the first target, or the first destination of a cost."""
    actions = scenario.actions()
    if actions:
        return actions[0].measure.target
    return scenario.costs[0].destinations[0] if scenario.costs else "USA"


@delivering(ChartFormat.svg)
def claims(
    case: CaseName,
    draws: Draws = 128,
    seed: Annotated[int, option("Seed of the draws.", min=0)] = 0,
    workers: Annotated[
        int | None, option("Local processes; one per processor by default.", min=1)
    ] = None,
    scheduler: Annotated[
        str | None, option("Address of a Dask scheduler to work on instead.")
    ] = None,
    store: Store = None,
    horizon: HorizonChoice = None,
    *,
    to: Delivery,
) -> None:
    """Put the claims of a case to the model: how surely each holds, and what decides it."""
    from detente.report.claims_charts import write_evidence
    from detente.report.tables import evidence_view

    loaded = case_at(case, horizon)
    with progress("Drawing and solving") as advance:
        found = detente.weigh(
            loaded,
            draws,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            store=store,
            progress=advance,
        )
    to.deliver(found, evidence_view, write_evidence)


def report(
    case: CaseName,
    output: Annotated[Path, option("File to write: .html or .md.", "-o", "--output")] = Path(
        "report.html"
    ),
    draws: Draws = 128,
    store: Store = None,
    horizon: HorizonChoice = None,
) -> None:
    """Write all that can be said of a case to one file that can be sent on."""
    from detente.report.extras import check_format

    check_format(output)
    from detente.report.report import gather, write_report

    loaded = case_at(case, horizon)
    with steps() as step:
        page = output.suffix == ".html"
        found = gather(loaded, draws=draws, store=store, illustrated=page, progress=step)
    write_report(found, output)
    tell_written([output])


@delivering(ChartFormat.svg)
def leakage(
    case: CaseName,
    scenario: ScenarioName = None,
    hub: Annotated[str | None, option("Hub to enforce at; by default the case's target.")] = None,
    country: Annotated[
        str | None, option("Whose welfare is explained; by default the case's rival.")
    ] = None,
    draws: BandDraws = 128,
    store: Store = None,
    horizon: HorizonChoice = None,
    *,
    to: Delivery,
) -> None:
    """Tell what goes round the sanctions, why a country gains, and what enforcement does."""
    from detente.report.tables import leakage_view

    loaded = case_at(case, horizon)
    with progress("Solving scenarios") as advance:
        found = detente.leakage(loaded, scenario, hub, country, advance, draws=draws, store=store)
    to.deliver(found, leakage_view)


def new(folder: Annotated[Path, typer.Argument(help="Folder to make.")]) -> None:
    """Write a small complete case, with comments, to start from."""
    from detente.cases.template import new_case

    tell_written(new_case(folder))
    print(f"now edit the files and run: detente claims {folder}")


def list_cases(as_json: Json = False) -> None:
    """List the cases that come with the package."""
    from detente.report.text import plural

    found = {name: detente.load_case(name) for name in detente.available_cases()}
    if as_json:
        print(json.dumps({k: {"title": c.title, "target": c.target} for k, c in found.items()}))
        return
    for name, c in found.items():
        scenarios = plural(len(c.scenarios), "scenario", "scenarios")
        print(f"{name}: {c.title} ({scenarios}, {plural(len(c.claims), 'claim', 'claims')})")


def list_metrics() -> None:
    """List the metrics that a claim may be tied to."""
    from detente.report.tables import metrics_view

    console().print(metrics_view(), highlight=False)
