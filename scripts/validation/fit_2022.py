"""Fit to 2022: exports of the EU to Russia and its neighbours, beside its other exports."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from validation.observed import eu_exports
from validation.page import Section, banded, percent, table, within
from validation.states import Record, band, customs

PARTNERS = {
    "Russian Federation": ("RUS", "its products under a ban and under none are in the fit"),
    "Belarus": ("BLR", "technology under a ban is in the fit"),
    "Kazakhstan": ("KAZ", "part of the offset that is in the fit"),
    "Türkiye": ("TUR", "not in the fit"),
    "United Arab Emirates": ("ARE", "not in the fit"),
}
BYSTANDERS = {
    "United States": "USA",
    "Switzerland": "CHE",
    "China": "CHN",
    "United Kingdom": "GBR",
    "Japan": "JPN",
    "Korea, Republic of": "KOR",
    "India": "IND",
    "Brazil": "BRA",
    "Mexico": "MEX",
    "Canada": "CAN",
    "Australia": "AUS",
}


def section(record: Record, observed: Path) -> Section:
    """EU exports 2022 over 2021."""
    before, after = (record.in_year(year, 1) for year in (2021, 2022))
    elsewhere = list(BYSTANDERS.values())
    calm = customs(after, "EU27", elsewhere) / customs(before, "EU27", elsewhere)
    in_all = {y: sum(eu_exports(observed, p, y) for p in BYSTANDERS) for y in (2021, 2022)}
    growth = in_all[2022] / in_all[2021]
    rows = []
    for partner, (code, known) in PARTNERS.items():
        values = [eu_exports(observed, partner, year) for year in (2021, 2022)]
        beside = values[1] / values[0] / growth - 1
        model = band(customs(after, "EU27", code) / customs(before, "EU27", code) / calm - 1)
        rows.append(
            [
                partner,
                *(f"{v / 1000:.1f}" for v in values),
                percent(values[1] / values[0] - 1),
                percent(beside),
                banded(model, percent),
                within(beside, model[0], model[2]),
                known,
            ]
        )
    columns = [
        "EU exports to",
        "2021, bn EUR",
        "2022",
        "growth, percent",
        "beside other exports",
        "model",
        "record inside",
        "",
    ]
    values = {
        "bystanders": len(BYSTANDERS),
        "growth": percent(growth - 1),
        "table": table(pd.DataFrame(rows, columns=columns)),
    }
    return Section(values)
