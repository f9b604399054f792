"""Confront the model with what happened, and write docs/validation.md with its pictures.

    python scripts/validate.py SHARED_FOLDER                   make the document
    python scripts/validate.py SHARED_FOLDER --freeze          write the forecasts, only once
    python scripts/validate.py SHARED_FOLDER --freeze-potash   write those of potash, only once

The folder holds `data/icio_panel`, `data/observed` and `data/potash_production.csv`, which are not
part of the package.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from validation import (
    before,
    embargo,
    fit_2022,
    forecasts,
    horizons,
    licence,
    potash,
    potash_forecast,
    published,
    short_run,
    strengths,
)
from validation.page import Section, filled
from validation.panel import Panel
from validation.states import DRAWS, Record

from detente.equilibrium.threads import one_thread
from detente.report.charts import save_chart
from detente.results import write_text

DOCS = Path(__file__).parents[1] / "docs"
FORECAST = DOCS / "validation" / "forecast.json"
POTASH_FORECAST = DOCS / "validation" / "potash-forecast.json"


def makers(record: Record, panel: Panel, data: Path) -> dict[str, Callable[[], Section]]:
    """What makes each section, by the names of `page.md`."""
    observed = data / "observed"
    return {
        "strengths": lambda: strengths.section(record),
        "before": lambda: before.section(record, panel),
        "licence": lambda: licence.section(record, panel),
        "embargo": lambda: embargo.section(record, panel),
        "fit_2022": lambda: fit_2022.section(record, observed),
        "forecasts": lambda: forecasts.section(record, observed, FORECAST),
        "potash": lambda: potash.section(record, data),
        "potash_forecast": lambda: potash_forecast.section(record, data, POTASH_FORECAST),
        "horizons": lambda: horizons.section(record, data),
        "short_run": lambda: short_run.section(record),
        "published": lambda: published.section(record),
    }


def made(makers: dict[str, Callable[[], Section]]) -> dict[str, Section]:
    """Make the sections, telling how long each takes."""
    sections = {}
    for name, make in makers.items():
        begun = time.perf_counter()
        print(f"{name} ...", end=" ", flush=True)
        sections[name] = make()
        print(f"{time.perf_counter() - begun:.0f} s", flush=True)
    return sections


def page_of(record: Record, data: Path) -> str:
    """Make the sections, save their pictures, and fill the page in."""
    panel = Panel.read(data / "icio_panel", record.world)
    sections = made(makers(record, panel, data))
    for section in sections.values():
        for name, chart in section.charts.items():
            save_chart(chart, DOCS / "validation" / f"{name}.svg")
    return filled(sections, draws=DRAWS, fingerprint=record.posterior.fingerprint)


def main() -> None:
    """Write the document, or freeze forecasts."""
    parser = argparse.ArgumentParser(description="Confront the model with what happened.")
    parser.add_argument("shared", type=Path, help="folder with the panel and the observations")
    parser.add_argument("--freeze", action="store_true", help="write the forecasts, only once")
    parser.add_argument("--freeze-potash", action="store_true", help="those of potash, only once")
    options = parser.parse_args()
    record, data = Record.of_register(), options.shared / "data"
    with one_thread():
        if options.freeze:
            forecasts.freeze(record, data / "observed", FORECAST)
        if options.freeze_potash:
            potash_forecast.freeze(record, data, POTASH_FORECAST)
        if not (options.freeze or options.freeze_potash):
            print(write_text(page_of(record, data), DOCS / "validation.md"))


if __name__ == "__main__":
    main()
