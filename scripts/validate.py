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
from validation.page import Section
from validation.panel import Panel
from validation.states import Record, fingerprint

from detente.report.charts import save_chart
from detente.report.exports import write_text

DOCS = Path(__file__).parents[1] / "docs"
FORECAST = DOCS / "validation" / "forecast.json"
OPENING = """# Validation: what the record says about the strengths

`python scripts/validate.py ../shared` makes this page, its tables and its pictures. Everything is
computed under {draws} draws of the posterior that comes with the package ({fingerprint}); a band
runs from 5 to 95 percent of them. Bands hold what the posterior is about, strengths, payments, hubs and the
first year's horizon; elasticities, the table itself and the closure are at their central values, so
that true uncertainty is wider. What fails is shown like what does not."""


def sections(shared: Path) -> dict[str, Callable[[Record, Panel], Section]]:
    """The sections by name, in their order."""
    observed = shared / "data" / "observed"
    return {
        "strengths": lambda record, panel: strengths.section(record),
        "back to before": before.section,
        "licence of 2015": lambda record, panel: licence.section(record, panel),
        "Russia 2014": embargo.section,
        "fit to 2022": lambda record, panel: fit_2022.section(record, observed),
        "forecasts": lambda record, panel: forecasts.section(record, FORECAST),
        "published numbers": lambda record, panel: published.section(record),
    }


def main() -> None:
    """Write the document, or freeze the forecasts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder with the panel and the observations")
    parser.add_argument("--freeze", action="store_true", help="write the forecasts, only once")
    options = parser.parse_args()
    record = Record.of_register()
    if options.freeze:
        forecasts.freeze(record, options.shared / "data" / "observed", FORECAST)
        print(f"forecasts in {FORECAST}")
        return
    panel = Panel.read(options.shared / "data" / "icio_panel", record.world)
    made = []
    for name, make in sections(options.shared).items():
        begun = time.perf_counter()
        print(f"{name} ...", end=" ", flush=True)
        made.append(make(record, panel))
        print(f"{time.perf_counter() - begun:.0f} s", flush=True)
    for section in made:
        for chart, drawn in section.charts.items():
            save_chart(drawn, DOCS / "validation" / f"{chart}.svg")
    opening = OPENING.format(
        draws=min(101, len(record.posterior.draws)), fingerprint=fingerprint(record.posterior)
    )
    body = "\n\n".join([opening, *(s.markdown() for s in made)])
    print(write_text(body + "\n", DOCS / "validation.md"))


if __name__ == "__main__":
    main()
