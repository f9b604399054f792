"""The command that makes a case's posterior out of its observations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import detente
from detente.cli.options import CaseName, ChartFormat, option
from detente.cli.terminal import console, progress, tell_written

if TYPE_CHECKING:
    from detente.cases import Case
    from detente.inference.sampler import Calibration


def calibrate(
    case: CaseName,
    steps: Annotated[
        int, option("Steps of the sampler, of which the second half is kept.", min=20)
    ] = 1000,
    walkers: Annotated[int, option("Points that move side by side.", min=6)] = 32,
    seed: Annotated[int, option("Of the random numbers.", min=0)] = 0,
    output: Annotated[
        Path | None,
        option(
            "Folder for tables and chart, by default the case's own. For a case that comes with "
            "the package the posterior goes there too, by default to the current folder.",
            "-o",
            "--output",
        ),
    ] = None,
    kind: Annotated[ChartFormat, option("Of the chart.", "--format")] = ChartFormat.svg,
) -> None:
    """Confront the strengths of a case with what trade did, and keep what the record confirms."""
    from detente.inference.sampler import calibrate as sample
    from detente.inference.sampler import libraries
    from detente.report.calibration_tables import calibration_view
    from detente.report.extras import require

    libraries()
    require("charts")
    from detente.inference.moments import Moments
    from detente.inference.priors import priors_of

    loaded, home = detente.load_case(case), _own_folder(case)
    _check_observed(loaded, case, home)
    priors = priors_of(loaded.assumptions, first_year=loaded.status_quo is not None)
    with progress("Sampling") as advance:
        found = sample(
            Moments(loaded.observations, loaded),
            priors,
            walkers=walkers,
            steps=steps,
            seed=seed,
            progress=advance,
        )
    console().print(calibration_view(found, loaded), highlight=False)
    folder = output or home or Path()
    tell_written(_written(found, loaded, home or folder, folder, kind))


def _own_folder(case: str) -> Path | None:
    """Folder of a user's case; none for one that comes with the package, not to be written to."""
    from detente.cases import available_cases

    if case in available_cases():
        return None
    return Path(case) if Path(case).is_dir() else Path(case).parent


def _check_observed(loaded: Case, case: str, home: Path | None) -> None:
    from detente.errors import ScenarioError

    if not loaded.observations:
        where = "a case of your own" if home is None else home / "observations.yaml"
        raise ScenarioError(
            f"{case}: the case has no observations to be confronted with; write them to {where}, "
            "as docs/cases.md shows"
        )


def _written(found: Calibration, case: Case, home: Path, folder: Path, kind: str) -> list[Path]:
    """Write posterior, tables and chart, each whole or not at all."""
    from detente.cases.case import POSTERIOR
    from detente.report.calibration_charts import calibration_chart
    from detente.report.charts import write_charts
    from detente.results import write_table, write_text

    chart = calibration_chart(found, case)
    posterior = json.dumps(found.document(), allow_nan=False)
    return [
        write_text(posterior, home / POSTERIOR),
        *(write_table(table, folder / f"{name}.csv") for name, table in found.tables().items()),
        *write_charts({"calibration": chart}, folder, kind),
    ]
