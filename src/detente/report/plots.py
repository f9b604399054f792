"""Which charts there are of each result, by name; `Result.plot` and the commands draw them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from detente.equilibrium.outcomes import Equilibrium
from detente.errors import ScenarioError, nearest
from detente.report import (
    assessment_chart,
    calibration_charts,
    certainty_chart,
    charts,
    claims_charts,
    commodity_charts,
    estimate_charts,
    maps,
    sankey,
)
from detente.simulation.outcome import Outcome


def _map_of_equilibrium(found: Equilibrium) -> Any:
    changes = "; ".join(found.manifest["changes"]) or "no change"
    return maps.world_map(found.welfare, changes)


def _map_of_outcome(found: Outcome) -> Any:
    return maps.world_map(found.equilibrium.welfare, found.scenario.title)


CHARTS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Equilibrium": {"map": _map_of_equilibrium},
    "Outcome": {"map": _map_of_outcome},
    "Assessment": {"welfare": assessment_chart.welfare_chart},
    "CaseLeakage": {"supply": sankey.supply_chart, "leakage": charts.leakage_chart},
    "Influence": {"influence": charts.influence_chart},
    "Relief": {
        "frontier": charts.frontier_chart,
        "certainty": certainty_chart.certainty_chart,
    },
    "Evidence": {
        "densities": claims_charts.densities_chart,
        "tornado": claims_charts.tornado_chart,
    },
    "Commodity": {
        "earners": commodity_charts.earners_chart,
        "ways": commodity_charts.ways_chart,
    },
    "Strengths": {"estimate": estimate_charts.estimate_chart},
    "Calibration": {"calibration": calibration_charts.calibration_chart},
}
"""By class of the result, the first drawn by default; None where a result has nothing of it."""


def plot(result: object, chart: str | None = None, **about: Any) -> Any:
    """Draw a chart of a result; see `detente.results.Result.plot`."""
    known = CHARTS[type(result).__name__]
    name = chart or next(iter(known))
    if name not in known:
        raise ScenarioError(f"there is no chart {name!r} of this; {nearest(name, known)}")
    drawn = known[name](result, **about)
    if drawn is None:
        raise ScenarioError(f"there is nothing to draw as {name!r}: this was made without draws")
    return charts.styled(drawn)


def write_plots(result: object, folder: Path, kind: str) -> list[Path]:
    """Write every chart of a result to a folder; `kind` is svg, png or html."""
    found = {name: draw(result) for name, draw in CHARTS[type(result).__name__].items()}
    drawn = {name: chart for name, chart in found.items() if chart is not None}
    return charts.write_charts(drawn, folder, kind)
