"""Commands about leverage: who could hurt a country, and which relief helps it most."""

from __future__ import annotations

from typing import Annotated

import typer

from detente.cli.options import CaseName, ChartFormat, Delivery, ScenarioName, delivering, names
from detente.cli.terminal import deliver, progress


@delivering(ChartFormat.svg)
def influence(
    target: Annotated[str, typer.Argument(help="Country whose dependence is asked.")],
    case: Annotated[str, typer.Option(help="Case with the scenario.")] = "belarus-2025",
    scenario: ScenarioName = None,
    partner: Annotated[
        str | None,
        typer.Option(
            help="Whose hold the answer is about; by default the case's rival, or the largest "
            "trading partner that is no sender."
        ),
    ] = None,
    *,
    to: Delivery,
) -> None:
    """Tell who could hurt a country by cutting it off, before and after a scenario."""
    from detente.analysis.influence import influence as solve
    from detente.analysis.parties import counterpart
    from detente.cases import load_case
    from detente.report.charts import drawing, influence_chart
    from detente.report.leverage_tables import influence_view

    loaded = load_case(case)
    chosen = loaded.scenario(scenario or loaded.last_easing())
    partners = [partner or counterpart(loaded, target), *loaded.partners]
    with progress("Cutting off partners") as advance:
        found = solve(target, chosen, partners, progress=advance)
    deliver(found, influence_view, to, drawing(influence=influence_chart))


@delivering(ChartFormat.html)
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
    rival: Annotated[
        str | None,
        typer.Option(
            help="Country to which relief may leak; by default the case's rival, or the largest "
            "trading partner that is no sender."
        ),
    ] = None,
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
    *,
    to: Delivery,
) -> None:
    """Find the relief that gives a target most for the least leak: frontier, prices, coalitions."""
    from detente.analysis.relief.relief import Requirements
    from detente.analysis.relief.relief import relief as solve
    from detente.cases import load_case
    from detente.report.charts import drawing, frontier_chart
    from detente.report.leverage_tables import relief_view

    requirements = Requirements(min_gain, max_leak, short_run, nash_value, nash_weight)
    loaded = load_case(case)
    with progress("Solving packages") as advance:
        found = solve(
            loaded,
            names(senders),
            names(measures),
            _numbers(degrees),
            rival,
            requirements,
            progress=advance,
        )
    deliver(found, relief_view, to, drawing(frontier=frontier_chart))


def _numbers(words: str) -> list[float]:
    try:
        return [float(w) for w in words.split(",") if w.strip()]
    except ValueError as error:
        raise typer.BadParameter(f"{words!r}: numbers separated by commas") from error
