"""Confront the model with what happened, and write docs/validation.md with its pictures.

    python scripts/validate.py SHARED_FOLDER            make the document
    python scripts/validate.py SHARED_FOLDER --freeze   write the forecasts first, and only once

The folder holds `data/icio_panel` and `data/observed`, which are not part of the package.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from validation import before, embargo, fit_2022, forecasts, licence, published, strengths
from validation.page import Section, filled
from validation.panel import Panel
from validation.states import DRAWS, Record

from detente.report.charts import save_chart
from detente.report.exports import write_text

DOCS = Path(__file__).parents[1] / "docs"
FORECAST = DOCS / "validation" / "forecast.json"


def makers(record: Record, panel: Panel, observed: Path) -> dict[str, Callable[[], Section]]:
    """What makes each section, by the names of `page.md`."""
    return {
        "strengths": lambda: strengths.section(record),
        "before": lambda: before.section(record, panel),
        "licence": lambda: licence.section(record, panel),
        "embargo": lambda: embargo.section(record, panel),
        "fit_2022": lambda: fit_2022.section(record, observed),
        "forecasts": lambda: forecasts.section(record, FORECAST),
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


def main() -> None:
    """Write the document, or freeze the forecasts."""
    parser = argparse.ArgumentParser(description="Confront the model with what happened.")
    parser.add_argument("shared", type=Path, help="folder with the panel and the observations")
    parser.add_argument("--freeze", action="store_true", help="write the forecasts, only once")
    options = parser.parse_args()
    record, observed = Record.of_register(), options.shared / "data" / "observed"
    if options.freeze:
        forecasts.freeze(record, observed, FORECAST)
        print(FORECAST)
        return
    panel = Panel.read(options.shared / "data" / "icio_panel", record.world)
    sections = made(makers(record, panel, observed))
    for section in sections.values():
        for name, chart in section.charts.items():
            save_chart(chart, DOCS / "validation" / f"{name}.svg")
    page = filled(sections, draws=DRAWS, fingerprint=record.posterior.fingerprint)
    print(write_text(page, DOCS / "validation.md"))


if __name__ == "__main__":
    main()
