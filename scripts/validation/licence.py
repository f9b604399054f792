"""The licence for Belneftekhim of October 2015."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from detente.policy.pass_through import PassThrough
from detente.report import text
from detente.simulation.metrics import sales
from detente.simulation.run import simulate
from validation.page import Section, banded, ratio, table, within
from validation.panel import Panel
from validation.states import DRAWS, TOLERANCE, Array, Record, band, quantiles

CONCERN_MEASURES = [
    "us-belneftekhim-fuels-2021",
    "us-belneftekhim-chemicals-2021",
    "us-belneftekhim-glass-2021",
]
DAY = date(2021, 7, 1)
"""American measures on Belneftekhim are in force, as before October 2015, and none on potash."""
LIFTED = {
    "measures on the concern, July 2021": (DAY, CONCERN_MEASURES),
    "and on potash, February 2025": (
        date(2025, 2, 12),
        [*CONCERN_MEASURES, "us-potash-2021", "us-potash-payments-2021"],
    ),
}
YEARS = (2016, 2017, 2018)
CONCERN = "fuels, chemicals, rubber and glass"
GOODS = {"all goods": ["goods"], CONCERN: ["C19", "C20", "C22", "C23"]}


def section(record: Record, panel: Panel) -> Section:
    """Ratio of exports after the licence to those before, beside the record."""
    total = [float(x) for x in _record(panel, panel.sectors)]
    rows = []
    for lifted, (day, measures) in LIFTED.items():
        simulated = [rises(record, day, measures, k) for k in range(1, len(YEARS) + 1)]
        for words, sectors in GOODS.items():
            before, *after = _record(panel, panel.sectors if sectors == ["goods"] else sectors)
            for year, value, found in zip(YEARS, after, simulated, strict=True):
                rows.append([lifted, words, year, *_compared(value / before, found[words])])
    columns = [
        "lifted",
        "goods",
        "year",
        "record, over 2013-14",
        "licence, used in part",
        "record inside",
        "used in full",
        "record inside",
    ]
    values = {
        "day": f"{DAY:%-d %B %Y}",
        "before": f"{total[0]:.0f}",
        "after": text.listed(f"{v:.0f}" for v in total[1:]),
        "concern": [text.plain(v) for v in _record(panel, GOODS[CONCERN])],
        "table": table(pd.DataFrame(rows, columns=columns)),
    }
    return Section(values)


def _compared(observed: float, rises: Sequence[Array]) -> list[str]:
    """The record, and beside it the rise with the licence used in part and in full."""
    cells = [ratio(observed)]
    for rise in rises:
        low, median, high = band(rise)
        cells += [banded((low, median, high), ratio), within(observed, low, high)]
    return cells


def _record(panel: Panel, sectors: Sequence[str]) -> list[float]:
    """Exports to the United States before the licence and in each year after it, million USD."""
    chosen = [panel.sectors.index(s) for s in sectors]
    before = panel.mean([2013, 2014], "BLR", "USA")[chosen].sum()
    return [float(before), *(float(panel.flow(y, "BLR", "USA")[chosen].sum()) for y in YEARS)]


def rises(record: Record, day: date, measures: list[str], year: int) -> dict[str, list[Array]]:
    """Exports to the United States after over before, used in part and in full, each [k]."""
    scenario = record.scenario(title="licence", status_quo=day, lift=measures, form="licence")
    use = np.random.default_rng(0).permutation(quantiles(DRAWS))
    p = record.parameters(year)
    found: dict[str, list[Array]] = {words: [] for words in GOODS}
    before = None
    for friction in (True, False):
        used = replace(p, pass_through=PassThrough(rank=use, friction=friction))
        simulation = simulate(scenario, used, tolerance=TOLERANCE)
        before = simulation.before = simulation.before if before is None else before
        after = simulation.outcome().after
        for words, sectors in GOODS.items():
            flow = ("BLR", "USA", sectors)
            found[words].append(sales(after, *flow) / sales(before, *flow))
    return found
