"""Commands about cases: what they show, how surely, and what leaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.options import CaseName, ChartFormat, Csv, Json, Parquet, Store
from detente.cli.terminal import console, deliver, progress, show, steps, tell_written
from detente.errors import ScenarioError


def assess(
    case: CaseName,
    as_json: Json = False,
    csv: Csv = None,
    parquet: Parquet = None,
) -> None:
    """Run the scenarios of a case and print who gains and who loses."""
    from detente.analysis import assess as run
    from detente.cases import load_case

    loaded = load_case(case)
    with progress("Solving scenarios") as advance:
        result = run(loaded, advance)
    deliver(result, as_json, csv, parquet)


def claims(
    case: CaseName,
    draws: Annotated[int, typer.Option(min=1, help="About how many draws.")] = 896,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Local processes; one per processor by default.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler to work on instead.")
    ] = None,
    store: Store = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for charts and tables.")
    ] = None,
    kind: ChartFormat = "svg",
    as_json: Json = False,
) -> None:
    """Put the claims of a case to the model: how surely each holds, and what decides it."""
    from detente.analysis.claims import weigh
    from detente.cases import load_case
    from detente.report.claims_tables import evidence_view

    loaded = load_case(case)
    with progress("Drawing and solving") as advance:
        found = weigh(
            loaded,
            draws,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            store=store,
            progress=advance,
        )
    written = []
    if output is not None:
        from detente.report.claims_charts import write_evidence

        written = write_evidence(found, output, kind)
    show(found.document, lambda: evidence_view(found), as_json)
    tell_written(written)


def report(
    case: CaseName,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .html or .md.")
    ] = Path("report.html"),
    draws: Annotated[int, typer.Option(min=1, help="About how many draws for the claims.")] = 896,
    store: Store = None,
) -> None:
    """Write all that can be said of a case to one file that can be sent on."""
    from detente.cases import load_case
    from detente.report.report import FORMATS, gather, write_report

    if output.suffix not in FORMATS:
        raise ScenarioError(f"{output}: a report can be written as {', '.join(FORMATS)}")
    with steps() as step:
        found = gather(load_case(case), draws=draws, store=store, progress=step)
    write_report(found, output)
    tell_written([output])


def leakage(
    case: CaseName,
    scenario: Annotated[
        str | None, typer.Option(help="Scenario to draw; the last easing of the case by default.")
    ] = None,
    hub: Annotated[
        str | None, typer.Option(help="Hub to enforce at; the case's target by default.")
    ] = None,
    country: Annotated[str, typer.Option(help="Whose welfare is explained.")] = "RUS",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for charts.")
    ] = None,
    kind: ChartFormat = "svg",
    as_json: Json = False,
) -> None:
    """Tell what goes round the sanctions, why a country gains, and what enforcement does."""
    from detente.analysis.leakage import leaks
    from detente.cases import load_case
    from detente.report.charts import leaks_charts, write_charts
    from detente.report.tables import leaks_view

    loaded = load_case(case)
    with progress("Solving scenarios") as advance:
        found = leaks(loaded, scenario, hub, country, advance)
    written = [] if output is None else write_charts(leaks_charts(found), output, kind)
    show(found.document, lambda: leaks_view(found), as_json)
    tell_written(written)


def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
) -> None:
    """Write a small complete case, with comments, to start from."""
    from detente.cases.template import new_case

    tell_written(new_case(folder))
    print(f"now edit the files and run: detente claims {folder}")


def list_cases(as_json: Json = False) -> None:
    """List the cases that come with the package."""
    from detente.cases import available_cases, load_case

    found = {name: load_case(name) for name in available_cases()}
    if as_json:
        print(json.dumps({k: {"title": c.title, "target": c.target} for k, c in found.items()}))
        return
    for name, c in found.items():
        print(f"{name}: {c.title} ({len(c.scenarios)} scenarios, {len(c.claims)} claims)")


def list_metrics() -> None:
    """List the metrics that a claim may be tied to."""
    from detente.report.claims_tables import metrics_view

    console().print(metrics_view(), highlight=False)
