"""The command that estimates what a measure did to trade from a panel of the user's own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detente.cli.options import ChartFormat, Delivery, Horizon, delivering, listed, option
from detente.cli.terminal import progress, tell_written

PanelFile = Annotated[
    Path,
    typer.Argument(
        help="CSV, Parquet or Excel: year or month, origin, destination, sector, value."
    ),
]


class Trade(StrEnum):
    """Trade that a measure is on, seen from its senders."""

    exports = "exports"
    imports = "imports"


@delivering(charts=ChartFormat.svg)
def estimate(
    panel: PanelFile,
    senders: Annotated[str, option("Who took the measure: countries or groups, with commas.")],
    target: Annotated[str, option("Country that it is on.")],
    since: Annotated[datetime, option("Day from which it holds.", formats=["%Y-%m-%d"])],
    to: Delivery,
    direction: Annotated[Trade, option("Of the senders' trade.")] = Trade.exports,
    sectors: Annotated[
        str | None,
        option("Sectors with commas, each estimated by itself; all together by default."),
    ] = None,
    apart: Annotated[
        str | None, option("Countries to leave out of trade with the target: other senders, say.")
    ] = None,
    zeros: Annotated[bool, option("Flows without a row are zero.", "--zeros")] = False,
    measure: Annotated[
        str | None, option("Kind of measure; a ban on this trade by default.", "--kind")
    ] = None,
    horizon: Annotated[
        Horizon, option("Elasticities at which the cost of a price is read.")
    ] = Horizon.three_years,
    theta: Annotated[str, option("Source of trade elasticities, or one number.")] = "fontagne",
    measures: Annotated[
        Path | None, option("Also write the measures, for a case file, to this file.")
    ] = None,
) -> None:
    """Estimate what a measure did to trade, by gravity on a panel of your own."""
    from detente import __version__
    from detente.errors import ScenarioError
    from detente.inference.gravity import Question, estimate_effects, pyfixest
    from detente.inference.panel import read_panel
    from detente.inference.strengths import strengths_of
    from detente.report.estimate_tables import estimate_view
    from detente.results import write_text

    library = pyfixest()
    read = read_panel(panel)
    read = read.with_zeros() if zeros else read
    question = Question(
        listed(senders) or [], target, since.date(), direction.value, tuple(listed(apart) or ())
    )
    groups = {name: name for name in listed(sectors) or []} or None
    with progress("Fitting gravity") as advance:
        effects = estimate_effects(read, question, groups, advance)
    periods = read.flows["period"]
    found = strengths_of(
        effects,
        kind=measure,
        horizon=horizon.value,
        theta=_number_or_name(theta),
        manifest={
            "panel": panel.name,
            "periods": f"{read.label(periods.min())} to {read.label(periods.max())}",
            "pyfixest": library.__version__,
            "detente": __version__,
        },
    )
    if measures is not None and not found.yaml():
        raise ScenarioError(f"{measures}: not written: no fall of trade was found")
    to.deliver(found, estimate_view)
    if measures is not None:
        tell_written([write_text(found.yaml(), measures)])


def _number_or_name(theta: str) -> str | float:
    try:
        return float(theta)
    except ValueError:
        return theta
