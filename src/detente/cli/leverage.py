"""Commands about leverage: who could hurt a country, and which relief helps it most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente.cli.options import CaseName, ChartFormat, Csv, Json, Parquet
from detente.cli.terminal import progress, show, tell_written, write_folders


def influence(
    target: Annotated[str, typer.Argument(help="Country whose dependence is asked.")],
    case: Annotated[str, typer.Option(help="Case with the scenario.")] = "belarus-2025",
    scenario: Annotated[
        str | None, typer.Option(help="Scenario; the last easing of the case by default.")
    ] = None,
    partner: Annotated[str, typer.Option(help="Whose hold the answer is about.")] = "RUS",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the chart.")
    ] = None,
    kind: ChartFormat = "svg",
    as_json: Json = False,
    csv: Csv = None,
    parquet: Parquet = None,
) -> None:
    """Tell who could hurt a country by cutting it off, before and after a scenario."""
    from detente.analysis.influence import answer, influence_document, influence_tables
    from detente.analysis.influence import influence as solve_influence
    from detente.cases import load_case
    from detente.report.charts import write_charts
    from detente.report.leverage_charts import influence_chart
    from detente.report.leverage_tables import influence_view

    loaded = load_case(case)
    chosen = loaded.scenario(scenario or loaded.last_easing())
    with progress("Cutting off partners") as advance:
        found = solve_influence(target, chosen, [partner, *loaded.partners], progress=advance)
    held = str(found["partner"].values[0])
    written = write_folders(influence_tables(found), found.attrs, csv, parquet)
    if output is not None:
        written += write_charts({"influence": influence_chart(found)}, output, kind)
    show(
        lambda: {"answer": answer(found, held), **influence_document(found)},
        lambda: influence_view(found, held),
        as_json,
    )
    tell_written(written)


def relief(
    case: CaseName,
    senders: Annotated[
        str | None,
        typer.Option(help="Senders that may ease, comma-separated; by default the case's."),
    ] = None,
    measures: Annotated[
        str | None, typer.Option(help="Single measures that may be eased, comma-separated.")
    ] = None,
    degrees: Annotated[
        str, typer.Option(help="Degrees of easing, comma-separated; 1 is lifting.")
    ] = "1",
    rival: Annotated[str, typer.Option(help="Country to which relief may leak.")] = "RUS",
    max_leak: Annotated[
        float | None,
        typer.Option(help="Largest gain of the rival, in percent of the rival's income."),
    ] = None,
    min_gain: Annotated[
        float | None,
        typer.Option(help="Least gain of the target, in percent of the target's income."),
    ] = None,
    short_run: Annotated[
        float, typer.Option(help="Elasticities at a snap-back, over those of the long run.")
    ] = 0.38,
    nash_value: Annotated[
        float | None,
        typer.Option(help="Option: worth of the target's concession to senders, million USD."),
    ] = None,
    nash_weight: Annotated[float, typer.Option(help="Option: bargaining power of target.")] = 0.5,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the chart.")
    ] = None,
    kind: ChartFormat = "html",
    as_json: Json = False,
    csv: Csv = None,
    parquet: Parquet = None,
) -> None:
    """Find the relief that gives a target most for the least leak: frontier, prices, coalitions."""
    from detente.analysis.relief.findings import Wishes, relief_findings
    from detente.cases import load_case
    from detente.report.charts import write_charts
    from detente.report.leverage_charts import frontier_chart
    from detente.report.leverage_tables import relief_view

    wishes = Wishes(min_gain, max_leak, short_run, nash_value, nash_weight)
    loaded = load_case(case)
    with progress("Solving packages") as advance:
        found = relief_findings(
            loaded,
            None if senders is None else _listed(senders),
            None if measures is None else _listed(measures),
            _numbers(degrees),
            rival,
            wishes,
            advance,
        )
    written = write_folders(found.tables(), found.manifest, csv, parquet)
    if output is not None:
        written += write_charts({"frontier": frontier_chart(found)}, output, kind)
    show(found.document, lambda: relief_view(found), as_json)
    tell_written(written)


def _listed(words: str) -> list[str]:
    return [w.strip() for w in words.split(",") if w.strip()]


def _numbers(words: str) -> list[float]:
    try:
        return [float(w) for w in _listed(words)]
    except ValueError as error:
        raise typer.BadParameter(f"{words!r}: numbers separated by commas") from error
